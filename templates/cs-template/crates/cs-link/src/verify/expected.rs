//! What records say of paths.

/// A path, and what is recorded of it.
pub(super) struct Expected {
    pub(super) path: String,
    pub(super) fact: Fact,
}

/// What is recorded of a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fact {
    /// There is a regular file.
    Present,
    /// There is a directory.
    Directory,
    /// There is a symbolic link, to this target if that is known.
    Link(Option<String>),
    /// There is a regular file with these bytes.
    File {
        size: Option<u64>,
        sha256: Option<[u8; 32]>,
    },
}

impl Fact {
    /// Whether more than its presence is compared.
    pub(super) fn is_compared(&self) -> bool {
        matches!(self, Self::File { .. } | Self::Link(Some(_)))
    }
}
