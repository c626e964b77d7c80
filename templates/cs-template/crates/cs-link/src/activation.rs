//! Activating a prefix as conda does: the variables that it asks for, and the scripts of `etc/conda/activate.d`.
//!
//! Link scripts run in an activated prefix, and so does the delegate of a runtime with `activation = "full"`.
//! Both get what scripts export and nothing else of them: they run in a shell of their own (see [`run_scripts`]).

use std::path::{Path, PathBuf};

use files::list_files;

mod files;
#[cfg(unix)]
mod scripts;
#[cfg(unix)]
mod shell;
mod variables;

#[cfg(unix)]
pub use scripts::{Change, ScriptFault, run_scripts, try_wait};
#[cfg(unix)]
pub use shell::{Shell, is_shell_setting, quote};
pub use variables::{Variables, read_variables};

/// The system's `cmd`: never one that happens to be first on `PATH`.
#[cfg(windows)]
pub fn find_cmd() -> PathBuf {
    let set = std::env::var_os("COMSPEC").map(PathBuf::from);
    let system = std::env::var_os("SystemRoot").map(PathBuf::from);
    set.filter(|path| path.is_absolute())
        .or_else(|| system.map(|root| root.join("System32").join("cmd.exe")))
        .unwrap_or_else(|| "cmd.exe".into())
}

/// The activation scripts of `prefix` for a shell whose scripts end in `extension`, in the order of their names.
pub fn list_scripts(prefix: &Path, extension: &str) -> Vec<PathBuf> {
    list_files(&prefix.join("etc/conda/activate.d"), extension)
}
