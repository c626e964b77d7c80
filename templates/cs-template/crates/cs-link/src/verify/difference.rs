//! What is not as it was installed.

/// Something that is not as it was installed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The record that lists it, relative to the prefix.
    pub record: String,
    /// What it is about, relative to the prefix; the record itself, for instance.
    pub path: String,
    /// How it differs.
    pub change: Change,
}

impl Difference {
    /// One of a record itself.
    pub(super) fn of_record(record: &str, change: Change) -> Self {
        Self {
            record: record.to_owned(),
            path: record.to_owned(),
            change,
        }
    }
}

/// How something differs from what is recorded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It is not there.
    Missing,
    /// A file has another size in bytes.
    Size {
        /// As recorded.
        expected: u64,
        /// As it is.
        found: u64,
    },
    /// A file has other bytes.
    Sha256 {
        /// As recorded, in hex.
        expected: String,
        /// As it is.
        found: String,
    },
    /// A symbolic link leads elsewhere.
    Target {
        /// As recorded.
        expected: String,
        /// As it is.
        found: String,
    },
    /// There is something else: a link in place of a file, or of a directory above it.
    Kind,
    /// It cannot be read, and why.
    Unreadable(String),
    /// A record is not as it was written, and what is wrong with it.
    Record(String),
}
