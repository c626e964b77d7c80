//! What goes wrong while linking, before and after it is known which package is to blame.

use std::io;
use std::path::PathBuf;

use cs_archive::is_memory_error;

use crate::interruption::Interruption;
use crate::kind::Kind;

/// What went wrong. [`crate::LinkError`] adds the package.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The archive is not the one that was locked.
    #[error("the SHA-256 does not match the lock (expected {expected}, found {actual})")]
    Checksum {
        /// Lower-case hex.
        expected: String,
        /// Lower-case hex.
        actual: String,
    },
    /// The archive cannot be decoded, or contradicts itself.
    #[error("{}{reason}", at(.entry))]
    Damaged {
        /// Path within the archive, when one entry is to blame.
        entry: Option<String>,
        /// What is wrong.
        reason: String,
    },
    /// The archive tries to reach out of the prefix, or to take more room than it says.
    #[error("refused {entry:?}: {reason}")]
    Hostile {
        /// Path within the archive.
        entry: String,
        /// Why it is refused.
        reason: String,
    },
    /// The archive's bytes cannot be read.
    #[error("the archive cannot be read: {}", cs_file::describe_error(.0))]
    Read(#[source] io::Error),
    /// Something in the staging directory cannot be written.
    #[error("cannot write {}: {}", path.display(), cs_file::describe_error(source))]
    Write {
        /// The path, in the staging directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The prefix does not fit where the package holds a placeholder for it.
    #[error("the prefix {} is {length} bytes long, but {path:?} has room for only {limit}", prefix.display())]
    PrefixTooLong {
        /// The file with the placeholder.
        path: String,
        /// The final prefix.
        prefix: PathBuf,
        /// Its length in bytes.
        length: usize,
        /// The placeholder's length in bytes.
        limit: usize,
    },
    /// The prefix cannot be written into files.
    #[error("the prefix {} is not valid UTF-8 and cannot be written into files", .0.display())]
    PrefixNotUnicode(PathBuf),
    /// A noarch python package without a Python.
    #[error("it needs Python, which is not among the packages")]
    MissingPython,
    /// The plan says something impossible.
    #[error("{0}")]
    Plan(String),
    /// The supplier ran out of archives before every package was there.
    #[error("{} archives are missing (first: {})", packages.len(), packages[0])]
    Missing {
        /// File names, in install order, at least one.
        packages: Vec<String>,
    },
    /// A decoder cannot have the memory that it needs.
    #[error("there is not enough memory to unpack it")]
    Memory,
    /// The byte compiler failed.
    #[error("compiling Python modules failed ({status}){}", tail(.output))]
    Compile {
        /// How it ended.
        status: String,
        /// The last lines that it wrote.
        output: String,
    },
    /// A program cannot be started.
    #[error("cannot run {}: {}", program.display(), cs_file::describe_error(source))]
    Spawn {
        /// The program.
        program: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The caller asked to stop.
    #[error("interrupted")]
    Cancelled,
}

fn at(entry: &Option<String>) -> String {
    entry
        .as_ref()
        .map(|entry| format!("{entry:?}: "))
        .unwrap_or_default()
}

/// An error is one line, whatever a program has written. Quoted, as its last word may be a full stop.
fn tail(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    match lines.as_slice() {
        [] => String::new(),
        lines => format!("; it wrote \"{}\"", lines.join(" | ")),
    }
}

impl Fault {
    pub(crate) fn damaged(reason: impl Into<String>) -> Self {
        Self::Damaged {
            entry: None,
            reason: shorten(reason.into(), LONGEST_REASON),
        }
    }

    pub(crate) fn damaged_at(entry: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Damaged {
            entry: Some(shorten(entry.into(), LONGEST_ENTRY)),
            reason: shorten(reason.into(), LONGEST_REASON),
        }
    }

    pub(crate) fn hostile(entry: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Hostile {
            entry: shorten(entry.into(), LONGEST_ENTRY),
            reason: shorten(reason.into(), LONGEST_REASON),
        }
    }

    /// Distinguish a decoder's complaint from an interruption that came through the decoder. It takes a downcast:
    /// decoders of other crates pass on the reader's [`io::Error`], and nothing else.
    pub(crate) fn decoding(error: io::Error) -> Self {
        match error.downcast::<Interruption>() {
            Ok(Interruption::Read(source)) => Self::Read(source),
            Ok(Interruption::Cancelled) => Self::Cancelled,
            Err(error) if is_memory_error(&error) => Self::Memory,
            Err(error) => Self::damaged(cs_file::describe_error(&error)),
        }
    }

    /// What kind of failure this is.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Checksum { .. }
            | Self::Damaged { .. }
            | Self::Hostile { .. }
            | Self::Missing { .. } => Kind::Archive,
            Self::Memory => Kind::Memory,
            Self::Read(source) | Self::Write { source, .. } if is_memory_error(source) => {
                Kind::Memory
            }
            // Another program has changed it.
            Self::Read(source) if source.kind() == io::ErrorKind::InvalidData => Kind::Archive,
            Self::Read(_) => Kind::Io,
            Self::Write { source, .. } if is_disk_failure(source) => Kind::Io,
            Self::Write { .. } => Kind::CannotWrite,
            Self::PrefixTooLong { .. } | Self::PrefixNotUnicode(_) => Kind::Prefix,
            Self::Compile { .. } | Self::Spawn { .. } => Kind::Program,
            Self::MissingPython | Self::Plan(_) => Kind::Plan,
            Self::Cancelled => Kind::Cancelled,
        }
    }
}

/// Whether the disk is full, over quota or failing, or this process is at a limit: nothing that permissions could mend.
fn is_disk_failure(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    const EIO: i32 = 5;
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    matches!(error.kind(), FileTooLarge | StorageFull | QuotaExceeded)
        || (cfg!(unix) && matches!(error.raw_os_error(), Some(EIO | ENFILE | EMFILE)))
}

/// Messages quote what archives hold, and that may be of any length.
const LONGEST_ENTRY: usize = 300;
const LONGEST_REASON: usize = 600;

/// Cut a text that is too long for a message.
fn shorten(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        let mut end = longest;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of_write(source: io::Error) -> Kind {
        Fault::Write {
            path: "x".into(),
            source,
        }
        .kind()
    }

    #[test]
    fn a_full_disk_differs_from_a_forbidden_one() {
        for (kind, expected) in [
            (io::ErrorKind::StorageFull, Kind::Io),
            (io::ErrorKind::QuotaExceeded, Kind::Io),
            (io::ErrorKind::FileTooLarge, Kind::Io),
            (io::ErrorKind::PermissionDenied, Kind::CannotWrite),
            (io::ErrorKind::ReadOnlyFilesystem, Kind::CannotWrite),
        ] {
            assert_eq!(kind_of_write(kind.into()), expected, "{kind}");
        }
    }

    #[test]
    fn a_lack_of_memory_is_not_blamed_on_the_disk() {
        let error = io::ErrorKind::OutOfMemory.into();
        assert_eq!(kind_of_write(error), Kind::Memory);
    }

    #[cfg(unix)]
    #[test]
    fn a_failing_disk_is_an_input_output_error() {
        assert_eq!(kind_of_write(io::Error::from_raw_os_error(5)), Kind::Io);
    }
}
