//! Locks on a prefix's directory, so that a prefix is not moved while a program in it starts.
//!
//! After a process has read a prefix's marker, another process could exchange the prefixes before the delegate
//! starts: the delegate would be of another version. So a process that starts a program takes a shared lock, until
//! the kernel has opened the program. A process that moves a prefix away takes an exclusive lock.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use crate::clock;
use crate::error::PrefixError;
use crate::marker::Marker;
use crate::names::Owner;
use crate::state::inspect;
use crate::sys::{self, Attempt};

/// How long a start waits for a move, which takes little more than the grace. Every
/// user who can read a directory can lock it, which must not prevent a start.
const START_LIMIT: Duration = Duration::from_secs(5);
/// How long a move waits for starts, which take microseconds, and then goes on: every
/// user who can read a directory can lock it, which must not stop upgrades.
const MOVE_LIMIT: Duration = Duration::from_secs(2);
/// How long a move waits after the last start. The interpreter of a script opens that by its
/// path, and the lock is gone by then. The page on the life of a prefix has the measurements.
const GRACE: Duration = Duration::from_millis(100);
/// How far apart attempts to lock are.
const PAUSE: Duration = Duration::from_millis(1);

/// A prefix that is not moved until this is dropped, or another program has taken the
/// place of this process. Where directories cannot be locked, it holds nothing.
#[derive(Debug)]
pub struct Hold {
    lock: Option<File>,
}

impl Hold {
    /// Hold what is at `prefix`, or behind the link there, as others may at the same time. Waits for a move.
    pub fn take(prefix: &Path) -> Self {
        let start = clock::now();
        loop {
            let lock = match sys::try_lock_shared(prefix) {
                Ok(Attempt::Held) if clock::now() - start < START_LIMIT => {
                    clock::sleep(PAUSE);
                    continue;
                }
                Ok(Attempt::Locked(lock)) => lock,
                Ok(Attempt::Held | Attempt::Unsupported) | Err(_) => return Self { lock: None },
            };
            // It may have been moved before it was locked.
            if sys::is_behind(&lock, prefix) {
                return Self { lock: Some(lock) };
            }
        }
    }

    /// Hold what the lock is on, which has been put in place by this process; without one, take what is there.
    pub(crate) fn keep(lock: Option<File>, prefix: &Path) -> Self {
        match lock {
            Some(lock) if sys::share_lock(&lock) => Self { lock: Some(lock) },
            _ => Self::take(prefix),
        }
    }

    /// Whether the prefix that is held is in place, and still the one that `marker` describes.
    pub fn is_on(
        &self,
        prefix: &Path,
        owner: &Owner,
        marker: &Marker,
    ) -> Result<bool, PrefixError> {
        if !self
            .lock
            .as_ref()
            .is_none_or(|lock| sys::is_behind(lock, prefix))
        {
            return Ok(false);
        }
        let state = inspect(prefix, owner)?;
        Ok(state
            .marker()
            .is_some_and(|found| found.stamp == marker.stamp))
    }
}

/// Let nothing more be started from `prefix`, and what has just been started open its script; for as long as
/// the file returned is open. None where directories cannot be locked, or where a process does not let go.
pub(crate) fn stop_starts(prefix: &Path) -> Option<File> {
    match lock_alone(prefix, MOVE_LIMIT) {
        Ok(Attempt::Locked(lock)) => {
            clock::sleep(GRACE);
            Some(lock)
        }
        _ => None,
    }
}

/// Lock a directory that others lock only for a moment: to start something, or to find out whether it is locked.
pub(crate) fn lock_alone(directory: &Path, limit: Duration) -> std::io::Result<Attempt> {
    let start = clock::now();
    loop {
        match sys::try_lock(directory)? {
            Attempt::Held if clock::now() - start < limit => clock::sleep(PAUSE),
            attempt => return Ok(attempt),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::clock::pretended::sleeps_of;

    fn is_stopped(prefix: &Path) -> bool {
        matches!(sys::try_lock_shared(prefix), Ok(Attempt::Held))
    }

    /// A hook that drops something when it is called for the third time.
    fn drop_at_third<T: 'static>(held: T) -> impl FnMut(Duration) + 'static {
        let (mut held, mut calls) = (Some(held), 0);
        move |_| {
            calls += 1;
            if calls == 3 {
                drop(held.take());
            }
        }
    }

    #[test]
    fn a_move_waits_for_starts_and_then_lets_interpreters_open_their_scripts() {
        let prefix = tempfile::tempdir().unwrap();
        let hook = drop_at_third(Hold::take(prefix.path()));
        let slept = sleeps_of(hook, || {
            let stopped = stop_starts(prefix.path());
            assert!(stopped.is_some() && is_stopped(prefix.path()));
        });
        assert_eq!(slept, [PAUSE, PAUSE, PAUSE, GRACE]);
    }

    #[test]
    fn a_start_waits_for_a_move_and_looks_again_after_it() {
        let directory = tempfile::tempdir().unwrap();
        let [prefix, other] = ["prefix", "other"].map(|name| directory.path().join(name));
        std::fs::create_dir(&prefix).unwrap();
        std::fs::create_dir(&other).unwrap();
        let mut end_of_move = drop_at_third(stop_starts(&prefix));
        let paths = [prefix.clone(), other];
        let mut is_exchanged = false;
        let hook = move |pause| {
            if !is_exchanged {
                sys::exchange(&paths[0], &paths[1]).unwrap();
                is_exchanged = true;
            }
            end_of_move(pause);
        };
        let slept = sleeps_of(hook, || {
            let hold = Hold::take(&prefix);
            assert!(sys::is_behind(hold.lock.as_ref().unwrap(), &prefix));
        });
        assert_eq!(slept.first(), Some(&PAUSE));
    }

    #[test]
    fn neither_waits_for_ever() {
        let prefix = tempfile::tempdir().unwrap();
        let hold = Hold::take(prefix.path());
        let slept = sleeps_of(drop, || assert!(stop_starts(prefix.path()).is_none()));
        assert_eq!(slept.iter().sum::<Duration>(), MOVE_LIMIT);
        drop(hold);
        let _stopped = stop_starts(prefix.path());
        let slept = sleeps_of(drop, || assert!(Hold::take(prefix.path()).lock.is_none()));
        assert_eq!(slept.iter().sum::<Duration>(), START_LIMIT);
    }

    #[test]
    fn a_start_does_not_wait_for_a_lock_that_is_unsupported() {
        sys::pretend::NO_LOCKS.set(true);
        let prefix = tempfile::tempdir().unwrap();
        let slept = sleeps_of(drop, || {
            assert!(Hold::take(prefix.path()).lock.is_none());
            assert!(stop_starts(prefix.path()).is_none());
            assert!(Hold::take(&prefix.path().join("nothing")).lock.is_none());
        });
        assert_eq!(slept, []);
    }
}
