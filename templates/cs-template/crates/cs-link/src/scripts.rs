//! Post-link scripts: programs that packages run once all files are there.
//!
//! They run in the staging directory, which is moved afterwards. What they write with its
//! path in it is put right when they are done (see [`relocate`](crate::relocate)).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::AtomicBool;

mod environment;

use self::environment::describe_environment;
#[cfg(unix)]
use crate::activation::{ScriptFault, Shell, list_scripts};
use crate::bytecode::working_directory;
use crate::children::{Guarded, TAIL_BYTES, output_tail, watch};
use crate::clobber::Claims;
use crate::fault::Fault;
use crate::limits::LONGEST_MESSAGE;
use crate::relocate::relocate_changes;
use crate::untouched::Untouched;
use crate::{Job, LinkError, Message, Package};

const OUTPUT: &str = ".post-link-output";
const MESSAGES: &str = ".messages.txt";

/// What the scripts have done.
#[derive(Default)]
pub(crate) struct ScriptsRun<'c> {
    pub(crate) messages: Vec<Message>,
    /// What they have left as it was; none if there was no script.
    pub(crate) untouched: Option<Untouched<'c>>,
}

/// Run the post-link script of every package that has one, in install order.
///
/// As in rattler, one that fails leaves its package as it is, and the others still run; its failure becomes a message.
pub(crate) fn run_scripts<'c>(
    job: &Job,
    claims: &'c Claims,
    cancel: &AtomicBool,
) -> Result<ScriptsRun<'c>, LinkError> {
    let with_script: Vec<_> = job
        .conda_packages()
        .map(|(package, conda)| (package, conda, script_path(&package.name)))
        .filter(|(_, _, script)| is_script(&job.staging.join(script)))
        .collect();
    if with_script.is_empty() {
        return Ok(ScriptsRun::default());
    }
    let output = job.staging.join(OUTPUT);
    // The file system's own clock shows which files are written from now on.
    let start = create_anew(&output).map_err(|source| write_error(&output, source))?;
    let mut messages = Vec::new();
    for (package, conda, script) in with_script {
        let environment = describe_environment(job, package, conda);
        let failures = run_script(job, package, environment, &script, cancel)?;
        messages.extend(take_message(job, package)?);
        messages.extend(failures);
    }
    cs_file::insist(|| fs::remove_file(&output)).map_err(|source| write_error(&output, source))?;
    Ok(ScriptsRun {
        messages,
        untouched: Some(relocate_changes(job, &start, claims, cancel)?),
    })
}

fn script_path(name: &str) -> String {
    if cfg!(windows) {
        format!("Scripts/.{name}-post-link.bat")
    } else {
        format!("bin/.{name}-post-link.sh")
    }
}

/// Whether a file of this name, among programs, would be a script that installers of conda
/// packages run, in whatever case: each package has its own, and a wheel has none.
pub(crate) fn is_link_script(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let stem = [".sh", ".bat"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending));
    let events = ["-pre-link", "-post-link", "-pre-unlink", "-post-unlink"];
    stem.is_some_and(|stem| {
        stem.starts_with('.') && events.iter().any(|event| stem.ends_with(event))
    })
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
    Fault::Write {
        path: path.to_owned(),
        source,
    }
    .into()
}

/// Run a package's script in the activated prefix. An activation script that fails holds up nothing either.
fn run_script(
    job: &Job,
    package: &Package,
    mut environment: BTreeMap<OsString, OsString>,
    script: &str,
    cancel: &AtomicBool,
) -> Result<Vec<Message>, LinkError> {
    let output_path = job.staging.join(OUTPUT);
    let output = File::create(&output_path).map_err(|source| write_error(&output_path, source))?;
    let write_to_output = |command: &mut Command| -> Result<(), LinkError> {
        let streams = output
            .try_clone()
            .and_then(|errors| Ok((output.try_clone()?, errors)));
        let (output, errors) = streams.map_err(|source| write_error(&output_path, source))?;
        command.stdout(output).stderr(errors);
        Ok(())
    };
    let message = |text| Message {
        package: package.name.clone(),
        text,
    };
    let fault = activate(job, &mut environment, write_to_output, cancel)?;
    let mut messages: Vec<Message> = fault.into_iter().map(message).collect();
    let path = job.staging.join(script);
    let mut command = script_command(job.staging, &path, &mut environment);
    command
        .env_clear()
        .envs(&environment)
        .current_dir(working_directory(job.staging));
    write_to_output(&mut command)?;
    let status = run(command, cancel)?;
    if status.success() {
        return Ok(messages);
    }
    if is_full(job.staging) {
        return Err(write_error(job.staging, io::ErrorKind::StorageFull.into()));
    }
    let written = read_output(&output_path).unwrap_or_default();
    let colon = if written.is_empty() { "" } else { ":\n" };
    messages.push(message(format!(
        "its post-link script {script} failed ({status}){colon}{written}"
    )));
    Ok(messages)
}

