//! How far is the installation? Counted by the linker's threads, shown by one of its own.

use std::collections::HashSet;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::process::console::columns;
use crate::say::form::Form;
use crate::say::phrases::{format_bytes, format_duration};
use crate::say::voice::{Event, Voice, draw_bar};

/// What is there to do.
#[derive(Debug, Clone, Copy, Default)]
pub struct Total {
    /// Bytes of all archives, when known.
    pub archive_bytes: Option<u64>,
    /// Files of all packages, when known.
    pub files: Option<u64>,
    /// Number of packages.
    pub packages: usize,
}

/// What has been done; the linker's threads add to it.
#[derive(Debug, Default)]
pub struct Counter {
    archive_bytes: AtomicU64,
    files: AtomicU64,
    packages: AtomicUsize,
    downloads: OnceLock<HashSet<usize>>,
}

/// What has been done at one instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Bytes of archives consumed.
    pub archive_bytes: u64,
    /// Files written.
    pub files: u64,
    /// Packages in place.
    pub packages: usize,
}

impl Counter {
    /// Count the bytes of these packages as they arrive: linking them is fast, and waiting for them is not.
    pub fn expect_downloads(&self, packages: &[usize]) {
        let _ = self.downloads.set(packages.iter().copied().collect());
    }

    /// Count downloaded bytes; negative when a broken download starts over.
    pub fn add_download(&self, bytes: i64) {
        let change = |present: u64| Some(present.saturating_add_signed(bytes));
        let _ = self
            .archive_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
    }

    fn is_download(&self, package: usize) -> bool {
        self.downloads
            .get()
            .is_some_and(|downloads| downloads.contains(&package))
    }

    /// What has been done so far.
    pub fn read(&self) -> Done {
        Done {
            archive_bytes: self.archive_bytes.load(Ordering::Relaxed),
            files: self.files.load(Ordering::Relaxed),
            packages: self.packages.load(Ordering::Relaxed),
        }
    }
}

impl cs_archive::Progress for Counter {
    fn advance(&self, package: usize, archive_bytes: u64, files: u64) {
        if archive_bytes > 0 && !self.is_download(package) {
            self.archive_bytes
                .fetch_add(archive_bytes, Ordering::Relaxed);
        }
        self.files.fetch_add(files, Ordering::Relaxed);
    }

    fn finished(&self, _package: usize) {
        self.packages.fetch_add(1, Ordering::Relaxed);
    }
}

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
    let started = Instant::now();
    let draws = voice.can_draw();
    while ended.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
        let done = counter.read();
        let left = estimate_left(total, done, started.elapsed());
        match voice.form {
            Form::Json => voice.tell(&progress_event(total, done, left)),
            Form::Text if draws => {
                let columns = columns().unwrap_or(80);
                draw_bar(&render_bar(&voice.runtime, total, done, left, columns))
            }
            Form::Text => voice.note(&render_line(total, done, left)),
        }
    }
    if draws {
        draw_bar("");
    }
}

fn progress_event(total: Total, done: Done, left: Option<Duration>) -> Event<'static> {
    Event::Progress {
        archive_bytes: done.archive_bytes,
        archive_bytes_total: total.archive_bytes,
        files: done.files,
        files_total: total.files,
        packages: done.packages,
        packages_total: total.packages,
        seconds_left: left.map(|left| (left.as_secs_f64() * 10.0).round() / 10.0),
    }
}

/// Time left at the average speed so far. Nothing is said of the first half second, which would be a guess.
fn estimate_left(total: Total, done: Done, elapsed: Duration) -> Option<Duration> {
    let share = share_done(total, done)?;
    let is_early = elapsed < Duration::from_millis(500) || share < 0.01;
    (!is_early).then(|| elapsed.mul_f64((1.0 - share) / share))
}

