//! The system that a prefix is for, where it decides what files are called and hold.

/// A kind of system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    /// Linux, macOS.
    Unix,
    /// Windows.
    Windows,
}

impl System {
    /// The one that this program is for.
    pub(crate) const HERE: Self = if cfg!(windows) {
        Self::Windows
    } else {
        Self::Unix
    };
}
