//! Post-link scripts: programs that packages run once all files are there.
//!
//! They run in the staging directory, which is moved afterwards. What they write with its path in it is put right when they are done
//! (see [`relocate`](crate::relocate)).

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::AtomicBool;

use serde::Deserialize;

use crate::activation::{ACTIVATED, read_variables};
use crate::children::{Guarded, isolate, output_tail, watch};
use crate::relocate::relocate_changes;
use crate::{Job, LinkError, Message, Package};

const OUTPUT: &str = ".post-link-output";
const MESSAGES: &str = ".messages.txt";

/// Run the post-link script of every package that has one, in install order.
///
/// As in rattler, one that fails leaves its package as it is, and the others run all the same; its failure becomes a message.
pub(crate) fn run_scripts(job: &Job, cancel: &AtomicBool) -> Result<Vec<Message>, LinkError> {
    let with_script: Vec<(&Package, String)> = job
        .packages
        .iter()
        .map(|package| (package, script_path(&package.name)))
        .filter(|(_, script)| is_script(&job.staging.join(script)))
        .collect();
    if with_script.is_empty() {
        return Ok(Vec::new());
    }
    let output = job.staging.join(OUTPUT);
    // The file system's own clock tells what is written from now on.
    let start = create_anew(&output).map_err(|source| write_error(&output, source))?;
    let mut messages = Vec::new();
    for (package, script) in with_script {
        let failure = run_script(job, package, &script, cancel)?;
        messages.extend(take_message(job, package)?);
        messages.extend(failure);
    }
    fs::remove_file(&output).map_err(|source| write_error(&output, source))?;
    relocate_changes(job, &start, cancel)?;
    Ok(messages)
}

fn script_path(name: &str) -> String {
    if cfg!(windows) {
        format!("Scripts/.{name}-post-link.bat")
    } else {
        format!("bin/.{name}-post-link.sh")
    }
}

/// Whether the script is there, and not by way of a symbolic link.
fn is_script(path: &Path) -> bool {
    let is_directory =
        |path: &Path| fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    path.parent().is_some_and(is_directory) && is_file(path)
}

/// Create an empty file in place of whatever a package may have put there.
fn create_anew(path: &Path) -> io::Result<Metadata> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    File::create_new(path)?.metadata()
}

fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

fn write_error(path: &Path, source: io::Error) -> LinkError {
    LinkError::Write {
        path: path.to_owned(),
        source,
    }
}

#[derive(Deserialize)]
struct Record {
    #[serde(default)]
    build_number: u64,
}

fn run_script(
    job: &Job,
    package: &Package,
    script: &str,
    cancel: &AtomicBool,
) -> Result<Option<Message>, LinkError> {
    let output_path = job.staging.join(OUTPUT);
    let (output, errors) = File::create(&output_path)
        .and_then(|output| Ok((output.try_clone()?, output)))
        .map_err(|source| write_error(&output_path, source))?;
    let mut command = shell(job.staging, &job.staging.join(script));
    set_environment(&mut command, job, package);
    command
        .current_dir(job.staging)
        .stdout(output)
        .stderr(errors);
    let status = run(command, cancel)?;
    if status.success() {
        return Ok(None);
    }
    if is_full(job.staging) {
        return Err(write_error(job.staging, io::ErrorKind::StorageFull.into()));
    }
    let written = output_tail(&fs::read(&output_path).unwrap_or_default());
    let colon = if written.is_empty() { "" } else { ":\n" };
    Ok(Some(Message {
        package: package.name.clone(),
        text: format!("its post-link script {script} failed ({status}){colon}{written}"),
    }))
}

/// Whether nothing more can be written. A script that fails there would do its work where there is room: such a prefix is not complete.
#[cfg(unix)]
fn is_full(directory: &Path) -> bool {
    rustix::fs::statvfs(directory)
        .is_ok_and(|room| room.f_bavail == 0 || (room.f_files > 0 && room.f_favail == 0))
}

#[cfg(not(unix))]
fn is_full(_: &Path) -> bool {
    false
}

/// Run a program to its end, or to the caller's wish to stop; nothing that it has started stays behind.
fn run(mut command: Command, cancel: &AtomicBool) -> Result<ExitStatus, LinkError> {
    isolate(&mut command);
    let program = PathBuf::from(command.get_program());
    let spawn_error = |source| LinkError::Spawn {
        program: program.clone(),
        source,
    };
    let mut child = Guarded::new(command.spawn().map_err(spawn_error)?);
    child
        .wait(cancel)
        .ok_or(LinkError::Cancelled)?
        .map_err(spawn_error)
}

/// conda and rattler run these scripts with bash, whatever their first line says; rattler in an activated prefix.
fn shell(staging: &Path, script: &Path) -> Command {
    let mut command = if cfg!(windows) {
        let interpreter = std::env::var_os("COMSPEC").unwrap_or_else(|| "cmd.exe".into());
        let mut command = watch(Path::new(&interpreter));
        command.args(["/d", "/c"]);
        command
    } else {
        let candidates = [
            staging.join("bin/bash"),
            "/bin/bash".into(),
            "/usr/bin/bash".into(),
            "/usr/local/bin/bash".into(),
        ];
        let shell = candidates.into_iter().find(|candidate| candidate.is_file());
        let mut command = watch(&shell.unwrap_or_else(|| "/bin/sh".into()));
        command.args(["-c", ACTIVATED]);
        command
    };
    command.arg(script);
    command
}

fn set_environment(command: &mut Command, job: &Job, package: &Package) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PYTHON") {
            command.env_remove(name);
        }
    }
    let record: Option<Record> = serde_json::from_str(package.record.get()).ok();
    let build_number = record.map_or(0, |record| record.build_number);
    command
        .envs(read_variables(job.staging))
        .env("PREFIX", job.staging)
        .env("CONDA_PREFIX", job.staging)
        .env("ROOT_PREFIX", job.staging)
        .env("CONDA_DEFAULT_ENV", "base")
        .env("CONDA_SHLVL", "1")
        .env("PKG_NAME", &package.name)
        .env("PKG_VERSION", &package.version)
        .env("PKG_BUILDNUM", build_number.to_string())
        // What Python compiles now would belong to no package, and remember where it was made.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PATH", search_path(job.staging));
}

fn search_path(staging: &Path) -> OsString {
    let own: &[&str] = if cfg!(windows) {
        &[
            "",
            "Library/mingw-w64/bin",
            "Library/usr/bin",
            "Library/bin",
            "Scripts",
            "bin",
        ]
    } else {
        &["bin"]
    };
    let mut directories: Vec<PathBuf> = own
        .iter()
        .map(|directory| staging.join(directory))
        .collect();
    directories.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    std::env::join_paths(directories).unwrap_or_else(|_| staging.join("bin").into())
}

/// Read and remove what a script wants its user to read.
fn take_message(job: &Job, package: &Package) -> Result<Option<Message>, LinkError> {
    let path = job.staging.join(MESSAGES);
    if !is_file(&path) {
        return Ok(None);
    }
    let bytes = fs::read(&path).map_err(|source| write_error(&path, source))?;
    fs::remove_file(&path).map_err(|source| write_error(&path, source))?;
    let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
    Ok((!text.is_empty()).then(|| Message {
        package: package.name.clone(),
        text,
    }))
}
