//! The one error of this crate.

use std::io;
use std::path::PathBuf;

/// What a failure means: one word, which the caller turns into a status and advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The bundle, or an archive in it, does not exist.
    Missing,
    /// The bundle cannot be opened.
    Closed,
    /// Reading the bundle failed half way.
    Io,
    /// There is no place for the archives of a compressed bundle.
    Spool,
    /// The bundle is damaged.
    Damaged,
    /// The bundle contains anything but package archives.
    Entry,
    /// An archive in the bundle is not the one that the lock names.
    Mismatch,
    /// The lock itself names an archive that cannot be.
    Lock,
    /// The bundle inside the executable is damaged.
    Embedded,
    /// The cancel flag was raised.
    Cancelled,
}

/// A bundle that cannot be used. Its text says what is wrong and where; what to do is the caller's to say.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The bundle, or an archive of a bundle directory, cannot be opened.
    #[error("cannot open the bundle {}: {}", path.display(), cs_file::describe_error(source))]
    Open {
        /// The bundle, or the file in it.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Reading failed half way.
    #[error("cannot read the bundle {}: {}", path.display(), cs_file::describe_error(source))]
    Read {
        /// The bundle.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The archives of a compressed bundle cannot be unpacked to disk.
    #[error("cannot unpack the bundle into {}: {}", path.display(), cs_file::describe_error(source))]
    Spool {
        /// The spool directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The bundle is not a zstd-compressed tar, or is truncated.
    #[error("the bundle {} is damaged: {what}", path.display())]
    Damaged {
        /// The bundle.
        path: PathBuf,
        /// What is wrong, and where.
        what: String,
    },
    /// An entry that a bundle must not have.
    #[error("the bundle {} is refused: its entry {entry:?} {reason}", path.display())]
    Entry {
        /// The bundle.
        path: PathBuf,
        /// The entry's name.
        entry: String,
        /// Why it is refused.
        reason: &'static str,
    },
    /// An archive does not have the size that the lock says.
    #[error("{file_name} in the bundle {} has {actual} bytes, but the runtime lock says {expected}", path.display())]
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
    #[error(
        "{file_name} in the bundle {} is not the archive that the runtime lock names: \
         its SHA-256 is {actual}, expected {expected}",
        path.display()
    )]
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
    #[error("{file_name:?} is not the name of a package archive")]
    FileName {
        /// The name.
        file_name: String,
    },
    /// The bundle inside the executable deviates from the canonical form.
    #[error("the bundle in this runtime is damaged: {what}")]
    Embedded {
        /// What is wrong, and where.
        what: String,
    },
    /// The cancel flag was raised.
    #[error("reading the bundle was interrupted")]
    Cancelled,
}

impl BundleError {
    /// What the failure means.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Open { source, .. } if source.kind() == io::ErrorKind::NotFound => Kind::Missing,
            Self::Open { .. } => Kind::Closed,
            Self::Read { .. } => Kind::Io,
            Self::Spool { .. } => Kind::Spool,
            Self::Damaged { .. } => Kind::Damaged,
            Self::Entry { .. } => Kind::Entry,
            Self::Size { .. } | Self::Sha256 { .. } => Kind::Mismatch,
            Self::FileName { .. } => Kind::Lock,
            Self::Embedded { .. } => Kind::Embedded,
            Self::Cancelled => Kind::Cancelled,
        }
    }
}
