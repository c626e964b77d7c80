//! The claim: the right to change a prefix's surroundings, held by one process at a time.
//!
//! The staging directory is its own lock: whoever has locked the directory that stands at `.NAME.staging` holds the claim.
//! Renaming it into place ends the claim in the same instant, and a killed holder's lock dies with it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::carry::carry_over;
use crate::error::PrefixError;
use crate::marker::Marker;
use crate::names::{Names, Owner};
use crate::remove::remove_tree;
use crate::state::{Foreignness, State, inspect};
use crate::swap;
use crate::sys::{self, Attempt};

/// How often a waiting process looks again.
const POLL: Duration = Duration::from_millis(25);
/// How long a lock on the previous prefix is taken for a swap in progress, which lasts microseconds.
const SWAP_LIMIT: Duration = Duration::from_secs(5);

/// What a process that waits for another's claim can tell its user.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// How long it has waited; zero at the first call.
    pub elapsed: Duration,
    /// When it will give up.
    pub limit: Duration,
}

/// How to wait for another process.
pub(crate) struct Patience<'a> {
    pub limit: Duration,
    pub waiting: &'a mut dyn FnMut(&Waiting),
    pub cancel: &'a AtomicBool,
}

/// The claim itself; dropping it removes the staging directory and whatever parents were made for it.
pub(crate) struct Claim {
    names: Names,
    /// Locked as long as it is open.
    _lock: Option<File>,
    created: Vec<PathBuf>,
    released: bool,
}

impl Claim {
    /// Take the claim; `None` when someone else changed the prefix while this process waited for them.
    pub fn take(
        names: &Names,
        owner: &Owner,
        patience: &mut Patience,
    ) -> Result<Option<Self>, PrefixError> {
        let start = Instant::now();
        loop {
            if patience.cancel.load(Ordering::Relaxed) {
                return Err(PrefixError::Cancelled {
                    prefix: names.prefix.clone(),
                });
            }
            let created = create_parents(&names.parent)?;
            match try_take(names, owner, created, start.elapsed()) {
                Ok(Some(Step::Taken(claim))) => return Ok(Some(claim)),
                Ok(Some(Step::Retry)) => continue,
                Ok(None) => wait(names, start, patience)?,
                Err(error) => return Err(error),
            }
            if !matches!(inspect(&names.prefix, owner)?, State::Absent)
                && !sys::is_locked(&names.staging)
            {
                return Ok(None);
            }
        }
    }

    /// The paths that this claim is about.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Declare that the staging directory is in place, or gone: dropping the claim touches nothing any more.
    pub fn release(&mut self) {
        self.released = true;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.released {
            return;
        }
        // An error here leaves an abandoned staging directory, which the next claim removes.
        let _ = remove_staging(&self.names);
        for directory in self.created.iter().rev() {
            let _ = std::fs::remove_dir(directory);
        }
    }
}

enum Step {
    Taken(Claim),
    Retry,
}

/// Try once: `None` when another process holds the claim.
fn try_take(
    names: &Names,
    owner: &Owner,
    created: Vec<PathBuf>,
    waited: Duration,
) -> Result<Option<Step>, PrefixError> {
    let fresh = match std::fs::create_dir(&names.staging) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(Step::Retry)),
        Err(source) => return Err(PrefixError::io("make", &names.staging, source)),
    };
    let lock = match lock_staging(names)? {
        None => return Ok(Some(Step::Retry)),
        Some(Attempt::Held) => return Ok(None),
        Some(Attempt::Locked(file)) if !sys::is_same(&file, &names.staging) => {
            return Ok(Some(Step::Retry));
        }
        Some(Attempt::Locked(file)) => Some(file),
        Some(Attempt::Unsupported) if fresh => None,
        Some(Attempt::Unsupported) => return Ok(None),
    };
    let mut claim = Claim {
        names: names.clone(),
        _lock: lock,
        created,
        released: false,
    };
    if waited < SWAP_LIMIT && is_swapping(names) {
        claim.release();
        return Ok(None);
    }
    if !fresh && !is_empty_and_own(&names.staging) {
        claim.release();
        clear_abandoned(names, owner)?;
        return Ok(Some(Step::Retry));
    }
    std::fs::create_dir(&names.scratch)
        .map_err(|source| PrefixError::io("make", &names.scratch, source))?;
    rescue_environments(names, owner)?;
    Ok(Some(Step::Taken(claim)))
}

