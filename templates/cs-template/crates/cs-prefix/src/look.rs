//! What is there? Only the system's plain "no" counts as one. Any other error, of a disk or a server, ends the command
//! before it moves or removes anything because of it.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::PrefixError;
use crate::sys;
use crate::sys::is_absence;

/// What is at `path` itself, links not followed; none when nothing is.
pub(crate) fn look_at(path: &Path) -> Result<Option<Metadata>, PrefixError> {
    answer("look at", path, cs_file::insist(|| path.symlink_metadata()))
}

/// Whether anything is at `path`, even a dangling link.
pub(crate) fn is_there(path: &Path) -> Result<bool, PrefixError> {
    Ok(look_at(path)?.is_some())
}

/// Whether a directory is at `path` itself.
pub(crate) fn is_directory(path: &Path) -> Result<bool, PrefixError> {
    Ok(look_at(path)?.is_some_and(|metadata| metadata.is_dir()))
}

/// Whether a regular file is at `path` itself.
pub(crate) fn is_file(path: &Path) -> Result<bool, PrefixError> {
    Ok(look_at(path)?.is_some_and(|metadata| metadata.is_file()))
}

/// Whether a directory with nothing in it is at `path` itself.
pub(crate) fn is_empty_directory(path: &Path) -> Result<bool, PrefixError> {
    Ok(is_directory(path)? && list(path)?.is_empty())
}

/// Where the link at `path` leads; none when something else is there, or nothing.
pub(crate) fn find_target(path: &Path) -> Result<Option<PathBuf>, PrefixError> {
    match look_at(path)? {
        Some(metadata) if metadata.is_symlink() => answer("read", path, std::fs::read_link(path)),
        _ => Ok(None),
    }
}

/// The paths of what is in a directory; none when it is not there.
pub(crate) fn list(directory: &Path) -> Result<Vec<PathBuf>, PrefixError> {
    let listed = cs_file::insist(|| {
        std::fs::read_dir(directory)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<Vec<_>>>()
    });
    Ok(answer("list", directory, listed)?.unwrap_or_default())
}

/// The names of what is in a directory; none when it is not there.
pub(crate) fn list_names(directory: &Path) -> Result<Vec<String>, PrefixError> {
    let paths = list(directory)?;
    let names = paths.iter().filter_map(|path| path.file_name());
    Ok(names
        .map(|name| name.to_string_lossy().into_owned())
        .collect())
}

/// Whether the directory at `path`, if there is one, is locked by another process.
pub(crate) fn is_locked(path: &Path) -> Result<bool, PrefixError> {
    sys::is_locked(path).map_err(|source| PrefixError::io("open", path, source))
}

/// Whether another process holds the claim on the staging directory.
pub(crate) fn is_claimed(staging: &Path) -> Result<bool, PrefixError> {
    sys::is_claimed(staging).map_err(|source| PrefixError::io("open", staging, source))
}

fn answer<T>(
    action: &'static str,
    path: &Path,
    answer: io::Result<T>,
) -> Result<Option<T>, PrefixError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if is_absence(&error) => Ok(None),
        Err(source) => Err(PrefixError::io(action, path, source)),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_missing_paths_count_as_absent() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        std::fs::write(&file, "x").unwrap();
        for path in [directory.path().join("nothing"), file.join("below")] {
            assert!(!is_there(&path).unwrap());
            assert_eq!(list(&path).unwrap(), Vec::<PathBuf>::new());
        }
        assert!(is_file(&file).unwrap() && !is_directory(&file).unwrap());
        // ELOOP and ENAMETOOLONG stand for whatever else a system may answer.
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(&link, &link).unwrap();
        assert!(is_there(&link).unwrap());
        let long = directory.path().join("x".repeat(300));
        for path in [link.join("below"), long] {
            assert!(is_there(&path).is_err());
            assert!(is_directory(&path).is_err() && is_file(&path).is_err());
            assert!(list(&path).is_err() && find_target(&path).is_err());
        }
    }

    #[test]
    fn links_are_never_followed() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(directory.path(), &link).unwrap();
        assert!(!is_directory(&link).unwrap() && !is_empty_directory(&link).unwrap());
        assert_eq!(
            find_target(&link).unwrap().as_deref(),
            Some(directory.path())
        );
        assert_eq!(find_target(directory.path()).unwrap(), None);
    }
}
