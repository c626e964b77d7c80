//! What can go wrong, and the memory to say so.

use crate::text::LIMIT;

/// The exit status when the script cannot be started, the same as of conda's launcher.
pub const FAILURE: u32 = 101;

/// Why the script cannot be started.
pub(crate) enum Problem<'a> {
    /// The paths and arguments are too long for a command line of Windows.
    TooLong,
    /// The system refuses to start this program.
    NotStarted(&'a [u16], u32),
}

/// Memory for text. It is here because a stack frame of this size would need the C library's help.
pub(super) struct Room(pub(super) [u16; LIMIT]);
