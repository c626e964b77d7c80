//! What belongs to the user rather than to a build, and moves along when prefixes change places.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::PrefixError;
use crate::marker::{Marker, is_absence, remove_file};
use crate::sys;

/// Named environments, and the package cache that they may be linked to.
const CARRIED: [&str; 2] = ["envs", "pkgs"];

/// Move named environments and the package cache from one prefix to another on the same file system.
///
/// What the other prefix has already stays as it is. Each move is one rename: a killed run is repaired by calling this again.
pub(crate) fn carry_over(from: &Path, to: &Path) -> Result<(), PrefixError> {
    for name in CARRIED {
        merge(&from.join(name), &to.join(name))?;
    }
    Ok(())
}

/// Whether something that would have to move along cannot, because it is on a file system of its own.
pub(crate) fn is_immovable(prefix: &Path) -> bool {
    CARRIED
        .iter()
        .any(|name| sys::is_mount_point(&prefix.join(name)))
}

/// Copy settings that the user made in the old prefix to the new one.
pub(crate) fn copy_settings(old: &Path, marker: &Marker, new: &Path) -> Result<(), PrefixError> {
    let condarc = old.join(".condarc");
    let text = read_if_there(&condarc)?;
    if text.is_some() && text.as_deref() != marker.condarc.as_deref().map(str::as_bytes) {
        copy(&condarc, &new.join(".condarc"))?;
    }
    let pinned = Path::new("conda-meta").join("pinned");
    if old.join(&pinned).is_file() && new.join(&pinned).symlink_metadata().is_err() {
        copy(&old.join(&pinned), &new.join(&pinned))?;
    }
    Ok(())
}

/// Named environments below a prefix, sorted; none when they are elsewhere, behind a link.
pub(crate) fn list_environments(prefix: &Path) -> Result<Vec<PathBuf>, PrefixError> {
    let directory = prefix.join("envs");
    if directory.is_symlink() {
        return Ok(Vec::new());
    }
    let mut found: Vec<PathBuf> = entries(&directory)?
        .into_iter()
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    Ok(found)
}

fn merge(from: &Path, to: &Path) -> Result<(), PrefixError> {
    if !from.is_dir() || (from.is_symlink() && to.symlink_metadata().is_ok()) {
        return Ok(());
    }
    // A directory's rename replaces an empty directory and nothing else.
    match std::fs::rename(from, to) {
        Ok(()) => return Ok(()),
        Err(error) if is_occupied(&error) => {}
        Err(source) => return Err(PrefixError::io("move", from, source)),
    }
    for entry in entries(from)? {
        let Some(name) = entry.file_name() else {
            continue;
        };
        if to.join(name).symlink_metadata().is_err() {
            std::fs::rename(&entry, to.join(name))
                .map_err(|source| PrefixError::io("move", &entry, source))?;
        }
    }
    Ok(())
}

fn is_occupied(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, NotADirectory, PermissionDenied};
    let on_windows = cfg!(windows) && error.kind() == PermissionDenied;
    matches!(
        error.kind(),
        AlreadyExists | DirectoryNotEmpty | NotADirectory
    ) || on_windows
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, PrefixError> {
    let listed = std::fs::read_dir(directory).and_then(|entries| {
        entries
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<Vec<_>>>()
    });
    match listed {
        Err(error) if is_absence(&error) => Ok(Vec::new()),
        other => other.map_err(|source| PrefixError::io("list", directory, source)),
    }
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, PrefixError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_absence(&error) => Ok(None),
        Err(source) => Err(PrefixError::io("read", path, source)),
    }
}

/// Copy a file in the place of another, never to where a link of that name leads.
fn copy(from: &Path, to: &Path) -> Result<(), PrefixError> {
    remove_file(to)
        .and_then(|()| std::fs::copy(from, to))
        .map(drop)
        .map_err(|source| PrefixError::io("copy", from, source))
}
