//! Activation scripts for POSIX shells.

use std::path::Path;
use std::process::{Command, Stdio};

use cs_link::activation::{ScriptFault, Shell, list_scripts, run_scripts as run, try_wait};

use crate::process::signals;
use crate::run::environment::Environment;
use crate::say::error::Error;
use crate::say::voice::Voice;

/// Run the scripts of `prefix` and take over what they export.
///
/// The delegate's streams stay untouched: scripts find nothing on standard input, and
/// what they print goes to standard error.
#[allow(
    clippy::disallowed_methods,
    reason = "a program of the prefix writes there, not the runtime"
)]
pub fn run_scripts(
    prefix: &Path,
    environment: &mut Environment,
    voice: &Voice,
) -> Result<(), Error> {
    let scripts = list_scripts(prefix, "sh");
    if scripts.is_empty() {
        return Ok(());
    }
    let shell = Shell::find(None);
    let shell_fault = |source| ScriptFault::Shell {
        shell: shell.program.clone(),
        source,
    };
    let mut command = Command::new(&shell.program);
    command.stdin(Stdio::null()).stdout(if voice.is_quiet {
        Stdio::null()
    } else {
        Stdio::from(std::io::stderr())
    });
    // From here on a signal ends this process as it ends the scripts.
    signals::unwatch();
    let start = |mut command: Command| {
        let mut child = command.spawn().map_err(shell_fault)?;
        Ok(move || try_wait(&mut child).map_err(shell_fault))
    };
    for (name, value) in run(&shell, &scripts, command, &environment.to_map(), start)? {
        match value {
            Some(value) => environment.set(name, value),
            None => environment.remove(name),
        }
    }
    Ok(())
}
