//! Linux, macOS and the other Unix systems.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, FlockOperation, Mode, OFlags, Timespec, Timestamps};
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

/// Whether a call that is younger than the kernels which this has to run on is not to be had. The seccomp profiles of old
/// container runtimes answer EPERM, not ENOSYS, to calls that they have never heard of; who gets EPERM for a real reason
/// gets it again from the older call.
fn is_unknown(error: Errno) -> bool {
    is_unsupported(error) || error == Errno::PERM
}

/// Make a directory under the umask, never writable by all, whatever the umask; a set-group-id parent hands down its group
/// and the bit.
pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().mode(0o775).create(path)
}

/// Make a new file under the umask, never writable by all, whatever the umask.
pub(crate) fn make_file(path: &Path) -> io::Result<File> {
    File::options()
        .write(true)
        .create_new(true)
        .mode(0o664)
        .open(path)
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

/// The home directory: as `HOME` says, else as `/etc/passwd` does; other user databases would need libraries of the host.
pub(crate) fn find_home() -> Option<PathBuf> {
    let variable = std::env::var_os("HOME").filter(|home| !home.is_empty());
    variable.map(PathBuf::from).or_else(|| {
        let uid = rustix::process::getuid().as_raw().to_string();
        let users = std::fs::read("/etc/passwd").ok()?;
        find_home_of(uid.as_bytes(), &users)
    })
}

/// The home directory of a user in the text of `/etc/passwd`: `NAME:PASSWORD:UID:GID:COMMENT:HOME:SHELL`.
fn find_home_of(uid: &[u8], users: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    users.split(|byte| *byte == b'\n').find_map(|line| {
        let mut fields = line.split(|byte| *byte == b':').skip(2);
        let home = (fields.next()? == uid).then(|| fields.nth(2)).flatten()?;
        Some(PathBuf::from(std::ffi::OsStr::from_bytes(home)))
    })
}

/// Whether the directory at `path` belongs to the user who asks.
pub(crate) fn is_own(path: &Path) -> bool {
    let uid = rustix::process::geteuid().as_raw();
    path.symlink_metadata()
        .is_ok_and(|metadata| metadata.uid() == uid)
}

/// Whether two paths belong to the same user.
pub(crate) fn have_same_owner(one: &Path, other: &Path) -> bool {
    let owner = |path: &Path| path.symlink_metadata().map(|metadata| metadata.uid());
    matches!((owner(one), owner(other)), (Ok(one), Ok(other)) if one == other)
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
    #[cfg(test)]
    if super::pretend::is_stuck(one) || super::pretend::is_stuck(other) {
        return Err(Errno::XDEV.into());
    }
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    return match rustix::fs::renameat_with(CWD, one, CWD, other, rustix::fs::RenameFlags::EXCHANGE)
    {
        Ok(()) => Ok(Exchange::Done),
        Err(error) if is_unknown(error) => Ok(Exchange::Unsupported),
        Err(error) => Err(error.into()),
    };
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    {
        let _ = (one, other);
        Ok(Exchange::Unsupported)
    }
}

/// Rename a file or directory.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(test)]
    if super::pretend::is_stuck(from) {
        return Err(Errno::XDEV.into());
    }
    std::fs::rename(from, to)
}

/// Whether the directory cannot be renamed, not even within its parent: overlayfs answers EXDEV for what a lower layer
/// (a container's image) holds, and so do project quotas.
///
/// `occupied` is a directory beside it that is not empty. Renaming onto it never succeeds, so this changes nothing.
pub(crate) fn is_stuck(directory: &Path, occupied: &Path) -> bool {
    rename(directory, occupied).is_err_and(|error| error.kind() == io::ErrorKind::CrossesDevices)
}

