//! How far is the installation? Counted by the linker's threads, shown by one of its own.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::process::console::{columns, is_unicode};
use crate::say::form::Form;
use crate::say::voice::{Event, Voice, draw_bar};

use bar::{Screen, Shown};
use counts::Done;
pub use counts::{Counter, Total};
use pace::Pace;

mod bar;
mod counts;
mod pace;

/// Run `work` while a thread shows how far `counter` is.
pub fn show_while<T>(
    voice: &Voice,
    total: Total,
    counter: &Counter,
    work: impl FnOnce() -> T,
) -> T {
    let Some(interval) = choose_interval(voice) else {
        return work();
    };
    std::thread::scope(|scope| {
        // Dropping the sender wakes the thread at once, however the work ends.
        let (alive, ended) = mpsc::channel::<()>();
        let show = move || show_until(voice, total, counter, interval, &ended);
        // Where no more threads are allowed, nothing is shown.
        let _ = std::thread::Builder::new().spawn_scoped(scope, show);
        let result = work();
        drop(alive);
        result
    })
}

/// How often something is shown: a bar moves, events tell, plain lines are few. `None`: never.
fn choose_interval(voice: &Voice) -> Option<Duration> {
    match voice.form {
        _ if voice.is_quiet => None,
        Form::Json => Some(Duration::from_millis(250)),
        Form::Text if voice.can_draw() => Some(Duration::from_millis(100)),
        Form::Text => Some(Duration::from_secs(10)),
    }
}

fn show_until(
    voice: &Voice,
    total: Total,
    counter: &Counter,
    interval: Duration,
    ended: &mpsc::Receiver<()>,
) {
    let (started, mut pace) = (Instant::now(), Pace::new());
    let draws = voice.can_draw();
    for frame in 0.. {
        if ended.recv_timeout(interval) != Err(RecvTimeoutError::Timeout) {
            break;
        }
        let shown = look(total, counter.read(), started.elapsed(), &mut pace);
        match voice.form {
            Form::Json => voice.tell(&progress_event(&shown)),
            Form::Text if draws => {
                draw_bar(&shown.render_bar(&voice.runtime, look_at_screen(voice), frame))
            }
            Form::Text => voice.note(&shown.render_line()),
        }
    }
    if draws {
        draw_bar("");
    }
}

fn look(total: Total, done: Done, elapsed: Duration, pace: &mut Pace) -> Shown {
    let mut shown = Shown {
        total,
        done,
        ..Shown::default()
    };
    pace.note(elapsed, shown.share(), done.archive_bytes);
    shown.bytes_per_second = pace.bytes_per_second();
    shown.time_left = pace.time_left();
    shown
}

/// Its width may change at any time.
fn look_at_screen(voice: &Voice) -> Screen {
    Screen {
        columns: columns().unwrap_or(80),
        is_unicode: is_unicode(),
        has_colours: voice.has_colours(),
    }
}

fn progress_event(shown: &Shown) -> Event<'static> {
    let (total, done) = (shown.total, shown.done);
    let left = shown.time_left;
    Event::Progress {
        archive_bytes: done.archive_bytes,
        archive_bytes_total: total.archive_bytes,
        bytes_per_second: shown.bytes_per_second,
        files: done.files,
        files_total: total.files,
        packages: done.packages,
        packages_total: total.packages,
        modules: done.modules,
        modules_total: done.modules_total,
        seconds_left: left.map(|left| (left.as_secs_f64() * 10.0).round() / 10.0),
    }
}
