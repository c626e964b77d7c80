//! What stops a call of the system, with its path, inside of the [`io::Error`] that says so.

use std::io;
use std::path::PathBuf;

/// Where something is mounted that must be left alone, inside of an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("{0} is a mount point")]
pub(crate) struct Mounted(pub PathBuf);

impl From<Mounted> for io::Error {
    fn from(mounted: Mounted) -> Self {
        Self::new(io::ErrorKind::ResourceBusy, mounted)
    }
}

/// Whether an error means that something is mounted where only the runtime's own files should be.
pub(crate) fn is_mounted(error: &io::Error) -> bool {
    inner::<Mounted>(error).is_some()
}

/// What cannot be deleted, inside of an [`io::Error`] of the same kind.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}")]
pub(crate) struct Undeletable {
    /// The file or directory.
    pub path: PathBuf,
    /// The system's words.
    pub source: io::Error,
}

impl Undeletable {
    /// The one that an error tells of.
    pub fn find(error: &io::Error) -> Option<&Self> {
        inner(error)
    }
}

impl From<Undeletable> for io::Error {
    fn from(found: Undeletable) -> Self {
        Self::new(found.source.kind(), found)
    }
}

pub(crate) fn inner<T: std::error::Error + 'static>(error: &io::Error) -> Option<&T> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}
