//! What differs between operating systems, behind functions of the same name.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(not(unix))]
mod other;
#[cfg(not(unix))]
pub(crate) use other::*;

use std::fs::File;

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
    Done,
    /// The system or file system cannot do that in one step.
    Unsupported,
}

/// Lets a test do without what its file system can do.
#[cfg(test)]
pub(crate) mod pretend {
    use std::cell::Cell;

    thread_local! {
        /// Directories cannot be locked, as on NFS.
        pub static NO_LOCKS: Cell<bool> = const { Cell::new(false) };
        /// Directories cannot be exchanged.
        pub static NO_EXCHANGE: Cell<bool> = const { Cell::new(false) };
    }
}
