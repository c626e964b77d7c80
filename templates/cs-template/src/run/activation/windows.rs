//! Activation scripts for `cmd`.

use std::os::windows::process::CommandExt;
use std::path::Path;
use std::process::Command;

use cs_link::activation::{find_cmd, list_scripts};

use super::listed::{is_whole, read_list, set_aside, take_over, write_line};
use crate::run::environment::Environment;
use crate::say::error::{Error, Role};
use crate::say::voice::Voice;

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
    let kept = set_aside(environment);
    let cmd = find_cmd();
    let mut command = Command::new(&cmd);
    command.raw_arg(write_line(&scripts)).env_clear();
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let output = command.output().map_err(|source| Error::Start {
        path: cmd,
        source,
        role: Role::Activation,
    })?;
    let text = read_list(&output.stdout);
    if !is_whole(&text) {
        return Err(Error::ScriptsEnded {
            directory: prefix.join("etc\\conda\\activate.d"),
            status: output.status.to_string(),
        });
    }
    take_over(environment, &text, kept);
    Ok(())
}
