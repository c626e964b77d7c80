//! Waiting for another process that works on the same prefix.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::clock;
use crate::error::PrefixError;
use crate::heartbeat;
use crate::names::Names;
use crate::remains::Remains;

/// How often a waiting process looks again.
const POLL: Duration = Duration::from_millis(25);
/// How long a lock on the previous prefix is taken for a swap in progress, which lasts microseconds.
const SWAP_LIMIT: Duration = Duration::from_secs(5);
/// How long a heartbeat may stand still.
pub(crate) const STALE_AFTER: Duration = Duration::from_secs(20);

/// What a process that waits for another can tell its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// How long it has waited.
    pub elapsed: Duration,
    /// When it will give up.
    pub limit: Duration,
}

/// What the user of a command may want to know while it is at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News<'a> {
    /// Another process works on the prefix.
    Waiting(Waiting),
    /// Something could not be deleted; it is not in the way.
    Remains(&'a Remains),
}

/// How long to wait, and whom to inform. All times are the monotonic clock's: a jump of the wall clock changes nothing.
pub(crate) struct Patience<'a> {
    limit: Duration,
    news: &'a mut dyn FnMut(&News),
    cancel: &'a AtomicBool,
    start: Instant,
    /// The last heartbeat read, and when it was first seen.
    beat: Option<(Vec<u8>, Instant)>,
}

impl<'a> Patience<'a> {
    pub fn new(limit: Duration, news: &'a mut dyn FnMut(&News), cancel: &'a AtomicBool) -> Self {
        Self {
            limit,
            news,
            cancel,
            start: clock::now(),
            beat: None,
        }
    }

    /// Sleep a little; fails when the time is up or the caller wants to stop.
    pub fn wait(&mut self, names: &Names) -> Result<(), PrefixError> {
        self.check_cancelled(names)?;
        let elapsed = clock::now() - self.start;
        if elapsed >= self.limit {
            let held = names.staging.clone();
            return Err(PrefixError::Busy {
                prefix: names.prefix.clone(),
                held,
                waited: elapsed,
            });
        }
        (self.news)(&News::Waiting(Waiting {
            elapsed,
            limit: self.limit,
        }));
        clock::sleep(POLL.min(self.limit - elapsed));
        Ok(())
    }

    /// Report the first of the things that could not be deleted; one that is known leads to the others.
    pub fn tell(&mut self, names: &Names) {
        if let Some(remains) = names.take_reports().first() {
            (self.news)(&News::Remains(remains));
        }
    }

    /// Fail when the caller wants to stop.
    pub fn check_cancelled(&self, names: &Names) -> Result<(), PrefixError> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(PrefixError::Cancelled {
                prefix: names.prefix.clone(),
            });
        }
        Ok(())
    }

    /// Whether a locked previous prefix may still be a swap in progress, rather than somebody else's lock.
    pub fn may_be_a_swap(&self) -> bool {
        clock::now() - self.start < SWAP_LIMIT
    }

    /// Whether the heartbeat in the staging directory has stood still for too long.
    pub fn is_stale(&mut self, names: &Names) -> bool {
        let now = heartbeat::read(&names.scratch);
        match &self.beat {
            Some((seen, since)) if *seen == now => clock::now() - *since >= STALE_AFTER,
            _ => {
                self.beat = Some((now, clock::now()));
                false
            }
        }
    }
}
