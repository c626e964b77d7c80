//! Files that the system did not delete.

use std::path::PathBuf;

/// Files that could not be deleted. The user gets one message about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remains {
    /// The directory next to the prefix that they were moved to.
    pub place: PathBuf,
    /// The first file or directory in it that could not be deleted.
    pub file: PathBuf,
    /// The system's words.
    pub why: String,
}
