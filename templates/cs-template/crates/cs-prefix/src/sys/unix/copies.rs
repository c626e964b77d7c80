//! Copies of what is not a regular file, and of attributes.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};

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
        rustix::fs::Mode::from_raw_mode(metadata.mode() as _),
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
