//! Activation scripts for `cmd`.

use std::ffi::OsString;
use std::os::windows::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use cs_link::activation::list_scripts;

use crate::run::environment::Environment;
use crate::say::error::{Error, Role};
use crate::say::voice::Voice;

/// Shows that a list of variables is complete: set after the last script.
const END: &str = "_CS_ACTIVATED";

/// `cmd` runs the scripts and says which variables there are then; arguments never pass through its parser.
pub fn run_scripts(
    prefix: &Path,
    environment: &mut Environment,
    _voice: &Voice,
) -> Result<(), Error> {
    let scripts = list_scripts(prefix, "bat");
    if scripts.is_empty() {
        return Ok(());
    }
    let mut command = Command::new("cmd.exe");
    command.raw_arg(write_line(&scripts)).env_clear();
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let output = command.output().map_err(|source| Error::Start {
        path: "cmd.exe".into(),
        source,
        role: Role::Activation,
    })?;
    let units: Vec<u16> = output
        .stdout
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    let text = String::from_utf16_lossy(&units);
    let listed: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(name, _)| !name.is_empty())
        .collect();
    if !listed.iter().any(|(name, _)| *name == END) {
        return Err(Error::ScriptsEnded {
            directory: prefix.join("etc\\conda\\activate.d"),
            status: output.status.to_string(),
        });
    }
    take_over(environment, &listed);
    Ok(())
}

/// What `cmd` runs: all scripts, one after the other, then the list of what they have set.
fn write_line(scripts: &[PathBuf]) -> OsString {
    let mut line = OsString::from("/d /u /c \"");
    for script in scripts {
        line.push("call \"");
        line.push(script);
        line.push("\" >nul & ");
    }
    line.push(format!("set {END}=1& set\""));
    line
}

/// Set what is listed, and remove what is not.
fn take_over(environment: &mut Environment, listed: &[(&str, &str)]) {
    let is_gone = |name: &OsString| {
        let name = name.to_string_lossy();
        // Current directories of drives, which `set` does not list, begin with an equals sign.
        !name.starts_with('=')
            && !listed
                .iter()
                .any(|(other, _)| name.eq_ignore_ascii_case(other))
    };
    let names: Vec<OsString> = environment.iter().map(|(name, _)| name.clone()).collect();
    names
        .iter()
        .filter(|name| is_gone(name))
        .for_each(|name| environment.remove(name));
    for (name, value) in listed.iter().filter(|(name, _)| *name != END) {
        environment.set(*name, *value);
    }
}
