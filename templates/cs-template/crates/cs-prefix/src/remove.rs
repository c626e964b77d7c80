//! Remove directory trees: never through a link nor across a mount, whatever their modes, however deep.
//!
//! What cannot be deleted does not stop a removal: all else goes, and the first failure
//! is reported at the end. A mount does stop it.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use crate::obstacles::Obstacle;
use crate::sys::is_absence;

/// Remove the directory `path` and everything in it; no error when it does not exist.
pub(crate) fn remove_tree(path: &Path) -> Result<(), Obstacle> {
    match path.symlink_metadata() {
        Err(error) if is_absence(&error) => Ok(()),
        _ => remove_existing_tree(path),
    }
}

/// Remove the directory `path` as [`remove_tree`] does, its entry `last` after all others.
pub(crate) fn remove_tree_in_order(path: &Path, last: &OsStr) -> Result<(), Obstacle> {
    match path.symlink_metadata() {
        Err(error) if is_absence(&error) => return Ok(()),
        _ => {}
    }
    #[cfg(unix)]
    unix::empty(path, Some(last))?;
    #[cfg(not(unix))]
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_name() == last {
            continue;
        }
        if entry.file_type()?.is_dir() {
            remove_existing_tree(&entry.path())?;
        } else {
            remove_file(&entry.path())?;
        }
    }
    remove_tree(path)
}

/// Some file systems do not delete what is read-only.
#[cfg(not(unix))]
fn remove_existing_tree(path: &Path) -> Result<(), Obstacle> {
    Ok(std::fs::remove_dir_all(path).or_else(|_| {
        make_tree_writable(path)?;
        cs_file::insist(|| std::fs::remove_dir_all(path))
    })?)
}

#[cfg(not(unix))]
fn make_tree_writable(path: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            make_tree_writable(&entry.path())?;
        } else if !kind.is_symlink() && entry.metadata()?.permissions().readonly() {
            crate::sys::make_writable(&entry.path())?;
        }
    }
    Ok(())
}

/// Remove what is not a directory. A link to one is removed as one is.
#[cfg(not(unix))]
fn remove_file(path: &Path) -> io::Result<()> {
    use std::os::windows::fs::FileTypeExt;
    let metadata = path.symlink_metadata()?;
    if metadata.file_type().is_symlink_dir() {
        return std::fs::remove_dir(path);
    }
    if metadata.permissions().readonly() {
        crate::sys::make_writable(path)?;
    }
    std::fs::remove_file(path)
}

#[cfg(unix)]
fn remove_existing_tree(path: &Path) -> Result<(), Obstacle> {
    unix::empty(path, None)?;
    Ok(std::fs::remove_dir(path)?)
}

