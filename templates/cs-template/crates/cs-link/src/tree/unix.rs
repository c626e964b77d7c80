//! Directory handles and `openat(2)`.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{self, AtFlags, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;

/// Open directories that one thread keeps.
const HANDLES: usize = 48;
/// Files from this size on are written to the disk early.
#[cfg(target_os = "linux")]
const LARGE_FILE_BYTES: u64 = 4 << 20;

const DIRECTORY: OFlags = OFlags::DIRECTORY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC)
    .union(OFlags::RDONLY);
const NEW_FILE: OFlags = OFlags::WRONLY
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::CLOEXEC);
const OLD_FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
const SCRATCH_FILE: OFlags = NEW_FILE.difference(OFlags::WRONLY).union(OFlags::RDWR);

/// The staging directory.
pub(crate) struct Tree {
    root: OwnedFd,
    path: PathBuf,
}

impl Tree {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let root = fs::open(path, DIRECTORY, Mode::empty())?;
        Ok(Self {
            root,
            path: path.to_owned(),
        })
    }

    /// Where a path of the tree is for the rest of the system.
    pub(crate) fn full_path(&self, path: &str) -> PathBuf {
        self.path.join(path)
    }

    /// Bytes that are free on the tree's file system, where it says so.
    pub(crate) fn free_bytes(&self) -> Option<u64> {
        let system = fs::fstatvfs(&self.root).ok()?;
        Some(system.f_bavail.saturating_mul(system.f_frsize))
    }

    /// A way to write into the tree, for one thread.
    pub(crate) fn hand(&self) -> Hand<'_> {
        Hand {
            tree: self,
            open: HashMap::new(),
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
    open: HashMap<Box<str>, Arc<OwnedFd>>,
    /// Whether it makes the directories that it lacks.
    makes_directories: bool,
}

impl<'t> Hand<'t> {
    /// Create a file that is not there yet, with what the umask leaves of `mode`.
    pub(crate) fn create_file(&mut self, path: &str, mode: u32) -> io::Result<File> {
        let (directory, name) = self.parent(path)?;
        let file = fs::openat(directory.as_fd(), name, NEW_FILE, to_mode(mode))?;
        Ok(File::from(file))
    }

    /// Create a file to write and read whose name, not there yet, is gone at once.
    pub(crate) fn create_nameless(&mut self, path: &str) -> io::Result<File> {
        let (directory, name) = self.parent(path)?;
        let file = fs::openat(
            directory.as_fd(),
            name,
            SCRATCH_FILE,
            Mode::RUSR | Mode::WUSR,
        )?;
        fs::unlinkat(directory.as_fd(), name, AtFlags::empty())?;
        Ok(File::from(file))
    }

    /// Create a symbolic link that is not there yet.
    pub(crate) fn create_symlink(
        &mut self,
        path: &str,
        target: &[u8],
        modified: Option<i64>,
    ) -> io::Result<()> {
        let (directory, name) = self.parent(path)?;
        fs::symlinkat(target, directory.as_fd(), name)?;
        if let Some(times) = to_times(modified) {
            fs::utimensat(directory.as_fd(), name, &times, AtFlags::SYMLINK_NOFOLLOW)?;
        }
        Ok(())
    }

    /// Give a file or symbolic link of the tree a second name.
    pub(crate) fn create_hard_link(&mut self, path: &str, existing: &str) -> io::Result<()> {
        let (directory, name) = self.parent(path)?;
        let (old_directory, old_name) = self.parent(existing)?;
        Ok(fs::linkat(
            old_directory.as_fd(),
            old_name,
            directory.as_fd(),
            name,
            AtFlags::empty(),
        )?)
    }

    /// Have a directory, with all above it.
    pub(crate) fn create_directory(&mut self, path: &str) -> io::Result<()> {
        self.directory(path).map(drop)
    }

    /// Remove a file or symbolic link.
    pub(crate) fn remove(&mut self, path: &str) -> io::Result<()> {
        let (directory, name) = self.parent(path)?;
        match fs::unlinkat(directory.as_fd(), name, AtFlags::empty()) {
            // What POSIX wants of a directory; Linux says more.
            Err(Errno::PERM) if is_directory(directory.as_fd(), name) => Err(Errno::ISDIR.into()),
            other => Ok(other?),
        }
    }

    /// Remove an empty directory.
    pub(crate) fn remove_directory(&mut self, path: &str) -> io::Result<()> {
        let (directory, name) = self.parent(path)?;
        Ok(fs::unlinkat(directory.as_fd(), name, AtFlags::REMOVEDIR)?)
    }

