//! The one error of this crate.

use std::io;
use std::path::PathBuf;

use crate::Part;

/// A stamp that cannot be read. Every message names the file, what is wrong, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StampError {
    /// The file cannot be opened or read.
    #[error("{}: cannot read the file: {source}", path.display())]
    Io {
        /// The executable.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The footer is there but does not hold together.
    #[error("{}: the stamp's footer is damaged: {detail}; download the file again", path.display())]
    Footer {
        /// The executable.
        path: PathBuf,
        /// What does not hold.
        detail: String,
    },
    /// A part's bytes are not the ones that the builder wrote, or cannot be understood.
    #[error("{}: the stamp's {part} is damaged: {detail}; download the file again", path.display())]
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
        "{}: the stamp has format version {found}, this template reads version {supported}; \
         build the runtime again with matching versions of cs and cs-template",
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
}
