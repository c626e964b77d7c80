//! Linux, macOS and the other Unix systems.

use std::ffi::CStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{
    Access, AtFlags, CWD, FileType, FlockOperation, Mode, OFlags, Timespec, Timestamps,
};
use rustix::io::Errno;
use rustix::path::Arg;

use cs_entry::ownership::Attributes;

use super::answers::{Attempt, Exchange, Room, Seen, is_absence};

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

/// Whether the kernel lacks a call that is newer than the oldest kernel that this runs on.
/// The seccomp profiles of old container runtimes answer EPERM, not ENOSYS, to calls that they
/// have never heard of; who gets EPERM for a real reason gets it again from the older call.
fn is_unknown(error: Errno) -> bool {
    is_unsupported(error) || error == Errno::PERM
}

/// Make a directory under the umask, never writable by all, whatever the umask; a
/// set-group-id parent hands down its group and the bit.
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
    lock(
        open_directory(path)?,
        FlockOperation::NonBlockingLockExclusive,
    )
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
    if super::pretend::NO_LOCKS.get() {
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

/// Nothing is there, a link or a file is, or nobody who asks may know.
fn is_no_directory(error: &io::Error) -> bool {
    let codes = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::ACCESS];
    codes
        .map(|code| Some(code.raw_os_error()))
        .contains(&error.raw_os_error())
}