    /// Give a file or symbolic link another name, where nothing is yet.
    pub(crate) fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let (directory, name) = self.parent(to)?;
        let (old_directory, old_name) = self.parent(from)?;
        Ok(fs::renameat(
            old_directory.as_fd(),
            old_name,
            directory.as_fd(),
            name,
        )?)
    }

    /// Where a symbolic link leads, as text.
    pub(crate) fn read_link(&mut self, path: &str) -> io::Result<String> {
        let (directory, name) = self.parent(path)?;
        let target = fs::readlinkat(directory.as_fd(), name, Vec::new())?;
        Ok(target.to_string_lossy().into_owned())
    }

    /// Hold no directories open: some of them are no longer there.
    pub(crate) fn forget(&mut self) {
        self.open.clear();
    }

    /// Whether there is a directory, or something else.
    pub(crate) fn is_directory(&mut self, path: &str) -> io::Result<bool> {
        let (directory, name) = self.parent(path)?;
        let stat = fs::statat(directory.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(fs::FileType::from_raw_mode(stat.st_mode).is_dir())
    }

    /// Open a regular file for reading; something else may be opened too, but is not waited for.
    pub(crate) fn open_file(&mut self, path: &str) -> io::Result<File> {
        let (directory, name) = self.parent(path)?;
        Ok(File::from(fs::openat(
            directory.as_fd(),
            name,
            OLD_FILE,
            Mode::empty(),
        )?))
    }

    fn parent<'p>(&mut self, path: &'p str) -> io::Result<(Handle<'t>, &'p str)> {
        match path.rsplit_once('/') {
            Some((directory, name)) => Ok((Handle::Open(self.directory(directory)?), name)),
            None => Ok((Handle::Root(self.tree.root.as_fd()), path)),
        }
    }

    fn directory(&mut self, path: &str) -> io::Result<Arc<OwnedFd>> {
        if let Some(open) = self.open.get(path) {
            return Ok(Arc::clone(open));
        }
        let (above, name) = self.parent(path)?;
        let opened = if self.makes_directories {
            open_or_create(above.as_fd(), name)?
        } else {
            fs::openat(above.as_fd(), name, DIRECTORY, Mode::empty())?
        };
        let opened = Arc::new(opened);
        drop(above);
        if self.open.len() >= HANDLES {
            self.open.clear();
        }
        self.open.insert(path.into(), Arc::clone(&opened));
        Ok(opened)
    }
}

/// An open directory.
enum Handle<'t> {
    Root(BorrowedFd<'t>),
    Open(Arc<OwnedFd>),
}

impl AsFd for Handle<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Root(root) => *root,
            Self::Open(open) => open.as_fd(),
        }
    }
}

fn open_or_create(above: BorrowedFd, name: &str) -> io::Result<OwnedFd> {
    match fs::openat(above, name, DIRECTORY, Mode::empty()) {
        Err(Errno::NOENT) => {}
        other => return Ok(other?),
    }
    match fs::mkdirat(above, name, to_mode(0o777)) {
        Ok(()) | Err(Errno::EXIST) => Ok(fs::openat(above, name, DIRECTORY, Mode::empty())?),
        Err(error) => Err(error.into()),
    }
}

fn is_directory(above: BorrowedFd, name: &str) -> bool {
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    fs::statat(above, name, flags)
        .is_ok_and(|stat| fs::FileType::from_raw_mode(stat.st_mode).is_dir())
}

/// Set the time of an open file's last change, in seconds since 1970; `None` leaves the present time.
pub(crate) fn set_modified(file: &File, modified: Option<i64>) -> io::Result<()> {
    match to_times(modified) {
        Some(times) => Ok(fs::futimens(file, &times)?),
        None => Ok(()),
    }
}

/// Start writing a large file to the disk, and wait for nothing: after a power cut the last pieces of
/// large files would be the ones that a finished prefix lacks (docs/development/decisions/durability.md).
#[cfg(target_os = "linux")]
pub(crate) fn start_writing(file: &File, size: u64) {
    use std::os::fd::AsRawFd;
    if size > LARGE_FILE_BYTES {
        // SAFETY: the descriptor is open, and the call touches no memory. A file system
        // that cannot do it needs nothing.
        unsafe { libc::sync_file_range(file.as_raw_fd(), 0, 0, libc::SYNC_FILE_RANGE_WRITE) };
    }
}

/// Other systems have no such call; see `Policy::sync` of `cs_prefix`.
#[cfg(not(target_os = "linux"))]
pub(crate) fn start_writing(_: &File, _: u64) {}

pub(super) fn is_link_loop(error: &io::Error) -> bool {
    // What open(2) says of a symbolic link it must not follow: ELOOP, on FreeBSD EMLINK.
    matches!(
        Errno::from_io_error(error),
        Some(Errno::LOOP | Errno::MLINK)
    )
}

/// Whether an error says that this user may not make symbolic links: every user may.
pub(crate) fn is_link_denied(_: &io::Error) -> bool {
    false
}

/// The bits of a mode that are asked for: what is made here is never for everybody to
/// write to, not even where the umask lets it.
///
/// Group and set-group-id bit of a directory are the system's doing: it passes them on from the directory above.
fn to_mode(mode: u32) -> Mode {
    Mode::from_raw_mode((mode & 0o775) as fs::RawMode)
}

fn to_times(modified: Option<i64>) -> Option<Timestamps> {
    let time = Timespec {
        tv_sec: modified?,
        tv_nsec: 0,
    };
    Some(Timestamps {
        last_access: time,
        last_modification: time,
    })
}
