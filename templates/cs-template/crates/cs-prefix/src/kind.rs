//! The kinds of failure that a caller can tell apart.

use cs_entry::ownership::Doubt;

/// What a failure means: one word, which the caller turns into a status and advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The path holds something that this runtime did not make.
    Foreign,
    /// Another user could have changed what is at the path, or next to it.
    Untrusted(Doubt),
    /// The path must never be replaced or removed.
    Protected,
    /// The path must not be replaced or removed while the working directory is in it.
    Occupied,
    /// The prefix is reached through a symbolic link.
    SymbolicLink,
    /// This user may not do that.
    NotPermitted,
    /// A program uses it.
    InUse,
    /// The user cannot write there.
    CannotWrite,
    /// Something is mounted there.
    MountPoint,
    /// Something was mounted there half way.
    MountAppeared,
    /// The path is longer than the packages allow.
    PathTooLong,
    /// The disk lacks space for the prefix: nothing was written.
    NoSpace,
    /// The file system lacks inodes for the prefix: nothing was written.
    NoInodes,
    /// The disk became full, or the quota was used up.
    DiskFull,
    /// Another process does not let go.
    Busy,
    /// Something was not deleted.
    LeftBehind,
    /// Something was added after the caller saw the list of what is there.
    Appeared,
    /// There is no earlier prefix.
    NothingToRollBack,
    /// The caller asked to stop.
    Cancelled,
    /// Everything else that the system refuses.
    Io,
}
