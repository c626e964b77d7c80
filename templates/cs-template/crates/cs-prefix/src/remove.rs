//! Remove directory trees: never through a link, whatever their modes, however deep.

use std::io;
use std::path::Path;

/// Remove the directory `path` and all below it; no error when it is not there.
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    match remove_existing_tree(path) {
        Err(error)
            if error.kind() == io::ErrorKind::NotFound && path.symlink_metadata().is_err() =>
        {
            Ok(())
        }
        other => other,
    }
}

#[cfg(not(unix))]
fn remove_existing_tree(path: &Path) -> io::Result<()> {
    std::fs::remove_dir_all(path)
}

#[cfg(unix)]
fn remove_existing_tree(path: &Path) -> io::Result<()> {
    let top = rustix::fs::open(path, unix::FLAGS, rustix::fs::Mode::empty())
        .or_else(|error| unix::open_locked_up(path, error))?;
    let mut deep = 0;
    while unix::empty_directory(&top, &top, 0, &mut deep)? > 0 {}
    std::fs::remove_dir(path)
}

#[cfg(unix)]
mod unix {
    use std::ffi::CString;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::path::Path;

    use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags};
    use rustix::io::Errno;

    pub const FLAGS: OFlags = OFlags::RDONLY
        .union(OFlags::DIRECTORY)
        .union(OFlags::NOFOLLOW)
        .union(OFlags::CLOEXEC);
    /// Deeper directories are moved to the top first, so that neither stack nor descriptors run out.
    const DEPTH_LIMIT: usize = 64;

    /// Open a directory that its owner may not read.
    pub fn open_locked_up(path: &Path, error: Errno) -> rustix::io::Result<OwnedFd> {
        if error != Errno::ACCESS || crate::sys::make_writable(path).is_err() {
            return Err(error);
        }
        rustix::fs::openat(CWD, path, FLAGS, Mode::empty())
    }

    /// Remove what `directory` holds; returns how many entries it saw, so that 0 means empty.
    pub fn empty_directory(
        directory: &OwnedFd,
        top: &OwnedFd,
        depth: usize,
        deep: &mut usize,
    ) -> io::Result<usize> {
        let entries = list(directory)?;
        for (name, file_type) in &entries {
            let may_be_directory = matches!(file_type, FileType::Directory | FileType::Unknown);
            if may_be_directory && remove_subdirectory(directory, name, top, depth, deep)? {
                continue;
            }
            unlink(directory, name, AtFlags::empty())?;
        }
        Ok(entries.len())
    }

    fn list(directory: &OwnedFd) -> io::Result<Vec<(CString, FileType)>> {
        let mut entries = Vec::new();
        for entry in Dir::read_from(directory)? {
            let entry = entry?;
            if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
                entries.push((entry.file_name().to_owned(), entry.file_type()));
            }
        }
        Ok(entries)
    }

    /// Remove a subdirectory; false when the entry turns out to be something else.
    fn remove_subdirectory(
        parent: &OwnedFd,
        name: &CString,
        top: &OwnedFd,
        depth: usize,
        deep: &mut usize,
    ) -> io::Result<bool> {
        let directory = match open_below(parent, name) {
            Ok(directory) => directory,
            Err(Errno::NOTDIR | Errno::LOOP | Errno::MLINK) => return Ok(false),
            Err(Errno::NOENT) => return Ok(true),
            Err(error) => return Err(error.into()),
        };
        if depth >= DEPTH_LIMIT {
            *deep += 1;
            let shallow = format!(".deep-{deep}");
            rustix::fs::renameat(parent, name.as_c_str(), top, shallow.as_str())?;
            return Ok(true);
        }
        empty_directory(&directory, top, depth + 1, deep)?;
        unlink(parent, name, AtFlags::REMOVEDIR)?;
        Ok(true)
    }

    fn open_below(parent: &OwnedFd, name: &CString) -> rustix::io::Result<OwnedFd> {
        let open = || rustix::fs::openat(parent, name.as_c_str(), FLAGS, Mode::empty());
        match open() {
            Err(Errno::ACCESS) => {
                // Only reached for entries that are directories: others fail with ENOTDIR or ELOOP.
                rustix::fs::chmodat(parent, name.as_c_str(), Mode::RWXU, AtFlags::empty())?;
                open()
            }
            other => other,
        }
    }

    fn unlink(directory: &OwnedFd, name: &CString, flags: AtFlags) -> io::Result<()> {
        let unlink = || rustix::fs::unlinkat(directory, name.as_c_str(), flags);
        match unlink() {
            Err(Errno::ACCESS) => {
                rustix::fs::fchmod(directory, Mode::RWXU)?;
                Ok(unlink()?)
            }
            Err(Errno::NOENT) => Ok(()),
            other => Ok(other?),
        }
    }
}