/// Whether the user who asks may make and remove entries in `directory`.
pub(crate) fn is_writable(directory: &Path) -> bool {
    let access = Access::WRITE_OK | Access::EXEC_OK;
    let answer = match rustix::fs::accessat(CWD, directory, access, AtFlags::EACCESS) {
        // faccessat2 is from 2020. The older call asks for the real user, who is the effective one in all but set-user-ID
        // programs.
        Err(error) if is_unknown(error) => {
            rustix::fs::accessat(CWD, directory, access, AtFlags::empty())
        }
        answer => answer,
    };
    answer.is_ok()
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

/// What the file system of `directory` has left for this user.
pub(crate) fn measure_room(directory: &Path) -> Room {
    // Some sandboxes and FUSE file systems do not answer; a full disk shows while writing.
    let Ok(fs) = rustix::fs::statvfs(directory) else {
        return Room::UNKNOWN;
    };
    Room {
        // Some have no size, and some make inodes as they go: they report none at all.
        bytes: (fs.f_blocks > 0).then_some(fs.f_bavail.saturating_mul(fs.f_frsize)),
        files: (fs.f_files > 0).then_some(fs.f_favail),
    }
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
    match rustix::fs::syncfs(&directory) {
        Err(error) if is_unknown(error) => {}
        answer => return Ok(answer?),
    }
    // Else only the whole machine can be told, and the call may return before it is done.
    rustix::fs::sync();
    directory.sync_all()
}

/// Which file this is a hard link to, if it is one of several.
pub(crate) fn link_identity(metadata: &Metadata) -> Option<(u64, u64)> {
    (!metadata.is_dir() && metadata.nlink() > 1).then(|| (metadata.dev(), metadata.ino()))
}

/// Copy a link, pipe, socket or device: everything but directories and regular files.
pub(crate) fn copy_special(from: &Path, to: &Path, metadata: &Metadata) -> io::Result<()> {
    if metadata.is_symlink() {
        return std::os::unix::fs::symlink(std::fs::read_link(from)?, to);
    }
    #[cfg(not(target_vendor = "apple"))]
    rustix::fs::mknodat(
        CWD,
        to,
        rustix::fs::FileType::from_raw_mode(metadata.mode() as _),
        Mode::from_raw_mode(metadata.mode() as _),
        metadata.rdev() as _,
    )?;
    Ok(())
}

/// Give `to` the owner, extended attributes, modes and times of `from`, as far as this user may. What takes permissions away
/// comes last.
pub(crate) fn copy_attributes(from: &Path, to: &Path, metadata: &Metadata) -> io::Result<()> {
    let (uid, gid) = (metadata.uid(), metadata.gid());
    // Only root may give files away; a copy that belongs to its maker is as good.
    let _ = std::os::unix::fs::lchown(to, Some(uid), Some(gid));
    #[cfg(target_os = "linux")]
    copy_extended_attributes(from, to);
    if !metadata.is_symlink() {
        std::fs::set_permissions(to, metadata.permissions())?;
    }
    let time = |seconds, nanoseconds| Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds as _,
    };
    let times = Timestamps {
        last_access: time(metadata.atime(), metadata.atime_nsec()),
        last_modification: time(metadata.mtime(), metadata.mtime_nsec()),
    };
    Ok(rustix::fs::utimensat(
        CWD,
        to,
        &times,
        AtFlags::SYMLINK_NOFOLLOW,
    )?)
}

/// Access control lists, capabilities and the user's own attributes. Those of the file system itself refuse to be copied.
#[cfg(target_os = "linux")]
fn copy_extended_attributes(from: &Path, to: &Path) {
    use rustix::fs::{XattrFlags, lgetxattr, llistxattr, lsetxattr};
    let mut names = vec![0_u8; 64 << 10];
    let Ok(length) = llistxattr(from, &mut names[..]) else {
        return;
    };
    let mut value = vec![0_u8; if length > 0 { 64 << 10 } else { 0 }];
    for name in names[..length].split(|byte| *byte == 0) {
        if let Ok(size) = lgetxattr(from, name, &mut value[..]) {
            let _ = lsetxattr(to, name, &value[..size], XattrFlags::empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_found_by_the_number_of_its_user() {
        let users = b"root:x:0:0:root:/root:/bin/sh\nbroken:x:7\nme:x:1000:100:,,:/home/me:\n";
        for (uid, home) in [
            ("0", Some("/root")),
            ("1000", Some("/home/me")),
            ("7", None),
            ("1", None),
        ] {
            assert_eq!(
                find_home_of(uid.as_bytes(), users),
                home.map(PathBuf::from),
                "{uid}"
            );
        }
    }
}
