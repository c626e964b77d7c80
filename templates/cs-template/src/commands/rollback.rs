//! `RUNTIME rollback`: restore the prefix that the last upgrade replaced.

use cs_prefix::RolledBack;

use crate::commands::news::{WAIT_LIMIT, name_interruption, tell_news};
use crate::context::Runtime;
use crate::process::signals;
use crate::say::error::Error;
use crate::say::voice::print_line;

/// Exchange the prefix with the one before, and say what is in place now.
pub fn run(runtime: &Runtime) -> Result<(), Error> {
    let cancel = signals::watch();
    let rolled_back = cs_prefix::rollback(
        &runtime.place.prefix,
        &runtime.owner(),
        WAIT_LIMIT,
        &mut tell_news(runtime),
        &cancel,
    )
    .map_err(|error| name_interruption(error.into()))?;
    if runtime.voice.is_quiet {
        return Ok(());
    }
    print_line(&describe(runtime, &rolled_back))
}

fn describe(runtime: &Runtime, rolled_back: &RolledBack) -> String {
    let RolledBack { now, before } = rolled_back;
    let undo = before.as_ref().map_or(String::new(), |before| {
        format!(
            "; `{} rollback` again returns to {}",
            runtime.own_command(),
            before.runtime_version
        )
    });
    let (name, version) = (&now.runtime, &now.runtime_version);
    let prefix = runtime.place.prefix.display();
    format!("rolled back to {name} {version} at {prefix}{undo}")
}
