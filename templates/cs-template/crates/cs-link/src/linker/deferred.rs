//! Hard links that wait for what they lead to.

/// What a hard link leads to.
#[derive(Clone)]
pub(super) enum Origin {
    /// The entry of this index.
    Listed(usize),
    /// A path that the package does not list.
    Other(String),
}

/// A hard link whose first name is not there to be linked to: to be copied out of the archive.
pub(super) struct Deferred {
    pub(super) source: Origin,
    pub(super) index: usize,
}
