//! What all packages of a job share, and what it means that one of them cannot be written there.

use std::io;
use std::sync::Mutex;

use crate::Job;
use crate::aside::Aside;
use crate::clobber::Claims;
use crate::fault::Fault;
use crate::layout::Layout;
use crate::tree::{Tree, is_obstructed};

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

/// What it means that something under the staging directory cannot be written.
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
            "a directory of the same or another package already exists there",
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
