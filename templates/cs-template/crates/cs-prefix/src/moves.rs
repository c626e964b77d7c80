//! The file operations that put prefixes in place. Each names the paths in its error.

use std::io;
use std::path::Path;

use crate::error::PrefixError;
use crate::names::Names;
use crate::sys::{self, Exchange};

/// Make a directory that may be there already.
pub(crate) fn make_directory(path: &Path) -> Result<(), PrefixError> {
    match sys::make_directory(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(PrefixError::io("make", path, error))
        }
        _ => Ok(()),
    }
}

pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), PrefixError> {
    if cfg!(windows) {
        // Only there does a rename refuse an empty directory; one with contents stays and refuses the rename.
        let _ = std::fs::remove_dir(to);
    }
    sys::rename(from, to).map_err(|source| PrefixError::io("rename", from, source))
}

pub(crate) fn exchange(one: &Path, other: &Path) -> Result<Exchange, PrefixError> {
    sys::exchange(one, other).map_err(|source| PrefixError::io("exchange", other, source))
}

/// Make the new names durable. Both prefixes are on the disk by now, so a failure is not one of
/// the replacement: after a power cut, the old names may be back, and what has them is complete.
pub(crate) fn sync_parent(names: &Names) {
    let _ = sys::sync_directory(&names.parent);
}
