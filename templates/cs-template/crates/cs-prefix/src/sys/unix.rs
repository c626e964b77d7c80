//! Linux, macOS and the other Unix systems.

use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, FlockOperation, OFlags};
use rustix::io::Errno;

use super::{Attempt, Exchange};
use crate::room::Room;

/// Open a directory itself, never what a link of that name leads to; not inherited by child processes.
fn open_directory(path: &Path) -> io::Result<File> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    File::options()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path)
}

/// Whether the system, or this file system, does not know the call. The last two are one on Linux and two on macOS.
fn is_unsupported(error: Errno) -> bool {
    [Errno::NOSYS, Errno::INVAL, Errno::OPNOTSUPP, Errno::NOTSUP].contains(&error)
}

/// Lock the directory `path`, without waiting.
pub(crate) fn try_lock(path: &Path) -> io::Result<Attempt> {
    let directory = open_directory(path)?;
    #[cfg(test)]
    if super::pretend::NO_LOCKS.get() {
        return Ok(Attempt::Unsupported);
    }
    match rustix::fs::flock(&directory, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Attempt::Locked(directory)),
        Err(Errno::WOULDBLOCK) => Ok(Attempt::Held),
        // NFS turns flock into record locks, which need a file opened for writing: EBADF for any directory.
        Err(Errno::BADF | Errno::NOLCK) => Ok(Attempt::Unsupported),
        Err(error) if is_unsupported(error) => Ok(Attempt::Unsupported),
        Err(error) => Err(error.into()),
    }
}

/// Whether another process holds the lock of `path` at this moment.
pub(crate) fn is_locked(path: &Path) -> bool {
    let Ok(directory) = open_directory(path) else {
        return false;
    };
    rustix::fs::flock(&directory, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK)
}

/// Whether the directory that was locked is still the one at `path`.
pub(crate) fn is_same(locked: &File, path: &Path) -> bool {
    let (Ok(ours), Ok(there)) = (locked.metadata(), path.symlink_metadata()) else {
        return false;
    };
    (ours.dev(), ours.ino()) == (there.dev(), there.ino())
}

/// Whether the directory at `path` belongs to the user who asks.
pub(crate) fn is_own(path: &Path) -> bool {
    let uid = rustix::process::geteuid().as_raw();
    path.symlink_metadata()
        .is_ok_and(|metadata| metadata.uid() == uid)
}

/// Whether the directory at `path` is on another file system than its parent.
pub(crate) fn is_mount_point(path: &Path) -> bool {
    let (Ok(inner), Some(parent)) = (path.symlink_metadata(), path.parent()) else {
        return false;
    };
    parent
        .metadata()
        .is_ok_and(|outer| outer.dev() != inner.dev())
}

/// Give each of two directories the other's name, in one step.
pub(crate) fn exchange(one: &Path, other: &Path) -> io::Result<Exchange> {
    #[cfg(test)]
    if super::pretend::NO_EXCHANGE.get() {
        return Ok(Exchange::Unsupported);
    }
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    return match rustix::fs::renameat_with(CWD, one, CWD, other, rustix::fs::RenameFlags::EXCHANGE)
    {
        Ok(()) => Ok(Exchange::Done),
        Err(error) if is_unsupported(error) => Ok(Exchange::Unsupported),
        Err(error) => Err(error.into()),
    };
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    {
        let _ = (one, other);
        Ok(Exchange::Unsupported)
    }
}

/// Whether the user who asks may make and remove entries in `directory`.
pub(crate) fn is_writable(directory: &Path) -> bool {
    let access = Access::WRITE_OK | Access::EXEC_OK;
    rustix::fs::accessat(CWD, directory, access, AtFlags::EACCESS).is_ok()
}

/// Whether nobody can write to the file system of `directory`.
pub(crate) fn is_read_only(directory: &Path) -> bool {
    rustix::fs::statvfs(directory)
        .is_ok_and(|fs| fs.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
}

/// Let the owner of `directory` make and remove entries in it.
pub(crate) fn make_writable(directory: &Path) -> io::Result<()> {
    let mode = directory.symlink_metadata()?.permissions().mode();
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(mode | 0o700))
}

/// Set a file's permission bits, whatever the umask.
pub(crate) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

/// What the file system of `directory` has left for this user.
pub(crate) fn measure_room(directory: &Path) -> io::Result<Room> {
    let fs = rustix::fs::statvfs(directory)?;
    // File systems that make inodes as they go report none at all.
    let files = (fs.f_files > 0).then_some(fs.f_favail);
    Ok(Room {
        bytes: Some(fs.f_bavail.saturating_mul(fs.f_frsize)),
        files,
    })
}

/// Make the names in `directory` durable.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    match File::open(directory)?.sync_all() {
        // Some file systems cannot sync a directory; there is nothing better to do on them.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        other => other,
    }
}

/// Make everything below `directory` durable.
pub(crate) fn sync_tree(directory: &Path) -> io::Result<()> {
    let directory = File::open(directory)?;
    #[cfg(target_os = "linux")]
    return Ok(rustix::fs::syncfs(&directory)?);
    #[cfg(not(target_os = "linux"))]
    {
        // Elsewhere only the whole machine can be told, and the call may return before it is done.
        rustix::fs::sync();
        directory.sync_all()
    }
}
