//! The one error of this crate.

use std::io;
use std::path::PathBuf;

/// What a failure means: one word, which the caller turns into a status and advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The network, a proxy, a server, a certificate or this machine's settings for them failed.
    Network(Cause),
    /// What arrived is not what the lock names.
    Damaged,
    /// An archive on this machine cannot be read.
    LocalFile,
    /// A URL of the lock cannot be used.
    Url,
    /// The spool directory cannot be written.
    CannotWrite,
    /// The disk is full, or failed in another way.
    Io,
    /// The cancel flag was raised.
    Cancelled,
}

/// What it is about the network that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A server, or the way to it, failed.
    Unreachable,
    /// A host name does not lead to an address.
    Name,
    /// A certificate is not trusted, or there is none to trust by.
    Certificate,
    /// A server wants credentials, or others than it got.
    Credentials,
    /// A proxy wants credentials, or others than it got.
    ProxyCredentials,
    /// No server has the archive any more.
    Gone,
    /// A server leads away from encryption.
    Redirect,
    /// A proxy that this machine is set up with cannot be used.
    Proxy,
    /// A file of credentials cannot be used.
    CredentialsFile,
    /// This process may not start a thread.
    Threads,
    /// This process has as many files and connections open as it may.
    OpenFiles,
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

/// An archive that is not available. URLs contain no credentials. The text says what is wrong
/// and where; what to do is the caller's to say.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// All attempts failed, or the server refused for good.
    #[error("cannot download {file_name} {}", join(tried))]
    Network {
        /// The archive.
        file_name: String,
        /// Every place that was asked, in the end without success.
        tried: Vec<Tried>,
        /// What failed in the end.
        cause: Cause,
    },
    /// Certificates, proxy or credentials of this machine cannot be used.
    #[error("cannot set up downloads: {reason}")]
    Setup {
        /// What failed.
        reason: String,
        /// What of it failed.
        cause: Cause,
    },
    /// The bytes are not those that the lock names, twice in a row.
    #[error(
        "{file_name} from {url} is not the archive that the runtime lock names: {what} is {actual}, expected {expected}"
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
    #[error("cannot read {}: {}", path.display(), cs_file::describe_error(source))]
    LocalFile {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The spool directory cannot be written.
    #[error("cannot store downloads in {}: {}", path.display(), cs_file::describe_error(source))]
    Spool {
        /// The directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A URL that cannot be fetched.
    #[error("cannot download {file_name}: {reason}")]
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
    /// What the failure means.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Network { cause, .. } | Self::Setup { cause, .. } => Kind::Network(*cause),
            Self::Damaged { .. } => Kind::Damaged,
            Self::LocalFile { .. } => Kind::LocalFile,
            Self::Url { .. } => Kind::Url,
            Self::Spool { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Kind::CannotWrite
            }
            Self::Spool { .. } => Kind::Io,
            Self::Cancelled => Kind::Cancelled,
        }
    }
}
