//! What a package says it contains: `info/paths.json`, or the files used instead before conda 4.3.

mod entry;
mod json;
mod listing;
mod old;

pub(crate) use entry::{Declared, FileMode, PathEntry, Placeholder};
pub(crate) use json::parse_paths_json;
pub(crate) use old::{OldLists, parse_old_lists};
