//! The environment that link scripts run in.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde::Deserialize;

#[cfg(unix)]
use crate::activation::is_shell_setting;
use crate::activation::read_variables;
use crate::{Conda, Job, Package};

#[derive(Deserialize)]
struct Record {
    #[serde(default)]
    build_number: u64,
}

/// What a package's script finds: the prefix and its variables, and of its user's
/// environment all but what changes how scripts and Python work.
pub(super) fn describe_environment(
    job: &Job,
    package: &Package,
    conda: &Conda,
) -> BTreeMap<OsString, OsString> {
    let mut environment: BTreeMap<OsString, OsString> = std::env::vars_os()
        .filter(|(name, _)| !is_setting_of_user(name))
        .map(|(name, value)| (normalize_name(name), value))
        .collect();
    for (name, value) in read_variables(job.staging).values {
        let name = normalize_name(name.into());
        match value {
            Some(value) => environment.insert(name, value.into()),
            None => environment.remove(&name),
        };
    }
    let record: Option<Record> = serde_json::from_str(conda.record.get()).ok();
    let build_number = record.map_or(0, |record| record.build_number);
    let staging = || job.staging.as_os_str().to_owned();
    environment.extend(
        [
            ("PREFIX", staging()),
            ("CONDA_PREFIX", staging()),
            ("ROOT_PREFIX", staging()),
            ("CONDA_DEFAULT_ENV", "base".into()),
            ("CONDA_SHLVL", "1".into()),
            ("PKG_NAME", package.name.clone().into()),
            ("PKG_VERSION", package.version.clone().into()),
            ("PKG_BUILDNUM", build_number.to_string().into()),
            // What Python compiles now would belong to no package, and remember where it was made.
            ("PYTHONDONTWRITEBYTECODE", "1".into()),
            ("PATH", search_path(job.staging)),
        ]
        .map(|(name, value)| (OsString::from(name), value)),
    );
    environment
}

/// Windows does not distinguish upper from lower case: one variable has one name there.
fn normalize_name(name: OsString) -> OsString {
    if cfg!(windows) {
        name.to_ascii_uppercase()
    } else {
        name
    }
}

fn is_setting_of_user(name: &OsStr) -> bool {
    #[cfg(unix)]
    if is_shell_setting(name) {
        return true;
    }
    name.to_string_lossy().starts_with("PYTHON")
}

/// `PATH` as activation writes it, in conda and in rattler. The runtime also puts `condabin` on the delegate's `PATH`
/// (`EXECUTABLE_DIRECTORIES` of cs-entry); it has only the commands that users call conda by.
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
