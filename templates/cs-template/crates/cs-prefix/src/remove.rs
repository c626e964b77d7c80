//! Remove directory trees: never through a link nor across a mount, whatever their modes, however deep.

use std::ffi::OsStr;
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

/// Remove the directory `path` as [`remove_tree`] does, its entry `last` after all others.
pub(crate) fn remove_tree_in_order(path: &Path, last: &OsStr) -> io::Result<()> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        _ => {}
    }
    #[cfg(unix)]
    unix::empty(path, Some(last))?;
    #[cfg(not(unix))]
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true if entry.file_name() != last => std::fs::remove_dir_all(entry.path())?,
            true => {}
            false => std::fs::remove_file(entry.path())?,
        }
    }
    remove_tree(path)
}

#[cfg(not(unix))]
fn remove_existing_tree(path: &Path) -> io::Result<()> {
    std::fs::remove_dir_all(path)
}

#[cfg(unix)]
fn remove_existing_tree(path: &Path) -> io::Result<()> {
    unix::empty(path, None)?;
    std::fs::remove_dir(path)
}

#[cfg(unix)]
mod unix {
    use std::ffi::{CString, OsStr};
    use std::io;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;
    use std::path::{Path, PathBuf};

    use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags};
    use rustix::io::Errno;

    use crate::error::Mounted;
    use crate::sys::{is_mounted_at, is_mounted_in, make_writable, make_writable_in};

    const FLAGS: OFlags = OFlags::RDONLY
        .union(OFlags::DIRECTORY)
        .union(OFlags::NOFOLLOW)
        .union(OFlags::CLOEXEC);
    /// Deeper directories are moved to the top first, so that neither stack nor descriptors run out.
    const DEPTH_LIMIT: usize = 64;

    /// Open a directory, even one that its owner may not read.
    fn open(path: &Path) -> io::Result<OwnedFd> {
        if is_mounted_at(path) {
            return Err(Mounted(path.to_path_buf()).into());
        }
        let open = || rustix::fs::openat(CWD, path, FLAGS, Mode::empty());
        match open() {
            Err(Errno::ACCESS) if make_writable(path).is_ok() => Ok(open()?),
            other => Ok(other?),
        }
    }

    /// Remove what the directory `path` holds, but for the entry `kept`.
    pub fn empty(path: &Path, kept: Option<&OsStr>) -> io::Result<()> {
        let top = open(path)?;
        let mut sweep = Sweep {
            top: &top,
            kept: kept.map(|name| CString::new(name.as_bytes())).transpose()?,
            deep: 0,
            place: path.to_path_buf(),
        };
        while sweep.empty_directory(&top, 0)? > 0 {}
        Ok(())
    }

    /// The removal of one tree.
    struct Sweep<'a> {
        top: &'a OwnedFd,
        /// An entry of the top directory that stays.
        kept: Option<CString>,
        /// Number of directories moved to the top.
        deep: usize,
        /// The directory that is being emptied, for messages only.
        place: PathBuf,
    }

    impl Sweep<'_> {
        /// Remove what `directory` holds; returns how many entries it saw, so that 0 means empty.
        fn empty_directory(&mut self, directory: &OwnedFd, depth: usize) -> io::Result<usize> {
            let mut entries = list(directory)?;
            if depth == 0 {
                entries.retain(|(name, _)| Some(name) != self.kept.as_ref());
            }
            for (name, file_type) in &entries {
                let may_be_directory = matches!(file_type, FileType::Directory | FileType::Unknown);
                if may_be_directory && self.remove_subdirectory(directory, name, depth)? {
                    continue;
                }
                self.unlink(directory, name, AtFlags::empty())?;
            }
            Ok(entries.len())
        }

        /// Remove a subdirectory; false when the entry turns out to be something else.
        fn remove_subdirectory(
            &mut self,
            parent: &OwnedFd,
            name: &CString,
            depth: usize,
        ) -> io::Result<bool> {
            let directory = match open_below(parent, name) {
                Ok(directory) => directory,
                Err(Errno::NOTDIR | Errno::LOOP | Errno::MLINK) => return Ok(false),
                Err(Errno::NOENT) => return Ok(true),
                Err(Errno::XDEV) => return Err(self.stop_at(name)),
                Err(error) => return Err(error.into()),
            };
            if depth >= DEPTH_LIMIT {
                self.deep += 1;
                let shallow = format!(".deep-{}", self.deep);
                rustix::fs::renameat(parent, name.as_c_str(), self.top, shallow.as_str())?;
                return Ok(true);
            }
            self.place.push(OsStr::from_bytes(name.to_bytes()));
            self.empty_directory(&directory, depth + 1)?;
            self.place.pop();
            self.unlink(parent, name, AtFlags::REMOVEDIR)?;
            Ok(true)
        }

        fn unlink(&self, directory: &OwnedFd, name: &CString, flags: AtFlags) -> io::Result<()> {
            let unlink = || rustix::fs::unlinkat(directory, name.as_c_str(), flags);
            match unlink() {
                Err(Errno::ACCESS) => {
                    rustix::fs::fchmod(directory, Mode::RWXU)?;
                    Ok(unlink()?)
                }
                Err(Errno::NOENT) => Ok(()),
                Err(Errno::BUSY) if is_mounted_in(directory, name, None) => Err(self.stop_at(name)),
                other => Ok(other?),
            }
        }

        fn stop_at(&self, name: &CString) -> io::Error {
            Mounted(self.place.join(OsStr::from_bytes(name.to_bytes()))).into()
        }
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

    /// Open a directory in another; EXDEV when something is mounted there.
    fn open_below(parent: &OwnedFd, name: &CString) -> rustix::io::Result<OwnedFd> {
        let open = || rustix::fs::openat(parent, name.as_c_str(), FLAGS, Mode::empty());
        let opened = match open() {
            Err(Errno::ACCESS) if is_mounted_in(parent, name, None) => Err(Errno::XDEV),
            Err(Errno::ACCESS) => {
                // Only reached for entries that are directories: others fail with ENOTDIR or ELOOP.
                make_writable_in(parent, name.as_c_str()).map_err(|_| Errno::ACCESS)?;
                open()
            }
            other => other,
        }?;
        match is_mounted_in(parent, name, Some(&opened)) {
            true => Err(Errno::XDEV),
            false => Ok(opened),
        }
    }
}