/// Whether the directory that was locked is still the one that `path` leads to.
pub(crate) fn is_behind(locked: &File, path: &Path) -> bool {
    let (Ok(own), Ok(there)) = (locked.metadata(), path.metadata()) else {
        return false;
    };
    (own.dev(), own.ino()) == (there.dev(), there.ino())
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

/// The number of the user whose rights this process has.
pub(crate) fn caller() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Look at what is at `path`.
pub(crate) fn look_at(path: &Path) -> io::Result<Seen> {
    let metadata = path.symlink_metadata()?;
    let mut attributes = attributes_of(&metadata);
    if metadata.is_symlink() {
        // Nobody can change a link, whatever its permission bits say.
        attributes.mode = 0;
    }
    Ok(Seen {
        attributes,
        is_link: metadata.is_symlink(),
        is_directory: metadata.is_dir(),
    })
}

/// Look at the directory at `path`, or behind the link there.
pub(crate) fn look_through(path: &Path) -> io::Result<Attributes> {
    path.metadata().map(|metadata| attributes_of(&metadata))
}

/// Look at an open directory.
pub(crate) fn look_at_open(directory: &File) -> io::Result<Attributes> {
    directory
        .metadata()
        .map(|metadata| attributes_of(&metadata))
}

fn attributes_of(metadata: &Metadata) -> Attributes {
    Attributes {
        user: metadata.uid(),
        group: metadata.gid(),
        mode: metadata.mode(),
    }
}

/// Whether an open file has one name only, and belongs to the user who asks or to root:
/// writing to it changes nothing else.
pub(crate) fn is_sole_and_own(file: &File) -> bool {
    file.metadata()
        .is_ok_and(|metadata| metadata.nlink() == 1 && [caller(), 0].contains(&metadata.uid()))
}

/// Whether something is mounted at `path`, or the directory there is a device of its own, as subvolumes are.
pub(crate) fn is_mount_point(path: &Path) -> io::Result<bool> {
    Ok(is_mount_root(CWD, Some(path))? == Some(true) || is_other_device(path)?)
}

/// Whether something is mounted at `path`, as well as this system can say.
pub(crate) fn is_mounted_at(path: &Path) -> io::Result<bool> {
    match is_mount_root(CWD, Some(path))? {
        Some(answer) => Ok(answer),
        None => is_other_device(path),
    }
}

/// Whether the entry `name` of the directory `outer` is one where something is mounted;
/// `inner` is that entry when it is a directory that has been opened.
pub(crate) fn is_mounted_in(
    outer: &OwnedFd,
    name: &CStr,
    inner: Option<&OwnedFd>,
) -> io::Result<bool> {
    let answer = match inner {
        Some(inner) => is_mount_root(inner, None::<&CStr>),
        None => is_mount_root(outer, Some(name)),
    };
    if let Some(answer) = answer? {
        return Ok(answer);
    }
    let inner = match inner {
        Some(inner) => rustix::fs::fstat(inner)?,
        None => rustix::fs::statat(outer, name, AtFlags::SYMLINK_NOFOLLOW)?,
    };
    Ok(
        FileType::from_raw_mode(inner.st_mode) == FileType::Directory
            && rustix::fs::fstat(outer)?.st_dev != inner.st_dev,
    )
}

/// Whether the directory at `path` and its parent are on different devices. Of files this
/// says nothing: overlayfs gives them the devices of their layers.
fn is_other_device(path: &Path) -> io::Result<bool> {
    let inner = match path.symlink_metadata() {
        Err(error) if is_absence(&error) => return Ok(false),
        other => other?,
    };
    match path.parent() {
        Some(parent) if inner.is_dir() => Ok(parent.metadata()?.dev() != inner.dev()),
        _ => Ok(false),
    }
}

/// Whether the file at `path` in a directory, or without one the directory itself, is the
/// root of a mount, bind mounts of the same device included; none where the system does
/// not say: Linux before 5.8, seccomp profiles that do not know `statx`, and all others.
#[cfg(target_os = "linux")]
fn is_mount_root(directory: impl AsFd, path: Option<impl Arg>) -> io::Result<Option<bool>> {
    use rustix::fs::{StatxAttributes, StatxFlags};
    #[cfg(test)]
    if super::pretend::NO_MOUNT_ROOTS.get() {
        return Ok(None);
    }
    // Nothing is to be mounted, nor a server asked, for the sake of this question.
    let flags = AtFlags::NO_AUTOMOUNT | AtFlags::STATX_DONT_SYNC;
    let answer = match path {
        Some(path) => {
            let flags = flags | AtFlags::SYMLINK_NOFOLLOW;
            rustix::fs::statx(directory, path, flags, StatxFlags::empty())
        }
        None => {
            let flags = flags | AtFlags::EMPTY_PATH;
            rustix::fs::statx(directory, c"", flags, StatxFlags::empty())
        }
    };
    let answer = match answer {
        Err(error) if is_unknown(error) => return Ok(None),
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(Some(false)),
        other => other?,
    };
    let is_known = answer
        .stx_attributes_mask
        .contains(StatxAttributes::MOUNT_ROOT);
    Ok(is_known.then(|| answer.stx_attributes.contains(StatxAttributes::MOUNT_ROOT)))
}

#[cfg(not(target_os = "linux"))]
fn is_mount_root(_directory: impl AsFd, _path: Option<impl Arg>) -> io::Result<Option<bool>> {
    Ok(None)
}

/// Where something is mounted, as far as this process can see; none where the system has no list of it.
#[cfg(target_os = "linux")]
pub(crate) fn list_mounts() -> Option<Vec<PathBuf>> {
    #[cfg(test)]
    if super::pretend::NO_MOUNT_LIST.get() {
        return None;
    }
    let mounts = parse_mounts(&std::fs::read("/proc/self/mountinfo").ok()?);
    // There is /proc at least, so an empty list is not the system's.
    (!mounts.is_empty()).then_some(mounts)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn list_mounts() -> Option<Vec<PathBuf>> {
    None
}

/// The fifth field of each line of `/proc/self/mountinfo`: proc_pid_mountinfo(5).
#[cfg(target_os = "linux")]
fn parse_mounts(table: &[u8]) -> Vec<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    let lines = table.split(|byte| *byte == b'\n');
    lines
        .filter_map(|line| line.split(|byte| *byte == b' ').nth(4))
        .map(|field| std::ffi::OsString::from_vec(unescape(field)).into())
        .collect()
}

/// Undo the kernel's escapes: a backslash and three octal digits for blanks, line ends and the like.
#[cfg(target_os = "linux")]
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        match (first, after) {
            (
                b'\\',
                [
                    a @ b'0'..=b'3',
                    b @ b'0'..=b'7',
                    c @ b'0'..=b'7',
                    after @ ..,
                ],
            ) => {
                plain.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = after;
            }
            _ => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    plain
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
    #[cfg(test)]
    if super::pretend::move_fails() {
        return Err(Errno::IO.into());
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
    #[cfg(test)]
    if super::pretend::move_fails() {
        return Err(Errno::IO.into());
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
        // faccessat2 is from 2020. The older call asks for the real user, who is the
        // effective one in all but set-user-ID programs.
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

/// Whether the user who asks may delete `entry`, which is in `directory`, as far as that can be told without trying.
pub(crate) fn may_delete(directory: &Path, entry: &Path) -> io::Result<bool> {
    const STICKY: u32 = 0o1000;
    let (outer, inner) = (directory.symlink_metadata()?, entry.symlink_metadata()?);
    let uid = rustix::process::geteuid().as_raw();
    let is_permitted = [0, outer.uid()].contains(&uid)
        || (is_writable(directory) && (outer.mode() & STICKY == 0 || inner.uid() == uid));
    Ok(is_permitted && !is_immutable(directory) && !is_immutable(entry))
}

/// Whether the file system was told never to change a file (`chattr +i`, `+a`).
#[cfg(target_os = "linux")]
fn is_immutable(path: &Path) -> bool {
    use rustix::fs::{StatxAttributes, StatxFlags};
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    rustix::fs::statx(CWD, path, flags, StatxFlags::empty()).is_ok_and(|answer| {
        let unchanging = StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
        answer.stx_attributes.intersects(unchanging)
    })
}

#[cfg(not(target_os = "linux"))]
fn is_immutable(_path: &Path) -> bool {
    false
}

/// Let the owner of `directory` make and remove entries in it.
pub(crate) fn make_writable(directory: &Path) -> io::Result<()> {
    make_writable_in(CWD, directory)
}

/// Let the owner of the directory `path` in another one make and remove entries in it;
/// never what a link there leads to.
#[cfg(target_os = "linux")]
pub(crate) fn make_writable_in(outer: impl AsFd, path: impl Arg) -> io::Result<()> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = rustix::fs::openat(outer, path, flags, Mode::empty())?;
    let mode = Mode::from_raw_mode(rustix::fs::fstat(&directory)?.st_mode);
    // What is open in this way has no permissions to change, but its name in /proc does.
    let opened = format!("/proc/self/fd/{}", directory.as_raw_fd());
    Ok(rustix::fs::chmod(opened, mode | Mode::RWXU)?)
}

/// Let the owner of the directory `path` in another one make and remove entries in it;
/// never what a link there leads to.
#[cfg(not(target_os = "linux"))]
pub(crate) fn make_writable_in(outer: impl AsFd, path: impl Arg + Copy) -> io::Result<()> {
    let status = rustix::fs::statat(&outer, path, AtFlags::SYMLINK_NOFOLLOW)?;
    let mode = Mode::from_raw_mode(status.st_mode) | Mode::RWXU;
    Ok(rustix::fs::chmodat(
        outer,
        path,
        mode,
        AtFlags::SYMLINK_NOFOLLOW,
    )?)
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
        FileType::from_raw_mode(metadata.mode() as _),
        Mode::from_raw_mode(metadata.mode() as _),
        metadata.rdev() as _,
    )?;
    Ok(())
}

/// Give `to` the owner, extended attributes, modes and times of `from`, as far as this
/// user may. What takes permissions away comes last.
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

/// Access control lists, capabilities and the user's own attributes. Those of the file
/// system itself refuse to be copied.
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
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn permissions_are_changed_of_directories_and_not_behind_links() {
        let directory = tempfile::tempdir().unwrap();
        let [closed, link] = ["closed", "link"].map(|name| directory.path().join(name));
        std::fs::create_dir(&closed).unwrap();
        symlink(&closed, &link).unwrap();
        let set =
            |mode| std::fs::set_permissions(&closed, PermissionsExt::from_mode(mode)).unwrap();
        let mode = || closed.metadata().unwrap().permissions().mode() & 0o7777;
        set(0o055);
        assert!(make_writable(&link).is_err());
        assert_eq!(mode(), 0o055);
        make_writable(&closed).unwrap();
        assert_eq!(mode(), 0o755);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn mounts_are_listed_whatever_their_names() {
        let table = b"25 1 254:0 / / rw - ext4 /dev/vda rw\n\
            30 25 254:0 /x /a\\040b/\\011c\\012d\\134e rw shared:1 master:2 - ext4 /dev/vda rw\n\
            31 25 0:9 / /\\303\\244\\043\\9\\04 rw - tmpfs tmpfs rw\n\n";
        assert_eq!(
            parse_mounts(table),
            ["/", "/a b/\tc\nd\\e", "/\u{e4}#\\9\\04"].map(PathBuf::from)
        );
    }
}
