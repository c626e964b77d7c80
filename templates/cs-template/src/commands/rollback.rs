//! `RUNTIME rollback`: restore the prefix that the last upgrade replaced.

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
    let before = match &rolled_back.before {
        Some(marker) => format!(
            "; another rollback restores {} {}",
            marker.runtime, marker.runtime_version
        ),
        None => String::new(),
    };
    print_line(&format!(
        "{} {} is restored at {}{before}",
        rolled_back.now.runtime,
        rolled_back.now.runtime_version,
        runtime.place.prefix.display()
    ))
}
