//! Why a path does not belong to this runtime.

use std::fmt;
use std::path::PathBuf;

use crate::distrust::Distrust;

/// Why a path does not belong to this runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foreignness {
    /// Not a directory.
    NotADirectory,
    /// A symbolic link that leads nowhere, or to something that this runtime did not create.
    Link {
        /// Where it leads, as written in the link.
        target: PathBuf,
    },
    /// A directory with contents but without our marker.
    NoMarker {
        /// The marker's file name.
        marker: String,
    },
    /// The marker names another owner.
    OtherOwner {
        /// The runtime that it names.
        runtime: String,
    },
    /// Somebody else can have put it there, so its marker could say anything.
    Untrusted(Distrust),
    /// The marker cannot be understood: conda-ship, for one, writes another kind of file there.
    DamagedMarker {
        /// The marker's file name.
        marker: String,
        /// What is wrong with it.
        why: String,
    },
}

impl fmt::Display for Foreignness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotADirectory => f.write_str("it is not a directory"),
            Self::Link { target } => write!(
                f,
                "it is a symbolic link to {}, which is not a directory",
                target.display()
            ),
            Self::NoMarker { marker } => {
                write!(f, "the directory is not empty and contains no {marker}")
            }
            Self::OtherOwner { runtime } => write!(f, "it belongs to the runtime \"{runtime}\""),
            Self::Untrusted(why) => why.fmt(f),
            Self::DamagedMarker { marker, why } => {
                write!(f, "its {marker} is another program's, or damaged ({why})")
            }
        }
    }
}
