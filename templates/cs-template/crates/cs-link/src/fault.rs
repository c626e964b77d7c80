//! What goes wrong below the level at which the package's name is known.

use std::fmt;
use std::io;
use std::path::PathBuf;

use cs_archive::is_memory_error;

use crate::{LinkError, Package};

/// A failure that is still to be given a package.
#[derive(Debug)]
pub(crate) enum Fault {
    Damaged {
        entry: Option<String>,
        reason: String,
    },
    Hostile {
        entry: String,
        reason: String,
    },
    Read(io::Error),
    Write {
        path: PathBuf,
        source: io::Error,
    },
    PrefixTooLong {
        path: String,
        prefix: PathBuf,
        length: usize,
        limit: usize,
    },
    MissingPython,
    Plan(String),
    Memory,
    Cancelled,
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

    /// Tell a decoder's complaint from an interruption that came through the decoder.
    pub(crate) fn decoding(error: io::Error) -> Self {
        match error.downcast::<Interruption>() {
            Ok(Interruption::Read(source)) => Self::Read(source),
            Ok(Interruption::Cancelled) => Self::Cancelled,
            Err(error) if is_memory_error(&error) => Self::Memory,
            Err(error) => Self::damaged(error.to_string()),
        }
    }

    /// Name the package that is to blame.
    pub(crate) fn of(self, package: &Package) -> LinkError {
        let package = package.archive.file_name.clone();
        match self {
            Self::Damaged { entry, reason } => LinkError::Damaged {
                package,
                entry,
                reason,
            },
            Self::Hostile { entry, reason } => LinkError::Hostile {
                package,
                entry,
                reason,
            },
            Self::Read(source) => LinkError::Read { package, source },
            Self::Write { path, source } => LinkError::Write { path, source },
            Self::PrefixTooLong {
                path,
                prefix,
                length,
                limit,
            } => LinkError::PrefixTooLong {
                package,
                path,
                prefix,
                length,
                limit,
            },
            Self::MissingPython => LinkError::MissingPython { package },
            Self::Plan(reason) => LinkError::Plan { package, reason },
            Self::Memory => LinkError::Memory { package },
            Self::Cancelled => LinkError::Cancelled,
        }
    }

    /// Blame the shipped bytecode.
    pub(crate) fn of_bytecode(self) -> LinkError {
        match self {
            Self::Write { path, source } => LinkError::Write { path, source },
            Self::Read(source) => LinkError::Read {
                package: "shipped bytecode".to_owned(),
                source,
            },
            Self::Cancelled => LinkError::Cancelled,
            Self::Memory => LinkError::Memory {
                package: "shipped bytecode".to_owned(),
            },
            Self::Damaged { entry, reason } => LinkError::Bytecode {
                reason: entry
                    .map(|entry| format!("{entry:?}: "))
                    .unwrap_or_default()
                    + &reason,
            },
            Self::Hostile { entry, reason } => LinkError::Bytecode {
                reason: format!("{entry:?}: {reason}"),
            },
            other => LinkError::Bytecode {
                reason: format!("{other:?}"),
            },
        }
    }
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

/// Travels through a decoder inside an [`io::Error`].
#[derive(Debug)]
pub(crate) enum Interruption {
    Read(io::Error),
    Cancelled,
}

impl fmt::Display for Interruption {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(source) => write!(formatter, "{source}"),
            Self::Cancelled => formatter.write_str("interrupted"),
        }
    }
}

impl std::error::Error for Interruption {}

impl From<Interruption> for io::Error {
    fn from(interruption: Interruption) -> Self {
        io::Error::other(interruption)
    }
}
