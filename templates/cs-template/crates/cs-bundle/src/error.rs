//! The one error of this crate.

use std::io;
use std::path::PathBuf;

/// What a failure means for the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The bundle is missing, damaged, or not what the lock asks for (exit status 66).
    Unusable,
    /// This machine cannot hold or read it: disk full, I/O error (exit status 74).
    Io,
    /// The cancel flag was raised.
    Cancelled,
}

/// A bundle that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The bundle, or an archive of a bundle directory, cannot be opened.
    #[error("cannot open the bundle {}: {source}. Check the path and its permissions.", path.display())]
    Open {
        /// The bundle, or the file in it.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Reading failed half way.
    #[error("cannot read the bundle {}: {source}.", path.display())]
    Read {
        /// The bundle.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The archives of a compressed bundle cannot be unpacked to disk.
    #[error("cannot unpack the bundle into {}: {source}. Free some space, or name an unpacked bundle directory instead.", path.display())]
    Spool {
        /// The spool directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The bundle is not a zstd-compressed tar, or is truncated.
    #[error("the bundle {} is damaged: {what}. Get it again from where it came from.", path.display())]
    Damaged {
        /// The bundle.
        path: PathBuf,
        /// What is wrong, and where.
        what: String,
    },
    /// An entry that a bundle must not have.
    #[error("the bundle {} is refused: its entry {entry:?} {reason}. A bundle holds package archives at its top level and nothing else.", path.display())]
    Entry {
        /// The bundle.
        path: PathBuf,
        /// The entry's name.
        entry: String,
        /// Why it is refused.
        reason: &'static str,
    },
    /// An archive does not have the size that the lock says.
    #[error("{file_name} in the bundle {} has {actual} bytes, but the runtime lock says {expected}. The bundle belongs to another build, or is damaged.", path.display())]
    Size {
        /// The bundle.
        path: PathBuf,
        /// The archive.
        file_name: String,
        /// Bytes according to the lock.
        expected: u64,
        /// Bytes in the bundle.
        actual: u64,
    },
    /// An archive's bytes are not those that the lock says.
    #[error("{file_name} in the bundle {} is not the archive that the runtime lock names: its SHA-256 is {actual}, expected {expected}. The bundle belongs to another build, or is damaged.", path.display())]
    Sha256 {
        /// The bundle.
        path: PathBuf,
        /// The archive.
        file_name: String,
        /// Hex digest according to the lock.
        expected: String,
        /// Hex digest of the bundle's bytes.
        actual: String,
    },
    /// A file name in the lock is not a plain file name.
    #[error("{file_name:?} is not the name of a package archive. The runtime lock is damaged.")]
    FileName {
        /// The name.
        file_name: String,
    },
    /// The bundle inside the executable deviates from the canonical form.
    #[error(
        "the bundle in this runtime is damaged: {what}. Get the runtime again from where it came from."
    )]
    Embedded {
        /// What is wrong, and where.
        what: String,
    },
    /// The cancel flag was raised.
    #[error("reading the bundle was interrupted")]
    Cancelled,
}

impl BundleError {
    /// What the failure means for the exit status.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Open { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                ErrorKind::Unusable
            }
            Self::Open { .. } | Self::Read { .. } | Self::Spool { .. } => ErrorKind::Io,
            Self::Cancelled => ErrorKind::Cancelled,
            _ => ErrorKind::Unusable,
        }
    }
}
