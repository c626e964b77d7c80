//! The one error of this crate.

use std::io;
use std::path::PathBuf;

use crate::Part;

/// What a failure means: one word, which the caller turns into a status and advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The file cannot be opened or read.
    Io,
    /// The bytes are not those that the builder wrote.
    Damaged,
    /// The bytes may be those of a builder, but the publisher's signature does not cover them.
    Misplaced,
    /// The builder and this crate are of different generations.
    Version,
}

/// A stamp that cannot be read. The text names the file and what is wrong with it; what to do is the caller's to say.
#[derive(Debug, thiserror::Error)]
pub enum StampError {
    /// The file cannot be opened or read.
    #[error("{}: cannot read the file: {}", path.display(), cs_file::describe_error(source))]
    Io {
        /// The executable.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The footer is there but does not hold together.
    #[error("{}: the stamp's footer is damaged: {detail}", path.display())]
    Footer {
        /// The executable.
        path: PathBuf,
        /// What does not hold.
        detail: String,
    },
    /// The file ends within the footer.
    #[error("{} is incomplete: its end is missing", path.display())]
    Cut {
        /// The executable.
        path: PathBuf,
    },
    /// There is a stamp where the platform's signature does not cover it.
    #[error(
        "{}: the stamp is not where the signed bytes of this file end{detail}",
        path.display()
    )]
    Misplaced {
        /// The executable.
        path: PathBuf,
        /// Why the file has no place for one, if that is so.
        detail: String,
    },
    /// A part's bytes are not the ones that the builder wrote, or cannot be understood.
    #[error("{}: the stamp's {part} is damaged: {detail}", path.display())]
    Part {
        /// The executable.
        path: PathBuf,
        /// The damaged part.
        part: Part,
        /// What does not hold.
        detail: String,
    },
    /// The stamp was made for another generation of the template.
    #[error(
        "{}: the stamp has format version {found}, this template reads version {supported}",
        path.display()
    )]
    Version {
        /// The executable.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The version that this crate reads.
        supported: u32,
    },
    /// A part has a schema that this crate does not know.
    #[error(
        "{}: the stamp's {part} has schema version {found}, this template reads version {}",
        path.display(),
        join_versions(supported)
    )]
    Schema {
        /// The executable.
        path: PathBuf,
        /// The part.
        part: Part,
        /// The version in the file.
        found: i64,
        /// The versions that this crate reads.
        supported: &'static [i64],
    },
}

fn join_versions(versions: &[i64]) -> String {
    let versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
    versions.join(" and ")
}

impl StampError {
    /// What the failure means.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Io { .. } => Kind::Io,
            Self::Footer { .. } | Self::Cut { .. } | Self::Part { .. } => Kind::Damaged,
            Self::Misplaced { .. } => Kind::Misplaced,
            Self::Version { .. } | Self::Schema { .. } => Kind::Version,
        }
    }
}
