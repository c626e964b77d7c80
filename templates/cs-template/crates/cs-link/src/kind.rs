//! What the failures of this crate mean.

/// What a failure means: one word, which the caller turns into a status and advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An archive is missing, damaged, hostile, or not the one that was locked.
    Archive,
    /// The disk is full or failing.
    Io,
    /// There is not enough memory.
    Memory,
    /// The staging directory cannot be written for another reason: permissions, a read-only file system.
    CannotWrite,
    /// The prefix is longer than a package can hold, or cannot be written into files.
    Prefix,
    /// A program that was started failed, or could not be started: the byte compiler, a shell.
    Program,
    /// The plan asks for what cannot be.
    Plan,
    /// The caller asked to stop.
    Cancelled,
}
