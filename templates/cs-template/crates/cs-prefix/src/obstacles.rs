//! What stops the removal of a directory, and where.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{PrefixError, is_full};

/// Why a directory is not removed, or not all of it.
#[derive(Debug)]
pub(crate) enum Obstacle {
    /// Something is mounted here: nothing more was removed.
    #[cfg_attr(not(unix), expect(dead_code, reason = "trees are removed in one call"))]
    Mounted(PathBuf),
    /// This cannot be deleted; all else was.
    #[cfg_attr(not(unix), expect(dead_code, reason = "trees are removed in one call"))]
    Undeletable {
        /// The file or directory.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The directory itself cannot be read, moved or removed.
    Refused(io::Error),
}

impl From<io::Error> for Obstacle {
    fn from(source: io::Error) -> Self {
        Self::Refused(source)
    }
}

impl Obstacle {
    /// Whether the disk is full.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Undeletable { source, .. } | Self::Refused(source) => is_full(source),
            Self::Mounted(_) => false,
        }
    }

    /// The error of a command that needed to do `action` with the directory `path`.
    pub fn into_error(self, action: &'static str, path: &Path) -> PrefixError {
        match self {
            Self::Mounted(path) => PrefixError::MountAppeared { path },
            Self::Undeletable { path, source } => PrefixError::io(action, &path, source),
            Self::Refused(source) => PrefixError::io(action, path, source),
        }
    }
}
