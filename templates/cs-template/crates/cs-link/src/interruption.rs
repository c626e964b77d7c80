//! What ends a decoder that is itself not to blame.

use std::fmt;
use std::io;

/// Travels through a decoder inside an [`io::Error`].
#[derive(Debug)]
pub(crate) enum Interruption {
    Read(io::Error),
    Cancelled,
}

impl fmt::Display for Interruption {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(source) => formatter.write_str(&cs_file::describe_error(source)),
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
