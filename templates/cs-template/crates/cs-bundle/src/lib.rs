//! Package archives from a bundle: a directory, a `.bundle.tar.zst`, or a part of the executable.
//!
//! A bundle in the canonical form of `docs/reference/bundle-format.md` stores every archive as it is, so that archives
//! are read in place, with positioned reads and no copy. Anything else that is a zstd-compressed tar is decoded once,
//! and the wanted archives are spooled into one unlinked file.

#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

mod bundle;
mod canonical;
mod directory;
mod error;
mod expected;
mod file;
mod foreign;
mod header;
mod reader;

pub use bundle::{open_directory, open_embedded, open_file};
pub use error::{BundleError, Kind};
