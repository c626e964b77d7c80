//! What became of one package.

use crate::record::PathRecord;

/// What became of one package.
#[derive(Default)]
pub(crate) struct Linked {
    pub(crate) paths: Vec<PathRecord>,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    /// Modules that Python would compile when it imports them, relative to the prefix.
    pub(crate) modules: Vec<String>,
    /// Where a wheel's RECORD is, relative to the prefix.
    pub(crate) record: Option<String>,
    pub(crate) misstated: Option<Misstated>,
}

/// Files whose size is another than the package's own list says.
pub(crate) struct Misstated {
    pub(crate) files: u64,
    /// One of them, within the archive, and its sizes in bytes.
    pub(crate) first: String,
    pub(crate) stated: u64,
    pub(crate) actual: u64,
}
