//! Files that packages put side by side: scripts, and lists of variables.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The directory of `prefix` that is called `name` and belongs to activation.
pub(super) fn enter(prefix: &Path, name: &str) -> PathBuf {
    prefix.join("etc").join("conda").join(name)
}

/// The files of `directory` whose names end in `extension`, in the order of their names;
/// none where there is no such directory.
pub(super) fn list_files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension() == Some(OsStr::new(extension)) && path.is_file())
        .collect();
    files.sort();
    files
}