/// Add what the prefix's activation scripts export; the reason if they do not come to their end.
#[cfg(unix)]
fn activate(
    job: &Job,
    environment: &mut BTreeMap<OsString, OsString>,
    write_to_output: impl Fn(&mut Command) -> Result<(), LinkError>,
    cancel: &AtomicBool,
) -> Result<Option<String>, LinkError> {
    use std::sync::atomic::Ordering;
    let scripts = list_scripts(job.staging, "sh");
    if scripts.is_empty() {
        return Ok(None);
    }
    let shell = Shell::find(Some(job.staging));
    let shell_fault = |source| ScriptFault::Shell {
        shell: shell.program.clone(),
        source,
    };
    let mut command = watch(&shell.program);
    command.current_dir(working_directory(job.staging));
    write_to_output(&mut command)?;
    let start = |command: Command| {
        let mut child = Guarded::start(command).map_err(shell_fault)?;
        Ok(move || {
            if cancel.load(Ordering::Relaxed) {
                Err(ScriptFault::Cancelled)
            } else {
                child.try_wait().map_err(shell_fault)
            }
        })
    };
    match crate::activation::run_scripts(&shell, &scripts, command, environment, start) {
        Ok(changes) => {
            for (name, value) in changes {
                match value {
                    Some(value) => environment.insert(name, value),
                    None => environment.remove(&name),
                };
            }
            Ok(None)
        }
        Err(ScriptFault::Cancelled) => Err(Fault::Cancelled.into()),
        Err(ScriptFault::Shell { shell, source }) => Err(Fault::Spawn {
            program: shell,
            source,
        }
        .into()),
        Err(fault @ ScriptFault::Ended { .. }) => Ok(Some(fault.to_string())),
    }
}

/// Whether nothing more can be written. A script that fails there would do its work where
/// there is room: such a prefix is not complete.
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
fn run(command: Command, cancel: &AtomicBool) -> Result<ExitStatus, LinkError> {
    let program = PathBuf::from(command.get_program());
    let spawn_error = |source| Fault::Spawn {
        program: program.clone(),
        source,
    };
    let mut child = Guarded::start(command).map_err(spawn_error)?;
    child
        .wait(cancel)
        .ok_or(Fault::Cancelled)?
        .map_err(|source| spawn_error(source).into())
}

/// No activation scripts are run here.
#[cfg(not(unix))]
fn activate(
    _: &Job,
    _: &mut BTreeMap<OsString, OsString>,
    _: impl Fn(&mut Command) -> Result<(), LinkError>,
    _: &AtomicBool,
) -> Result<Option<String>, LinkError> {
    Ok(None)
}

/// A command that runs a script: the shell, as packages' scripts expect it, whatever their
/// first line says.
#[cfg(unix)]
fn script_command(staging: &Path, script: &Path, _: &mut BTreeMap<OsString, OsString>) -> Command {
    let shell = Shell::find(Some(staging));
    let mut command = watch(&shell.program);
    command.args(shell.options()).arg(script);
    command
}

/// Holds the script's path: within quotes, `cmd` takes nothing of a variable's value for an operator,
/// a caret or another variable.
#[cfg(windows)]
const SCRIPT: &str = "_CS_SCRIPT";

/// A command that runs a script, whatever characters the path has that `cmd` would obey.
#[cfg(windows)]
fn script_command(
    _: &Path,
    script: &Path,
    environment: &mut BTreeMap<OsString, OsString>,
) -> Command {
    use std::os::windows::process::CommandExt;
    environment.insert(SCRIPT.into(), script.into());
    let mut command = watch(&crate::activation::find_cmd());
    command.raw_arg(format!("/d /v:off /s /c \"\"%{SCRIPT}%\"\""));
    command
}

/// The start of a message, and the length of all of it in bytes.
fn read_start(path: &Path) -> io::Result<(Vec<u8>, u64)> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut bytes = Vec::new();
    file.take(LONGEST_MESSAGE as u64).read_to_end(&mut bytes)?;
    Ok((bytes, length))
}

/// The last lines of a program's output.
fn read_output(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES as u64)))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(output_tail(&bytes))
}

/// Read and remove what a script wants its user to read.
fn take_message(job: &Job, package: &Package) -> Result<Option<Message>, LinkError> {
    let path = job.staging.join(MESSAGES);
    if !is_file(&path) {
        return Ok(None);
    }
    let (bytes, length) = read_start(&path).map_err(|source| write_error(&path, source))?;
    cs_file::insist(|| fs::remove_file(&path)).map_err(|source| write_error(&path, source))?;
    let mut text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
    if length > bytes.len() as u64 {
        text.push_str(&format!("\n(the rest of its {length} bytes is left out)"));
    }
    Ok((!text.is_empty()).then(|| Message {
        package: package.name.clone(),
        text,
    }))
}