/// The first entry under the directory `path` that a removal would certainly leave, if
/// there is one: in a directory of another user, or immutable.
#[cfg(unix)]
pub(crate) fn find_undeletable(path: &Path) -> io::Result<Option<PathBuf>> {
    for entry in std::fs::read_dir(path)? {
        let entry = entry?.path();
        if !crate::sys::may_delete(path, &entry)? {
            return Ok(Some(entry));
        }
        if entry.symlink_metadata()?.is_dir()
            && let Some(found) = find_undeletable(&entry)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

#[cfg(not(unix))]
pub(crate) fn find_undeletable(_path: &Path) -> io::Result<Option<PathBuf>> {
    Ok(None)
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

    use crate::obstacles::Obstacle;
    use crate::sys::{is_mounted_at, is_mounted_in, make_writable, make_writable_in};

    const FLAGS: OFlags = OFlags::RDONLY
        .union(OFlags::DIRECTORY)
        .union(OFlags::NOFOLLOW)
        .union(OFlags::CLOEXEC);
    /// Deeper directories are moved to the top first, so that neither stack nor descriptors run out.
    const DEPTH_LIMIT: usize = 64;

    /// Open a directory, even one that its owner may not read.
    fn open(path: &Path) -> Result<OwnedFd, Obstacle> {
        if is_mounted_at(path)? {
            return Err(Obstacle::Mounted(path.to_path_buf()));
        }
        let open = || rustix::fs::openat(CWD, path, FLAGS, Mode::empty());
        match open() {
            Err(Errno::ACCESS) if make_writable(path).is_ok() => open().map_err(refused),
            other => other.map_err(refused),
        }
    }

    /// Remove what the directory `path` holds, but for the entry `kept` and what cannot be deleted.
    pub fn empty(path: &Path, kept: Option<&OsStr>) -> Result<(), Obstacle> {
        let top = open(path)?;
        let mut sweep = Sweep {
            top: &top,
            kept: kept.map(c_string).transpose()?,
            deep: 0,
            place: path.to_path_buf(),
            failure: None,
        };
        while sweep.empty_directory(&top, 0)? > 0 {
            // Failures of the last round count: what is left then is left.
            sweep.failure = None;
        }
        sweep.failure.map_or(Ok(()), Err)
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
        /// Why the first entry that could not be deleted stays.
        failure: Option<Obstacle>,
    }

    impl Sweep<'_> {
        /// Remove what `directory` holds; returns how much came of it, so that 0 means that nothing more will.
        fn empty_directory(
            &mut self,
            directory: &OwnedFd,
            depth: usize,
        ) -> Result<usize, Obstacle> {
            let mut entries = list(directory)?;
            if depth == 0 {
                entries.retain(|(name, _)| Some(name) != self.kept.as_ref());
            }
            let mut count = 0;
            for (name, file_type) in &entries {
                let removed = match file_type {
                    FileType::Directory | FileType::Unknown => {
                        self.remove_subdirectory(directory, name, depth)
                    }
                    _ => self.unlink(directory, name, AtFlags::empty()).map(|()| 1),
                };
                count += removed.or_else(|obstacle| self.remember(name, obstacle))?;
            }
            Ok(count)
        }

        /// Go on after a failure, if it does not end the sweep.
        fn remember(&mut self, name: &CString, obstacle: Obstacle) -> Result<usize, Obstacle> {
            let Obstacle::Refused(source) = obstacle else {
                return Err(obstacle);
            };
            if self.failure.is_none() {
                let path = self.place.join(OsStr::from_bytes(name.to_bytes()));
                self.failure = Some(Obstacle::Undeletable { path, source });
            }
            Ok(0)
        }

        /// Remove an entry that may be a directory.
        fn remove_subdirectory(
            &mut self,
            parent: &OwnedFd,
            name: &CString,
            depth: usize,
        ) -> Result<usize, Obstacle> {
            let directory = match open_below(parent, name) {
                Ok(directory) => directory,
                Err(error) => match Errno::from_io_error(&error) {
                    Some(Errno::NOTDIR | Errno::LOOP | Errno::MLINK) => {
                        return self.unlink(parent, name, AtFlags::empty()).map(|()| 1);
                    }
                    Some(Errno::NOENT) => return Ok(1),
                    Some(Errno::XDEV) => return Err(self.stop_at(name)),
                    _ => return Err(error.into()),
                },
            };
            if depth >= DEPTH_LIMIT {
                self.deep += 1;
                let shallow = format!(".deep-{}", self.deep);
                rustix::fs::renameat(parent, name.as_c_str(), self.top, shallow.as_str())
                    .map_err(refused)?;
                return Ok(1);
            }
            self.place.push(OsStr::from_bytes(name.to_bytes()));
            let emptied = self.empty_directory(&directory, depth + 1);
            self.place.pop();
            let count = emptied?;
            match self.unlink(parent, name, AtFlags::REMOVEDIR) {
                Ok(()) => Ok(count + 1),
                // Something in it stays, and has been remembered.
                Err(_) if self.failure.is_some() => Ok(count),
                Err(obstacle) => self.remember(name, obstacle).map(|_| count),
            }
        }

        fn unlink(
            &self,
            directory: &OwnedFd,
            name: &CString,
            flags: AtFlags,
        ) -> Result<(), Obstacle> {
            #[cfg(test)]
            if name.to_bytes() == crate::sys::pretend::UNDELETABLE.get().as_bytes() {
                return Err(refused(Errno::PERM));
            }
            let unlink = || rustix::fs::unlinkat(directory, name.as_c_str(), flags);
            match unlink() {
                Err(Errno::ACCESS) if rustix::fs::fchmod(directory, Mode::RWXU).is_ok() => {
                    unlink().map_err(refused)
                }
                Err(Errno::NOENT) => Ok(()),
                Err(Errno::BUSY) if is_mounted_in(directory, name, None)? => {
                    Err(self.stop_at(name))
                }
                other => other.map_err(refused),
            }
        }

        fn stop_at(&self, name: &CString) -> Obstacle {
            Obstacle::Mounted(self.place.join(OsStr::from_bytes(name.to_bytes())))
        }
    }

    fn c_string(name: &OsStr) -> Result<CString, Obstacle> {
        CString::new(name.as_bytes()).map_err(|error| Obstacle::Refused(error.into()))
    }

    fn refused(errno: Errno) -> Obstacle {
        Obstacle::Refused(errno.into())
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
    fn open_below(parent: &OwnedFd, name: &CString) -> io::Result<OwnedFd> {
        let open = || rustix::fs::openat(parent, name.as_c_str(), FLAGS, Mode::empty());
        let opened = match open() {
            Err(Errno::ACCESS) if is_mounted_in(parent, name, None)? => Err(Errno::XDEV),
            Err(Errno::ACCESS) => {
                // Only reached for entries that are directories: others fail with ENOTDIR or ELOOP.
                match make_writable_in(parent, name.as_c_str()) {
                    Ok(()) => open(),
                    Err(_) => Err(Errno::ACCESS),
                }
            }
            other => other,
        }?;
        if is_mounted_in(parent, name, Some(&opened))? {
            Err(Errno::XDEV.into())
        } else {
            Ok(opened)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_only_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let tree = directory.path().join("tree");
        for (top, last) in [("a", "last"), ("last", "last")] {
            std::fs::create_dir_all(tree.join(top).join("deeper")).unwrap();
            for path in [tree.join("file"), tree.join(top).join("deeper/file")] {
                std::fs::write(&path, "x").unwrap();
                let mut permissions = path.metadata().unwrap().permissions();
                permissions.set_readonly(true);
                std::fs::set_permissions(&path, permissions).unwrap();
            }
            remove_tree_in_order(&tree, last.as_ref()).unwrap();
            assert!(!tree.exists());
        }
    }

    #[cfg(windows)]
    #[test]
    fn what_is_last_stays_while_anything_else_does() {
        use std::os::windows::fs::OpenOptionsExt;
        let directory = tempfile::tempdir().unwrap();
        let tree = directory.path().join("tree");
        std::fs::create_dir(&tree).unwrap();
        for name in ["last", "used"] {
            std::fs::write(tree.join(name), "x").unwrap();
        }
        let alone = || std::fs::File::options().read(true).share_mode(0).to_owned();
        let in_use = alone().open(tree.join("used")).unwrap();
        assert!(remove_tree_in_order(&tree, "last".as_ref()).is_err());
        assert!(tree.join("last").is_file());
        drop(in_use);
        remove_tree_in_order(&tree, "last".as_ref()).unwrap();
        assert!(!tree.exists());
    }
}
