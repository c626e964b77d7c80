//! Where something is mounted.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType};
use rustix::path::Arg;

use crate::sys::answers::is_absence;

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
    use rustix::io::Errno;

    use super::calls::is_unknown;
    #[cfg(test)]
    if crate::sys::pretend::NO_MOUNT_ROOTS.get() {
        return Ok(None);
    }
    // This question must not mount anything, nor ask a server.
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
    if crate::sys::pretend::NO_MOUNT_LIST.get() {
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
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