fn lock_staging(names: &Names) -> Result<Option<Attempt>, PrefixError> {
    match sys::try_lock(&names.staging) {
        Ok(attempt) => Ok(Some(attempt)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(_) if !names.staging.is_dir() || names.staging.is_symlink() => {
            Err(PrefixError::Foreign {
                path: names.staging.clone(),
                why: Foreignness::NotADirectory,
            })
        }
        Err(source) => Err(PrefixError::io("lock", &names.staging, source)),
    }
}

/// Whether another process is between the two renames of a swap: its staging directory has the previous prefix's name then.
fn is_swapping(names: &Names) -> bool {
    sys::is_locked(&names.previous)
}

fn is_empty_and_own(directory: &Path) -> bool {
    let is_empty = std::fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_none());
    is_empty && sys::is_own(directory)
}

/// Deal with what a killed process left at `.NAME.staging`; its lock is held by the caller.
fn clear_abandoned(names: &Names, owner: &Owner) -> Result<(), PrefixError> {
    let marker = Marker::read_ours(&names.staging, owner)?;
    let is_empty =
        std::fs::read_dir(&names.staging).is_ok_and(|mut entries| entries.next().is_none());
    if marker.is_none() && !names.scratch.is_dir() && !is_empty {
        let why = Foreignness::NoMarker {
            marker: names.marker.clone(),
        };
        return Err(PrefixError::Foreign {
            path: names.staging.clone(),
            why,
        });
    }
    let is_finished = marker.is_some() && !names.scratch.exists();
    if is_finished && inspect(&names.prefix, owner)? == State::Absent {
        return swap::place(names);
    }
    if is_finished {
        carry_over(&names.staging, &names.prefix)?;
    }
    remove_staging(names).map_err(|source| PrefixError::io("remove", &names.staging, source))
}

/// Named environments belong to the prefix: take back those that an interrupted swap left in the previous one.
fn rescue_environments(names: &Names, owner: &Owner) -> Result<(), PrefixError> {
    if Marker::read_ours(&names.prefix, owner)?.is_some()
        && Marker::read_ours(&names.previous, owner)?.is_some()
    {
        carry_over(&names.previous, &names.prefix)?;
    }
    Ok(())
}

/// Remove the staging directory; the directory that says whose it is goes last, so that a kill leaves it recognisable.
pub(crate) fn remove_staging(names: &Names) -> io::Result<()> {
    match std::fs::create_dir(&names.scratch) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let grave = names.scratch.join("contents");
    std::fs::create_dir_all(&grave)?;
    for entry in std::fs::read_dir(&names.staging)? {
        let entry = entry?;
        if entry.path() != names.scratch {
            remove_entry(&entry.path(), entry.file_type()?.is_dir())?;
        }
    }
    remove_tree(&names.scratch)?;
    std::fs::remove_dir(&names.staging)
}

fn remove_entry(path: &Path, is_directory: bool) -> io::Result<()> {
    if is_directory {
        remove_tree(path)
    } else {
        std::fs::remove_file(path)
    }
}

fn wait(names: &Names, start: Instant, patience: &mut Patience) -> Result<(), PrefixError> {
    let elapsed = start.elapsed();
    if elapsed >= patience.limit {
        let held = names.staging.clone();
        return Err(PrefixError::Busy {
            prefix: names.prefix.clone(),
            held,
            waited: elapsed,
        });
    }
    (patience.waiting)(&Waiting {
        elapsed,
        limit: patience.limit,
    });
    std::thread::sleep(POLL.min(patience.limit - elapsed));
    Ok(())
}

/// Make the missing ancestors of the staging directory; returns those made, outermost first.
fn create_parents(parent: &Path) -> Result<Vec<PathBuf>, PrefixError> {
    let missing: Vec<&Path> = parent
        .ancestors()
        .take_while(|ancestor| ancestor.symlink_metadata().is_err())
        .collect();
    let mut created = Vec::new();
    for directory in missing.into_iter().rev() {
        match std::fs::create_dir(directory) {
            Ok(()) => created.push(directory.to_path_buf()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(PrefixError::io("make", directory, source)),
        }
    }
    Ok(created)
}
