//! One path of a package.

use std::rc::Rc;

/// How a file holds the placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FileMode {
    Text,
    Binary,
}

impl FileMode {
    /// Read a mode, in whatever case it is written.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "text" => Some(Self::Text),
            "binary" => Some(Self::Binary),
            _ => None,
        }
    }
}

/// The build prefix within a file, to be replaced.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Placeholder {
    pub(crate) mode: FileMode,
    pub(crate) text: Rc<str>,
}

/// What the package says a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    File,
    SoftLink,
    Directory,
    /// Old packages do not say.
    Unknown,
}

/// One path of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathEntry {
    /// Within the archive, cleaned.
    pub(crate) source: Box<str>,
    pub(crate) declared: Declared,
    pub(crate) no_link: bool,
    pub(crate) sha256: Option<[u8; 32]>,
    pub(crate) size: Option<u64>,
    pub(crate) placeholder: Option<Placeholder>,
}
