//! What a command that changes the prefix reports while it works: which process it waits for, what
//! could not be deleted, which signal ended it.

use std::time::Duration;

use cs_prefix::{News, Remains, Waiting};

use crate::context::Runtime;
use crate::process::signals;
use crate::say::error::Error;
use crate::say::form::Form;
use crate::say::phrases::format_duration;
use crate::say::voice::Event;

/// How long to wait for another process that works on the prefix.
pub const WAIT_LIMIT: Duration = Duration::from_secs(10 * 60);
/// How often to say so.
const WAIT_INTERVAL: Duration = Duration::from_secs(30);

/// Say that another process is at work, and say it again from time to time; say what could not be deleted.
pub fn tell_news(runtime: &Runtime) -> impl FnMut(&News) + '_ {
    let mut next = Duration::ZERO;
    move |news| match news {
        News::Waiting(waiting) if waiting.elapsed < next => {}
        News::Waiting(waiting) => {
            next = waiting.elapsed + WAIT_INTERVAL;
            tell_waiting(runtime, waiting);
        }
        News::Remains(remains) => runtime.voice.note(&describe_remains(remains)),
    }
}

fn tell_waiting(runtime: &Runtime, waiting: &Waiting) {
    let so_far = match waiting.elapsed.as_secs() {
        0 => String::new(),
        _ => format!(" (for {} now)", format_duration(waiting.elapsed)),
    };
    let message = format!(
        "another process is working on {}; waiting for it{so_far}",
        runtime.place.prefix.display()
    );
    match runtime.voice.form {
        Form::Json => runtime.voice.tell(&Event::Waiting { message: &message }),
        Form::Text => runtime.voice.note_over(&message),
    }
}

fn describe_remains(remains: &Remains) -> String {
    let Remains { place, file, why } = remains;
    let (file, place) = (file.display(), place.display());
    // Windows deletes nothing that is in use.
    let rest = if cfg!(windows) {
        "Programs of the old prefix may still use it; the next upgrade tries again".to_owned()
    } else {
        format!(
            "Nothing uses what is left of the old prefix; \
             the next upgrade tries again, or delete {place} as a user with permission to do so"
        )
    };
    format!("{file} could not be deleted: {why}. {rest}")
}

/// Replace "cancelled", whatever noticed it first, by the signal that was the reason.
pub fn name_interruption(error: Error) -> Error {
    match signals::received() {
        Some(signal) if error.is_cancelled() => Error::Interrupted(signal),
        _ => error,
    }
}
