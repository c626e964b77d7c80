//! What every part of a job needs.

use std::fs::File;
use std::io;
use std::sync::Mutex;

use crate::Job;
use crate::aside::Aside;
use crate::clobber::Claims;
use crate::fault::Fault;
use crate::layout::Layout;
use crate::paths::clean_path;
use crate::record::PathRecord;
use crate::tar::{Entry, Kind};
use crate::tree::{Hand, Tree, is_obstructed};

/// What all packages of a job share.
pub(crate) struct Shared<'a> {
    pub(crate) job: &'a Job<'a>,
    pub(crate) tree: &'a Tree,
    pub(crate) claims: &'a Claims,
    pub(crate) aside: &'a Aside,
    pub(crate) layout: Option<&'a Layout>,
    /// Held by the one package with a long list of paths that may be linked at a time.
    pub(crate) long_lists: Mutex<()>,
    /// The final prefix as it is written into files.
    pub(crate) prefix: &'a str,
}

/// What became of one package.
#[derive(Default)]
pub(crate) struct Linked {
    pub(crate) paths: Vec<PathRecord>,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    /// Modules that Python would compile when it imports them, relative to the prefix.
    pub(crate) modules: Vec<String>,
    pub(crate) misstated: Option<Misstated>,
}

/// Files whose size is another than the package's own list says.
pub(crate) struct Misstated {
    pub(crate) files: u64,
    /// One of them, within the archive, and its sizes in bytes.
    pub(crate) first: String,
    pub(crate) stated: u64,
    pub(crate) actual: u64,
}

/// The entry's path, if it and the entry are such that a package may have them.
pub(crate) fn checked_path(entry: &Entry) -> Result<String, Fault> {
    if entry.kind == Kind::Directory && matches!(entry.path.as_slice(), b"." | b"./" | b"") {
        return Ok(String::new());
    }
    let path =
        clean_path(&entry.path).map_err(|reason| Fault::hostile(lossy(&entry.path), reason))?;
    match entry.kind {
        Kind::Other(b'3' | b'4') => Err(Fault::hostile(path, "it is a device")),
        Kind::Other(b'6') => Err(Fault::hostile(path, "it is a fifo")),
        Kind::Other(kind) => Err(Fault::hostile(
            path,
            format!("it is of tar's type {:?}", char::from(kind)),
        )),
        _ => Ok(path),
    }
}

/// Bytes of a path, as text for people.
pub(crate) fn lossy(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// What it means that something below the staging directory cannot be written.
pub(crate) fn write_fault(shared: &Shared, path: &str, source: io::Error) -> Fault {
    if is_obstructed(&source) {
        return Fault::hostile(
            path,
            "a parent directory is a symbolic link or a file installed by this or another package",
        );
    }
    if source.kind() == io::ErrorKind::IsADirectory {
        return Fault::hostile(
            path,
            "a directory of the same or another package is there already",
        );
    }
    if source.kind() == io::ErrorKind::InvalidFilename {
        return Fault::hostile(
            path,
            "the file name or link target is too long for this file system",
        );
    }
    Fault::Write {
        path: shared.tree.full_path(path),
        source,
    }
}

/// Replace a whole file that is not a package's.
pub(crate) fn replace_file(hand: &mut Hand, path: &str) -> io::Result<File> {
    const MODE: u32 = 0o666;
    match hand.create_file(path, MODE) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            hand.remove(path)?;
            hand.create_file(path, MODE)
        }
        other => other,
    }
}
