//! What belongs to the user rather than to a build, and moves along when prefixes change places.

use std::io;
use std::path::{Path, PathBuf};

use crate::copy::Copying;
use crate::error::PrefixError;
use crate::marker::is_absence;
use crate::remove::remove_tree;
use crate::swap::make_directory;
use crate::sys;

/// Named environments, and the package cache that they may be linked to.
pub(crate) const CARRIED: [&str; 2] = ["envs", "pkgs"];
/// Where an environment is copied to before it gets its name, when it cannot be moved.
const HALF_COPIED: &str = ".conda-ship-moving";

/// Move named environments and the package cache from one prefix to another on the same file system.
///
/// What the other prefix has already stays as it is. Each move is one rename: a killed run is repaired by calling this again.
/// What cannot be renamed is copied.
pub(crate) fn carry_over(from: &Path, to: &Path) -> Result<(), PrefixError> {
    for name in CARRIED {
        merge(&from.join(name), &to.join(name))?;
    }
    Ok(())
}

/// Copy what [`carry_over`] could not rename, so that it has nothing more to do about it.
pub(crate) fn copy_stuck(
    copying: &mut Copying,
    from: &Path,
    to: &Path,
    occupied: &Path,
) -> Result<(), PrefixError> {
    for name in CARRIED {
        if sys::is_stuck(&from.join(name), occupied) {
            copying.copy_directory(&from.join(name), &to.join(name), &[])?;
        }
    }
    Ok(())
}

/// The prefix itself, or something that would have to move along, when it cannot: it is on a file system of its own.
pub(crate) fn find_immovable(prefix: &Path) -> Option<PathBuf> {
    std::iter::once(prefix.to_path_buf())
        .chain(CARRIED.iter().map(|name| prefix.join(name)))
        .find(|path| sys::is_mount_point(path))
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
    if let Some(path) = [from, to].into_iter().find(|path| sys::is_mounted_at(path)) {
        let path = path.to_path_buf();
        return Err(PrefixError::MountAppeared { path });
    }
    // A directory's rename replaces an empty directory and nothing else.
    match sys::rename(from, to) {
        Ok(()) => return Ok(()),
        Err(error) if is_occupied(&error) => {}
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => make_directory(to)?,
        Err(source) => return Err(PrefixError::io("move", from, source)),
    }
    for entry in entries(from)? {
        let Some(name) = entry.file_name() else {
            continue;
        };
        if to.join(name).symlink_metadata().is_err() {
            move_entry(&entry, &to.join(name))?;
        }
    }
    Ok(())
}

/// Move a file or directory; a directory that cannot be renamed is copied, under another name until all of it is there.
fn move_entry(from: &Path, to: &Path) -> Result<(), PrefixError> {
    let fail = |source| PrefixError::io("move", from, source);
    match sys::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices && from.is_dir() => {}
        other => return other.map_err(fail),
    }
    let half = to.with_file_name(HALF_COPIED);
    remove_tree(&half).map_err(fail)?;
    Copying::new(&|| Ok(())).copy_directory(from, &half, &[])?;
    sys::rename(&half, to).map_err(fail)
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
