//! What can go wrong with a prefix: what, and where.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::distrust::Distrust;
use crate::foreignness::Foreignness;
use crate::kind::Kind;
use crate::remains::Remains;

/// A prefix that cannot be read, built, swapped or removed. Its text says what is wrong
/// and where; what to do is the caller's to say.
#[derive(Debug, thiserror::Error)]
pub enum PrefixError {
    /// The path holds something that this runtime did not make.
    #[error("{path} is not a prefix of this runtime: {why}")]
    Foreign {
        /// What is in the way.
        path: PathBuf,
        /// The evidence.
        why: Foreignness,
    },
    /// Another user can have put there what is at the path, or next to it.
    #[error("{why}: other users may have put its contents there")]
    Untrusted {
        /// What is not relied on, and why.
        why: Distrust,
    },
    /// The path is one that must never be replaced or removed.
    #[error("{prefix} will not be used as a prefix: {why}")]
    Protected {
        /// The path as given.
        prefix: PathBuf,
        /// Why not.
        why: Protection,
    },
    /// The prefix is reached through a symbolic link.
    #[error(
        "{prefix} is a symbolic link to {target}: it can be run from there, \
         but it is neither replaced nor removed through the link"
    )]
    SymbolicLink {
        /// The link.
        prefix: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// The user may not write where the prefix is or belongs.
    #[error("no permission to write to {directory}, which is needed to {action}")]
    NotPermitted {
        /// The directory that cannot be written to.
        directory: PathBuf,
        /// What for.
        action: &'static str,
    },
    /// The user may not do what must be done with a path.
    #[error("no permission to {action} {path}")]
    Denied {
        /// A verb: "read", "rename".
        action: &'static str,
        /// The path in question.
        path: PathBuf,
    },
    /// A program has it open, or runs from it: Windows removes and renames no such thing.
    #[error("cannot {action} {path}: it is in use, or you do not have permission")]
    InUse {
        /// A verb: "remove", "rename".
        action: &'static str,
        /// The path in question.
        path: PathBuf,
    },
    /// Writing is impossible for everyone: a read-only file system, for instance.
    #[error("cannot write to {path}: {}", cs_file::describe_error(source))]
    CannotWrite {
        /// The path that cannot be written.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// Something is mounted at the prefix or in it, or in a directory next to it that would be moved or removed.
    #[error(
        "{path} is a mount point: what is mounted there is neither moved nor removed, \
         so the prefix can be neither replaced nor removed"
    )]
    MountPoint {
        /// Where it is mounted.
        path: PathBuf,
    },
    /// Something was mounted while directories were being moved, copied or removed.
    #[error("stopped at {path}, which is a mount point: what is mounted there was not touched")]
    MountAppeared {
        /// Where it is mounted.
        path: PathBuf,
    },
    /// The path is longer than the packages allow.
    #[error(
        "the prefix {prefix} is {length_bytes} bytes long, but the packages allow {limit_bytes} at most"
    )]
    PathTooLong {
        /// The prefix.
        prefix: PathBuf,
        /// Its length in bytes.
        length_bytes: usize,
        /// The longest that the packages' placeholders allow.
        limit_bytes: usize,
    },
    /// The disk lacks space.
    #[error(
        "not enough space in {directory}: {} needed, only {} free",
        megabytes(*.required_bytes), megabytes(*.available_bytes)
    )]
    NoSpace {
        /// A directory on the file system in question.
        directory: PathBuf,
        /// Bytes that the prefix takes.
        required_bytes: u64,
        /// Bytes that this user may still write.
        available_bytes: u64,
    },
    /// The file system lacks inodes.
    #[error(
        "not enough inodes in {directory}: {required_files} needed, only {available_files} free"
    )]
    NoInodes {
        /// A directory on the file system in question.
        directory: PathBuf,
        /// Files, links and directories that the prefix has.
        required_files: u64,
        /// Those that this user may still make.
        available_files: u64,
    },
    /// Another process holds the prefix and does not let go.
    #[error(
        "another process is still working on {prefix} after {} s; it holds a lock on {held}", .waited.as_secs()
    )]
    Busy {
        /// The prefix.
        prefix: PathBuf,
        /// The directory that it holds locked.
        held: PathBuf,
        /// How long this process waited.
        waited: Duration,
    },
    /// Everything was removed but what the system does not delete.
    #[error("{file} could not be deleted: {why}")]
    LeftBehind {
        /// The directory that is left.
        place: PathBuf,
        /// The first file or directory in it that could not be deleted.
        file: PathBuf,
        /// The system's words.
        why: String,
    },
    /// Something of the user's came into the prefix after the user agreed to remove what was there.
    #[error("{path} was added while waiting for your answer")]
    Appeared {
        /// An environment or a file.
        path: PathBuf,
    },
    /// There is nothing to roll back to.
    #[error("there is no previous prefix to restore: {previous} does not exist")]
    NothingToRollBack {
        /// Where it would be.
        previous: PathBuf,
    },
    /// The caller asked to stop.
    #[error("interrupted; {prefix} is as it was before")]
    Cancelled {
        /// The prefix.
        prefix: PathBuf,
    },
    /// Everything else that the system refuses.
    #[error("cannot {action} {path}: {}", cs_file::describe_error(source))]
    Io {
        /// A verb: "read", "rename".
        action: &'static str,
        /// The path in question.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

/// Why a path must never be replaced or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Protection {
    /// Nothing is above it.
    #[error("it is a root directory")]
    Root,
    /// The user's home is it, or is in it.
    #[error("your home directory is in it")]
    Home,
    /// The working directory is it, or is in it.
    #[error("the working directory is in it")]
    WorkingDirectory,
    /// It has no name, or no directory that it is in.
    #[error("it does not end in the name of a directory")]
    NoName,
    /// Its name is that of what belongs to another prefix.
    #[error("runtimes reserve such names for files next to their prefixes, and delete those files")]
    ReservedName,
}

