//! What a caller wants of an installation, and how one ends.

use std::path::PathBuf;
use std::time::Duration;

use crate::changes::Changes;
use crate::distrust::Distrust;
use crate::marker::Marker;

/// What the caller wants, and what its prefix needs.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Build this runtime's prefix anew, whatever its state.
    pub force: bool,
    /// Keep the prefix of another stamp, rather than replace it unless its user has changed it.
    pub keep_other_stamps: bool,
    /// How long to wait for another process that works on the same prefix.
    pub wait_limit: Duration,
    /// Bytes that the prefix will take.
    pub required_bytes: Option<u64>,
    /// Files, links and directories that the prefix will have.
    pub required_files: Option<u64>,
    /// The longest prefix, in bytes, that the packages' placeholders allow.
    pub prefix_limit_bytes: Option<usize>,
    /// Wait until a first prefix is on the disk, rather than merely in the system's memory. A replacement always is.
    /// See `docs/development/decisions/durability.md`.
    pub sync: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            force: false,
            keep_other_stamps: false,
            wait_limit: Duration::from_secs(600),
            required_bytes: None,
            required_files: None,
            prefix_limit_bytes: None,
            sync: false,
        }
    }
}

/// How [`crate::install()`] ended well. In each case there is a complete prefix of this runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing had to be built, or another process built it in the meantime.
    AlreadyComplete {
        /// The marker that is there.
        marker: Marker,
    },
    /// Built where nothing was.
    Installed {
        /// The marker just written.
        marker: Marker,
    },
    /// Built next to a prefix that it then replaced.
    Replaced {
        /// The marker just written, or that of the previous prefix when it was of this stamp and was put back.
        marker: Marker,
        /// That of the replaced prefix, kept until the next upgrade; `None` when the same stamp was merely built anew.
        previous: Option<Marker>,
    },
    /// The prefix of another stamp stays; the caller says so in one line.
    Kept {
        /// The marker that is there.
        marker: Marker,
        /// Why it stays.
        reason: KeepReason,
    },
}

/// Why the prefix of another stamp was not replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeepReason {
    /// The runtime was made to keep prefixes.
    Policy,
    /// Its user has changed it.
    Changed(Changes),
    /// Its user went back to it.
    RolledBack,
    /// Replacing it would remove the previous one, in which there are files of the user's.
    PreviousHolds {
        /// What the previous prefix says about itself.
        marker: Marker,
        /// The files, as [`Changes::files`] has them.
        files: Vec<String>,
    },
    /// This user may not replace it.
    NotWritable {
        /// The directory that cannot be written to.
        directory: PathBuf,
    },
    /// It is another user's, or other users can change what is around it.
    Untrusted {
        /// What is not relied on, and why.
        why: Distrust,
    },
    /// It is reached through a symbolic link.
    SymbolicLink {
        /// Where the link leads.
        target: PathBuf,
    },
    /// Something is mounted at it or in it, or in a directory next to it that would be moved or removed.
    MountPoint {
        /// Where.
        path: PathBuf,
    },
    /// Programs run from it: Windows renames no directory that one uses. [`crate::install()`] has that as an error, as
    /// it has what follows.
    InUse,
    /// The new one could not be made. [`crate::install()`] has that as an error; a caller
    /// that goes on with what is there says so.
    Failed {
        /// The error's message.
        why: String,
    },
}

impl KeepReason {
    /// Whether it stays a reason until its user does something about it.
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Policy | Self::Changed(_) | Self::RolledBack | Self::PreviousHolds { .. } => true,
            Self::NotWritable { .. }
            | Self::Untrusted { .. }
            | Self::SymbolicLink { .. }
            | Self::MountPoint { .. }
            | Self::InUse
            | Self::Failed { .. } => false,
        }
    }
}

impl Outcome {
    /// The marker of the prefix that is in place.
    pub fn marker(&self) -> &Marker {
        match self {
            Self::AlreadyComplete { marker }
            | Self::Installed { marker }
            | Self::Replaced { marker, .. }
            | Self::Kept { marker, .. } => marker,
        }
    }
}
