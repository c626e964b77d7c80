//! Locks of directories, which end with the process that holds them.

use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;

use super::calls::{is_unsupported, open_directory};
use crate::sys::answers::Attempt;

/// Lock the directory `path`, without waiting.
pub(crate) fn try_lock(path: &Path) -> io::Result<Attempt> {
    lock(
        open_directory(path)?,
        FlockOperation::NonBlockingLockExclusive,
    )
}

/// Whether the lock of a claim is on its directory, wherever that is renamed to.
pub(crate) const CLAIM_FOLLOWS_DIRECTORY: bool = true;

/// Take the claim on the staging directory: lock it.
pub(crate) fn try_claim(staging: &Path) -> io::Result<Attempt> {
    try_lock(staging)
}

/// Whether another process holds that claim at this moment.
pub(crate) fn is_claimed(staging: &Path) -> io::Result<bool> {
    is_locked(staging)
}

/// Lock the directory `path`, or the one behind the link there, as others may at the same time; without waiting.
pub(crate) fn try_lock_shared(path: &Path) -> io::Result<Attempt> {
    let directory = File::options()
        .read(true)
        .custom_flags((OFlags::DIRECTORY | OFlags::NONBLOCK).bits() as i32)
        .open(path)?;
    lock(directory, FlockOperation::NonBlockingLockShared)
}

/// Let others lock, at the same time, the directory that is locked; false when the lock was lost over it.
pub(crate) fn share_lock(locked: &File) -> bool {
    rustix::fs::flock(locked, FlockOperation::NonBlockingLockShared).is_ok()
}

fn lock(directory: File, operation: FlockOperation) -> io::Result<Attempt> {
    #[cfg(test)]
    if crate::sys::pretend::NO_LOCKS.get() {
        return Ok(Attempt::Unsupported);
    }
    match rustix::fs::flock(&directory, operation) {
        Ok(()) => Ok(Attempt::Locked(directory)),
        Err(Errno::WOULDBLOCK) => Ok(Attempt::Held),
        // NFS turns flock into record locks, which need a file opened for writing: EBADF for any directory.
        Err(Errno::BADF | Errno::NOLCK) => Ok(Attempt::Unsupported),
        Err(error) if is_unsupported(error) => Ok(Attempt::Unsupported),
        Err(error) => Err(error.into()),
    }
}

/// Whether another process holds the lock of `path` at this moment.
pub(crate) fn is_locked(path: &Path) -> io::Result<bool> {
    let directory = match open_directory(path) {
        Err(error) if is_no_directory(&error) => return Ok(false),
        other => other?,
    };
    let answer = rustix::fs::flock(&directory, FlockOperation::NonBlockingLockShared);
    Ok(answer == Err(Errno::WOULDBLOCK))
}

/// Nothing is there, a link or a file is, or this user may not look.
fn is_no_directory(error: &io::Error) -> bool {
    let codes = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::ACCESS];
    codes
        .map(|code| Some(code.raw_os_error()))
        .contains(&error.raw_os_error())
}

/// What tells the directory that `path` leads to from all others; none when there is none.
pub(crate) fn identify(path: &Path) -> Option<(u64, u64)> {
    let there = path.metadata().ok()?;
    Some((there.dev(), there.ino()))
}

/// Whether the directory that was locked is still the one that `path` leads to.
pub(crate) fn is_behind(locked: &File, path: &Path) -> bool {
    let own = locked.metadata().map(|own| (own.dev(), own.ino()));
    own.is_ok_and(|own| identify(path) == Some(own))
}

/// Whether the directory that was locked is still the one at `path`.
pub(crate) fn is_same(locked: &File, path: &Path) -> io::Result<bool> {
    let own = locked.metadata()?;
    match path.symlink_metadata() {
        Ok(there) => Ok((own.dev(), own.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
