//! How directories are opened, and how it is recognised that the system does not know a call.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

/// Open a directory itself, never what a link of that name leads to; not inherited by child processes.
pub(crate) fn open_directory(path: &Path) -> io::Result<File> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    File::options()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path)
}

/// Whether the system, or this file system, does not know the call. The last two are one on Linux and two on macOS.
pub(crate) fn is_unsupported(error: Errno) -> bool {
    [Errno::NOSYS, Errno::INVAL, Errno::OPNOTSUPP, Errno::NOTSUP].contains(&error)
}

/// Whether the kernel lacks a call that is newer than the oldest kernel that this runs on.
/// The seccomp profiles of old container runtimes answer EPERM, not ENOSYS, to calls that they
/// have never heard of; a real EPERM comes again from the older call.
pub(crate) fn is_unknown(error: Errno) -> bool {
    is_unsupported(error) || error == Errno::PERM
}
