//! What the functions of every system answer.

use std::fs::File;
use std::io;

use cs_entry::ownership::Attributes;

/// What has a name, not what a link of that name leads to.
pub(crate) struct Seen {
    pub attributes: Attributes,
    pub is_link: bool,
    pub is_directory: bool,
}

/// What came of an attempt to lock a directory.
pub(crate) enum Attempt {
    /// It is locked until the file is closed, by this process's end at the latest.
    Locked(File),
    /// Another process holds it.
    Held,
    /// The file system does not lock directories.
    Unsupported,
}

/// What came of an attempt to exchange two directories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exchange {
    /// Each has the other's name now.
    #[cfg_attr(not(unix), expect(dead_code, reason = "directories are not exchanged"))]
    Done,
    /// The system or file system cannot do that in one step.
    Unsupported,
}

/// What a file system has left for the calling user; `None` where it does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    pub bytes: Option<u64>,
    pub files: Option<u64>,
}

impl Room {
    #[cfg(unix)]
    pub const UNKNOWN: Self = Self {
        bytes: None,
        files: None,
    };
}

/// Whether an error means that there is no such file, nor could be.
pub(crate) fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
