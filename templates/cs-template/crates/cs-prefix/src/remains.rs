//! What could not be deleted.

use std::path::PathBuf;

/// What could not be deleted, reported once to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remains {
    /// The directory next to the prefix that has them now.
    pub place: PathBuf,
    /// The first file or directory in it that could not be deleted.
    pub file: PathBuf,
    /// The system's words.
    pub why: String,
}
