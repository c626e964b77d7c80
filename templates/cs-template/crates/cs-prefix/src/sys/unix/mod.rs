//! Linux, macOS and the other Unix systems.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::AsFd;
#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, Mode};
use rustix::path::Arg;

use cs_entry::ownership::Attributes;

mod calls;
mod copies;
mod locks;
mod mounts;

use calls::is_unknown;
pub(crate) use copies::{copy_attributes, copy_special, link_identity};
pub(crate) use locks::{
    CLAIM_FOLLOWS_DIRECTORY, identify, is_behind, is_claimed, is_locked, is_same, share_lock,
    try_claim, try_lock, try_lock_shared,
};
pub(crate) use mounts::{is_mount_point, is_mounted_at, is_mounted_in, list_mounts};

use crate::sys::answers::{Exchange, Room, Seen};

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

/// The number of the user whose rights this process has.
pub(crate) fn caller() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Look at what is at `path`.
pub(crate) fn look_at(path: &Path) -> io::Result<Seen> {
    let metadata = path.symlink_metadata()?;
    let mut attributes = attributes_of(&metadata);
    if metadata.is_symlink() {
        // A link cannot be changed, whatever its permission bits say.
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

/// Whether an open file has one name only, and belongs to the calling user or to root:
/// writing to it changes nothing else.
pub(crate) fn is_sole_and_own(file: &File) -> bool {
    file.metadata()
        .is_ok_and(|metadata| metadata.nlink() == 1 && [caller(), 0].contains(&metadata.uid()))
}

/// Give each of two directories the other's name, in one step.
pub(crate) fn exchange(one: &Path, other: &Path) -> io::Result<Exchange> {
    #[cfg(test)]
    if crate::sys::pretend::NO_EXCHANGE.get() {
        return Ok(Exchange::Unsupported);
    }
    #[cfg(test)]
    if crate::sys::pretend::is_stuck(one) || crate::sys::pretend::is_stuck(other) {
        return Err(rustix::io::Errno::XDEV.into());
    }
    #[cfg(test)]
    if crate::sys::pretend::move_fails() {
        return Err(rustix::io::Errno::IO.into());
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

/// Whether a program that runs from a directory holds it in its place.
pub(crate) fn use_holds_directories() -> bool {
    #[cfg(test)]
    if crate::sys::pretend::USE_HOLDS.get() {
        return true;
    }
    false
}

/// Rename a file or directory.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(test)]
    if crate::sys::pretend::is_stuck(from) {
        return Err(rustix::io::Errno::XDEV.into());
    }
    #[cfg(test)]
    if crate::sys::pretend::move_fails() {
        return Err(rustix::io::Errno::IO.into());
    }
    std::fs::rename(from, to)
}

/// Give a file the name of another, which it replaces.
pub(crate) fn replace_file(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)
}

/// Whether the directory cannot be renamed, not even within its parent: overlayfs answers EXDEV for what a lower layer
/// (a container's image) holds, and so do project quotas.
///
/// `occupied` is a directory next to it that is not empty. Renaming onto it never succeeds, so this changes nothing.
pub(crate) fn is_stuck(directory: &Path, occupied: &Path) -> bool {
    rename(directory, occupied).is_err_and(|error| error.kind() == io::ErrorKind::CrossesDevices)
}

/// Whether the calling user may make and remove entries in `directory`.
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

/// Whether the file system of `directory` is read-only.
pub(crate) fn is_read_only(directory: &Path) -> bool {
    rustix::fs::statvfs(directory)
        .is_ok_and(|fs| fs.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
}

/// Whether the calling user may delete `entry`, which is in `directory`, as far as that can be known without trying.
pub(crate) fn may_delete(directory: &Path, entry: &Path) -> io::Result<bool> {
    const STICKY: u32 = 0o1000;
    let (outer, inner) = (directory.symlink_metadata()?, entry.symlink_metadata()?);
    let uid = rustix::process::geteuid().as_raw();
    let is_permitted = [0, outer.uid()].contains(&uid)
        || (is_writable(directory) && (outer.mode() & STICKY == 0 || inner.uid() == uid));
    Ok(is_permitted && !is_immutable(directory) && !is_immutable(entry))
}

/// Whether the file system never changes a file (`chattr +i`, `+a`).
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
    use rustix::fs::OFlags;
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

/// Make everything under `directory` durable.
pub(crate) fn sync_tree(directory: &Path) -> io::Result<()> {
    let directory = File::open(directory)?;
    #[cfg(target_os = "linux")]
    match rustix::fs::syncfs(&directory) {
        Err(error) if is_unknown(error) => {}
        answer => return Ok(answer?),
    }
    // Otherwise only the whole machine can be synchronised, and the call may return before it is done.
    rustix::fs::sync();
    directory.sync_all()
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
}