/// Between 0 and 1: by bytes of archives when their sum is known, else by packages.
fn share_done(total: Total, done: Done) -> Option<f64> {
    let (part, whole) = match total.archive_bytes {
        Some(bytes) if bytes > 0 => (done.archive_bytes as f64, bytes as f64),
        _ if total.packages > 0 => (done.packages as f64, total.packages as f64),
        _ => return None,
    };
    Some((part / whole).clamp(0.0, 1.0))
}

fn render_numbers(total: Total, done: Done, left: Option<Duration>) -> String {
    let percent = share_done(total, done).unwrap_or(0.0) * 100.0;
    let bytes = match total.archive_bytes {
        Some(whole) => format!(
            "{} of {}",
            format_bytes(done.archive_bytes.min(whole)),
            format_bytes(whole)
        ),
        None => format_bytes(done.archive_bytes),
    };
    let left = match left {
        // Records, scripts and compiled modules are still to come.
        _ if done.packages == total.packages => ", finishing".to_owned(),
        Some(left) => format!(", {} left", format_duration(left)),
        None => String::new(),
    };
    format!("{percent:3.0} %, {bytes}, {} files{left}", done.files)
}

fn render_line(total: Total, done: Done, left: Option<Duration>) -> String {
    render_numbers(total, done, left).trim_start().to_owned()
}

/// One line of at most `columns` characters: a bar, followed by numbers.
fn render_bar(
    runtime: &str,
    total: Total,
    done: Done,
    left: Option<Duration>,
    columns: usize,
) -> String {
    let numbers = render_numbers(total, done, left);
    let room = columns.saturating_sub(runtime.chars().count() + numbers.chars().count() + 6);
    let width = room.min(30);
    let share = share_done(total, done).unwrap_or(0.0);
    let line = if room == 0 {
        format!("{runtime}: {:.0} %", share * 100.0)
    } else if width < 5 {
        format!("{runtime}: {numbers}")
    } else {
        let filled = (share * width as f64) as usize;
        let (full, rest) = ("#".repeat(filled), "-".repeat(width - filled));
        format!("{runtime}: [{full}{rest}] {numbers}")
    };
    line.chars().take(columns.saturating_sub(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOTAL: Total = Total {
        archive_bytes: Some(200_000_000),
        files: Some(100),
        packages: 4,
    };
    const HALF: Done = Done {
        archive_bytes: 100_000_000,
        files: 50,
        packages: 2,
    };

    #[test]
    fn the_bar_fits_into_the_terminal_whatever_its_width() {
        for columns in [1, 10, 40, 60, 80, 200] {
            let left = Some(Duration::from_secs(90));
            let line = render_bar("demo", TOTAL, HALF, left, columns);
            assert!(line.chars().count() < columns.max(2), "{columns}: {line}");
        }
    }

    #[test]
    fn the_bar_is_half_full_when_half_of_the_bytes_are_there() {
        let line = render_bar("demo", TOTAL, HALF, None, 120);
        assert_eq!(
            line,
            "demo: [###############---------------]  50 %, 100 MB of 200 MB, 50 files"
        );
    }

    #[test]
    fn a_narrow_terminal_shows_the_share_alone() {
        assert_eq!(render_bar("demo", TOTAL, HALF, None, 30), "demo: 50 %");
    }

    #[test]
    fn the_steps_after_the_last_package_are_reported() {
        let done = Done {
            packages: 4,
            ..HALF
        };
        let line = render_line(TOTAL, done, Some(Duration::from_secs(1)));
        assert!(line.ends_with("50 files, finishing"), "{line}");
    }

    #[test]
    fn the_time_left_follows_from_the_speed_so_far() {
        let left = estimate_left(TOTAL, HALF, Duration::from_secs(3));
        assert_eq!(left, Some(Duration::from_secs(3)));
    }

    #[test]
    fn nothing_is_guessed_in_the_first_half_second() {
        assert_eq!(estimate_left(TOTAL, HALF, Duration::from_millis(400)), None);
    }

    #[test]
    fn unknown_sizes_count_packages_instead() {
        let total = Total {
            archive_bytes: None,
            ..TOTAL
        };
        assert_eq!(share_done(total, HALF), Some(0.5));
    }
}
