//! What all packages of a job share, and what it means that one of them cannot be written there.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

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
    /// Where the records of wheels are.
    pub(crate) wheels: Wheels,
    /// Held by the one package with a long list of paths that may be linked at a time.
    pub(crate) long_lists: Mutex<()>,
    /// The final prefix as it is written into files.
    pub(crate) prefix: &'a str,
}

/// Where the RECORD of each wheel is that is in place, relative to the prefix, by index.
#[derive(Default)]
pub(crate) struct Wheels(Mutex<HashMap<usize, String>>);

impl Wheels {
    pub(crate) fn add(&self, index: usize, record: String) {
        self.lock().insert(index, record);
    }

    pub(crate) fn find(&self, index: usize) -> Option<String> {
        self.lock().get(&index).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<usize, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
