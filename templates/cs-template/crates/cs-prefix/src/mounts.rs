//! File systems that are mounted at, or somewhere in, what may be moved or removed.
//!
//! What is mounted is not this crate's: it is neither moved along nor removed. So a mount is looked for before the first
//! change, in the system's list of mounts. Only where there is no such list is every entry looked at. A mount that comes
//! later ends the sweep that meets it: see [`crate::remove`].

use std::path::{Path, PathBuf};

use crate::carry::find_immovable;
use crate::error::PrefixError;
use crate::names::Names;
use crate::sys;

/// Refuse to change anything while something is mounted at or in the prefix, or the directories beside it.
pub(crate) fn refuse_mounts(names: &Names) -> Result<(), PrefixError> {
    match find_mount(names) {
        Some(path) => Err(PrefixError::MountPoint { path }),
        None => Ok(()),
    }
}

/// Where something is mounted at or in the prefix, or the directories beside it.
pub(crate) fn find_mount(names: &Names) -> Option<PathBuf> {
    let listed = match (names.parent.canonicalize(), sys::list_mounts()) {
        (Ok(parent), Some(mounts)) => mounts
            .iter()
            .filter_map(|mount| mount.strip_prefix(&parent).ok())
            .find(|inner| {
                names
                    .directories()
                    .iter()
                    .any(|directory| is_in(inner, directory))
            })
            .map(|inner| names.parent.join(inner)),
        _ => names
            .directories()
            .iter()
            .find_map(|directory| find_below(directory)),
    };
    listed.or_else(|| find_immovable(&names.prefix))
}

/// Whether `inner`, a path in the parent of `directory`, is that directory or something in it.
fn is_in(inner: &Path, directory: &Path) -> bool {
    directory
        .file_name()
        .is_some_and(|name| inner.starts_with(name))
}

/// Look at every entry at or below `top`, without following links.
fn find_below(top: &Path) -> Option<PathBuf> {
    let mut found = vec![top.to_path_buf()];
    while let Some(path) = found.pop() {
        if sys::is_mounted_at(&path) {
            return Some(path);
        }
        if path.is_dir() && !path.is_symlink() {
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
            found.extend(entries.map(|entry| entry.path()));
        }
    }
    None
}
