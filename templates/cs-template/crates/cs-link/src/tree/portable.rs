//! The same by path, for systems without `openat(2)`: every component is looked at before it is used.
//!
//! Only this process writes to the staging directory, and what it has made never
//! turns into a symbolic link, so looking once is enough.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use cs_file::insist;

/// The staging directory.
pub(crate) struct Tree {
    path: PathBuf,
}

impl Tree {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if fs::symlink_metadata(path)?.is_dir() {
            Ok(Self {
                path: path.to_owned(),
            })
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    }

    /// Where a path of the tree is for the rest of the system.
    pub(crate) fn full_path(&self, path: &str) -> PathBuf {
        let mut full = self.path.clone();
        full.extend(path.split('/').filter(|part| !part.is_empty()));
        full
    }

    /// Bytes that are free on the tree's file system: not asked for here.
    pub(crate) fn free_bytes(&self) -> Option<u64> {
        None
    }

    /// A way to write into the tree, for one thread.
    pub(crate) fn hand(&self) -> Hand<'_> {
        Hand {
            tree: self,
            known: HashSet::new(),
            makes_directories: true,
        }
    }

    /// A way to read what is in the tree, for one thread: it makes no directories.
    pub(crate) fn reader(&self) -> Hand<'_> {
        Hand {
            makes_directories: false,
            ..self.hand()
        }
    }
}

/// Creates files, links and directories; paths are clean and relative.
pub(crate) struct Hand<'t> {
    tree: &'t Tree,
    /// Directories that have been looked at.
    known: HashSet<Box<str>>,
    /// Whether it makes the directories that it lacks.
    makes_directories: bool,
}

impl Hand<'_> {
    /// Create a file that is not there yet.
    pub(crate) fn create_file(&mut self, path: &str, mode: u32) -> io::Result<File> {
        // The mode's execute bits mean nothing here, and a read-only file could not be replaced.
        let _ = mode;
        File::create_new(self.place(path)?)
    }

    /// Create a file to write and read whose name, not there yet, goes with its handle.
    pub(crate) fn create_nameless(&mut self, path: &str) -> io::Result<File> {
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        #[cfg(windows)]
        {
            const DELETE_ON_CLOSE: u32 = 0x0400_0000;
            std::os::windows::fs::OpenOptionsExt::custom_flags(&mut options, DELETE_ON_CLOSE);
        }
        options.open(self.place(path)?)
    }

    /// Create a symbolic link that is not there yet.
    pub(crate) fn create_symlink(
        &mut self,
        path: &str,
        target: &[u8],
        _: Option<i64>,
    ) -> io::Result<()> {
        let target = String::from_utf8_lossy(target).replace('/', "\\");
        make_symlink(Path::new(&target), &self.place(path)?)
    }

    /// Give a file of the tree a second name.
    pub(crate) fn create_hard_link(&mut self, path: &str, existing: &str) -> io::Result<()> {
        fs::hard_link(self.place(existing)?, self.place(path)?)
    }

    /// Have a directory, with all above it.
    pub(crate) fn create_directory(&mut self, path: &str) -> io::Result<()> {
        if self.known.contains(path) {
            return Ok(());
        }
        if let Some((above, _)) = path.rsplit_once('/') {
            self.create_directory(above)?;
        }
        let full = self.tree.full_path(path);
        if self.makes_directories {
            match fs::create_dir(&full) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        if !fs::symlink_metadata(&full)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        self.known.insert(path.into());
        Ok(())
    }

    /// Remove a file or symbolic link.
    pub(crate) fn remove(&mut self, path: &str) -> io::Result<()> {
        let full = self.place(path)?;
        if fs::symlink_metadata(&full)?.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        insist(|| fs::remove_file(&full))
    }

    /// Remove an empty directory.
    pub(crate) fn remove_directory(&mut self, path: &str) -> io::Result<()> {
        fs::remove_dir(self.place(path)?)
    }

    /// Give a file or symbolic link another name, where nothing is yet.
    pub(crate) fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let (from, to) = (self.place(from)?, self.place(to)?);
        insist(|| fs::rename(&from, &to))
    }

    /// Where a symbolic link leads, as text.
    pub(crate) fn read_link(&mut self, path: &str) -> io::Result<String> {
        let target = fs::read_link(self.place(path)?)?;
        Ok(target.to_string_lossy().into_owned())
    }

    /// Know no directories: some of them are no longer there.
    pub(crate) fn forget(&mut self) {
        self.known.clear();
    }

    /// Whether there is a directory, or something else.
    pub(crate) fn is_directory(&mut self, path: &str) -> io::Result<bool> {
        Ok(fs::symlink_metadata(self.place(path)?)?.is_dir())
    }

    /// Open a regular file for reading.
    pub(crate) fn open_file(&mut self, path: &str) -> io::Result<File> {
        let full = self.place(path)?;
        if fs::symlink_metadata(&full)?.is_file() {
            File::open(full)
        } else {
            Err(io::ErrorKind::InvalidInput.into())
        }
    }

    fn place(&mut self, path: &str) -> io::Result<PathBuf> {
        if let Some((directory, _)) = path.rsplit_once('/') {
            self.create_directory(directory)?;
        }
        Ok(self.tree.full_path(path))
    }
}

#[cfg(windows)]
fn make_symlink(target: &Path, path: &Path) -> io::Result<()> {
    use std::os::windows::fs::{symlink_dir, symlink_file};
    // There are two kinds, and packages do not say which.
    let place = path.parent().map(|directory| directory.join(target));
    match place {
        Some(place) if place.is_dir() => symlink_dir(target, path),
        _ => symlink_file(target, path),
    }
}

#[cfg(not(windows))]
fn make_symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// There is no call for it here; see `Policy::sync` of `cs_prefix`.
pub(crate) fn start_writing(_: &File, _: u64) {}

/// Set the time of an open file's last change, in seconds since 1970; `None` leaves the present time.
pub(crate) fn set_modified(file: &File, modified: Option<i64>) -> io::Result<()> {
    match modified.and_then(|seconds| u64::try_from(seconds).ok()) {
        Some(seconds) => file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)),
        None => Ok(()),
    }
}

pub(super) fn is_link_loop(_: &io::Error) -> bool {
    false
}

/// Whether an error says that this user may not make symbolic links.
pub(crate) fn is_link_denied(error: &io::Error) -> bool {
    const PRIVILEGE_NOT_HELD: i32 = 1314;
    error.raw_os_error() == Some(PRIVILEGE_NOT_HELD)
}