impl From<Remains> for PrefixError {
    fn from(remains: Remains) -> Self {
        let Remains { place, file, why } = remains;
        Self::LeftBehind { place, file, why }
    }
}

impl PrefixError {
    /// Refuse what is at `path`.
    pub fn foreign(path: &Path, why: Foreignness) -> Self {
        match why {
            Foreignness::Untrusted(why) => Self::Untrusted { why },
            why => Self::Foreign {
                path: path.to_path_buf(),
                why,
            },
        }
    }

    /// Sort a system error: no permission, not writable at all, or plain failure.
    pub fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        if cfg!(windows) && says_in_use(source.raw_os_error(), action) {
            return Self::InUse { action, path };
        }
        match source.kind() {
            io::ErrorKind::PermissionDenied => Self::Denied { action, path },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::InvalidFilename => {
                Self::CannotWrite { path, source }
            }
            _ => Self::Io {
                action,
                path,
                source,
            },
        }
    }

    /// Say why `directory` cannot be written to: permissions, or a read-only file system.
    pub(crate) fn not_writable(directory: &Path, action: &'static str) -> Self {
        if let Err(source) = std::fs::metadata(directory) {
            return Self::Io {
                action: "look at",
                path: directory.to_path_buf(),
                source,
            };
        }
        if crate::sys::is_read_only(directory) {
            let source = io::Error::from(io::ErrorKind::ReadOnlyFilesystem);
            return Self::CannotWrite {
                path: directory.to_path_buf(),
                source,
            };
        }
        Self::NotPermitted {
            directory: directory.to_path_buf(),
            action,
        }
    }

    /// What the failure means.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Foreign { .. } => Kind::Foreign,
            Self::Untrusted { why } => Kind::Untrusted(why.doubt),
            Self::Protected {
                why: Protection::WorkingDirectory,
                ..
            } => Kind::Occupied,
            Self::Protected { .. } => Kind::Protected,
            Self::SymbolicLink { .. } => Kind::SymbolicLink,
            Self::NotPermitted { .. } | Self::Denied { .. } => Kind::NotPermitted,
            Self::InUse { .. } => Kind::InUse,
            Self::CannotWrite { .. } => Kind::CannotWrite,
            Self::MountPoint { .. } => Kind::MountPoint,
            Self::MountAppeared { .. } => Kind::MountAppeared,
            Self::PathTooLong { .. } => Kind::PathTooLong,
            Self::NoSpace { .. } => Kind::NoSpace,
            Self::NoInodes { .. } => Kind::NoInodes,
            Self::Busy { .. } => Kind::Busy,
            Self::LeftBehind { .. } => Kind::LeftBehind,
            Self::Appeared { .. } => Kind::Appeared,
            Self::NothingToRollBack { .. } => Kind::NothingToRollBack,
            Self::Cancelled { .. } => Kind::Cancelled,
            Self::Io { source, .. } if is_full(source) => Kind::DiskFull,
            Self::Io { .. } => Kind::Io,
        }
    }

    /// The path to check: where a link leads, what is left of a prefix, else the one that the text names.
    pub fn path(&self) -> &Path {
        match self {
            Self::Foreign { path, .. }
            | Self::Denied { path, .. }
            | Self::InUse { path, .. }
            | Self::CannotWrite { path, .. }
            | Self::MountPoint { path }
            | Self::MountAppeared { path }
            | Self::Appeared { path }
            | Self::Io { path, .. } => path,
            Self::Untrusted { why } => &why.path,
            Self::SymbolicLink { target, .. } => target,
            Self::LeftBehind { place, .. } => place,
            Self::NothingToRollBack { previous } => previous,
            Self::Protected { prefix, .. }
            | Self::PathTooLong { prefix, .. }
            | Self::Busy { prefix, .. }
            | Self::Cancelled { prefix } => prefix,
            Self::NotPermitted { directory, .. }
            | Self::NoSpace { directory, .. }
            | Self::NoInodes { directory, .. } => directory,
        }
    }
}

/// An installation that failed: because of the prefix, or in the caller's own build.
#[derive(Debug, thiserror::Error)]
pub enum InstallError<E> {
    /// The prefix is to blame.
    #[error(transparent)]
    Prefix(#[from] PrefixError),
    /// The closure that fills the staging directory failed; its directory is gone again.
    #[error("{0}")]
    Build(E),
}

/// Whether a system error of Windows says, or mostly means, that a program uses the path.
fn says_in_use(code: Option<i32>, action: &str) -> bool {
    const ACCESS_DENIED: i32 = 5;
    const SHARING_VIOLATION: i32 = 32;
    match code {
        Some(SHARING_VIOLATION) => true,
        Some(ACCESS_DENIED) => ["remove", "rename"].contains(&action),
        _ => false,
    }
}

pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_refuses_to_move_what_is_in_use() {
        for (code, action, expected) in [
            (Some(32), "read", true),
            (Some(5), "rename", true),
            (Some(5), "remove", true),
            (Some(5), "make", false),
            (Some(2), "remove", false),
            (None, "remove", false),
        ] {
            assert_eq!(says_in_use(code, action), expected, "{code:?} {action}");
        }
        let error = PrefixError::io("rename", Path::new("p"), io::Error::from_raw_os_error(32));
        assert_eq!(error.kind() == Kind::InUse, cfg!(windows));
    }
}
