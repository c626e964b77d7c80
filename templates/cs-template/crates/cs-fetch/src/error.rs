//! The one error of this crate.

use std::io;
use std::path::PathBuf;

/// What a failure means for the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The network, a proxy, a server or a missing certificate (exit status 69).
    Network,
    /// What arrived is not what the lock names (exit status 66).
    Damaged,
    /// The spool directory cannot be written (exit status 73).
    CannotWrite,
    /// Disk full or another local failure (exit status 74).
    Io,
    /// The cancel flag was raised.
    Cancelled,
}

/// A place that was asked for an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Its URL, without credentials.
    pub url: String,
    /// Why it was given up.
    pub reason: String,
}

fn join(tried: &[Tried]) -> String {
    let say = |tried: &Tried| format!("from {}: {}", tried.url, tried.reason);
    tried.iter().map(say).collect::<Vec<_>>().join("; ")
}

/// An archive that cannot be had. URLs carry no credentials.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// All attempts failed, or the server refused for good.
    #[error("cannot download {file_name} {}. {hint}", join(tried))]
    Network {
        /// The archive.
        file_name: String,
        /// Every place that was asked, in the end without success.
        tried: Vec<Tried>,
        /// What to do about it.
        hint: &'static str,
    },
    /// Certificates, proxy or credentials of this machine cannot be used.
    #[error("cannot set up downloads: {reason}. {hint}")]
    Setup {
        /// What failed.
        reason: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// The bytes are not those that the lock names, twice in a row.
    #[error(
        "{file_name} from {url} is not the archive that the runtime lock names: {what} is {actual}, expected {expected}. \
         A proxy or mirror may serve a wrong copy; try again later, or use --bundle."
    )]
    Damaged {
        /// The archive.
        file_name: String,
        /// Where from.
        url: String,
        /// What differs: its SHA-256, or its size in bytes.
        what: &'static str,
        /// According to the lock.
        expected: String,
        /// As it arrived.
        actual: String,
    },
    /// A `file://` URL or plain path that cannot be read.
    #[error("cannot read {}: {source}. Check the path, or use --bundle.", path.display())]
    LocalFile {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The spool directory cannot be written.
    #[error("cannot store downloads in {}: {source}. Free some space there, or choose another place with --path.", path.display())]
    Spool {
        /// The directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A URL that cannot be fetched.
    #[error(
        "cannot download {file_name}: {reason}. The runtime lock is damaged, or was made for another tool."
    )]
    Url {
        /// The archive, or the whole URL without credentials.
        file_name: String,
        /// What is wrong with the URL.
        reason: String,
    },
    /// The cancel flag was raised.
    #[error("the downloads were interrupted")]
    Cancelled,
}

impl FetchError {
    /// What the failure means for the exit status.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Network { .. } | Self::Setup { .. } => ErrorKind::Network,
            Self::Damaged { .. } | Self::LocalFile { .. } | Self::Url { .. } => ErrorKind::Damaged,
            Self::Spool { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                ErrorKind::CannotWrite
            }
            Self::Spool { .. } => ErrorKind::Io,
            Self::Cancelled => ErrorKind::Cancelled,
        }
    }
}
