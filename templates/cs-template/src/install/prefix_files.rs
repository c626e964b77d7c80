//! The files that a runtime writes into its prefix besides the packages.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use cs_stamp::{Header, Plan};

use crate::say::error::Error;

/// All of them. A package may have files there, which are replaced.
pub const FILES: [&str; 3] = [CONDARC, INSTALLER, FROZEN];

const CONDARC: &str = ".condarc";
const INSTALLER: &str = ".installer.info";
const FROZEN: &str = "conda-meta/frozen";

/// Write `.condarc`, `.installer.info` and `conda-meta/frozen` into the staging directory, as far as configured.
pub fn write_settings(root: &Path, header: &Header, plan: &Plan) -> Result<(), Error> {
    if let Some(text) = choose_condarc(header, plan) {
        write(root, CONDARC, &text)?;
    }
    if let Some(installer) = &header.installer {
        write(root, INSTALLER, &describe_installer(header, installer))?;
    }
    if header.freeze_base {
        write(root, FROZEN, &describe_freeze(header))?;
    }
    Ok(())
}

fn write(root: &Path, name: &str, text: &str) -> Result<(), Error> {
    let path = root.join(name);
    replace(&path, text).map_err(|source| Error::Write { path, source })
}

/// Write a new file. One that a package has put there, which may be a link to anywhere, is replaced and never followed.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => make_file(path)?.write_all(text.as_bytes()),
    }
}

/// Under the umask, and never writable by everybody, whatever the umask.
fn make_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o664);
    options.open(path)
}

/// The configured text; else what conda needs to start when only its rattler solver is there.
fn choose_condarc(header: &Header, plan: &Plan) -> Option<String> {
    let needs_solver = Path::new(&header.delegate).file_stem()? == "conda"
        && plan.has_conda("conda-rattler-solver")
        && !plan.has_conda("conda-libmamba-solver");
    header
        .condarc
        .clone()
        .or_else(|| needs_solver.then(|| "solver: rattler\n".to_owned()))
}

/// The keys that constructor writes and `conda info` shows.
fn describe_installer(header: &Header, installer: &str) -> String {
    let object = serde_json::json!({
        "name": header.runtime,
        "version": header.runtime_version,
        "platform": header.platform,
        "type": installer,
    });
    format!("{object}\n")
}

/// CEP 22: an empty file, or an object with a message for a user who tries to change the environment.
fn describe_freeze(header: &Header) -> String {
    // A delegate that is conda is called by the runtime's name.
    let conda = match header.delegate.as_str() {
        "conda" => &header.runtime,
        _ => "conda",
    };
    let message = format!(
        "This environment belongs to {} {}. \
         Create another one for your own packages: `{conda} create --name NAME PACKAGE`.",
        header.runtime, header.runtime_version
    );
    format!("{}\n", serde_json::json!({ "message": message }))
}
