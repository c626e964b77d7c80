//! What is known of a virtual package on a machine.

use crate::version::Version;

/// What is known of a virtual package on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The machine does not have it.
    Absent,
    /// It may be anything.
    Unknown,
    /// It has this version.
    Version(Version),
    /// The processor has this level of the x86-64 architecture.
    Level(u8),
}
