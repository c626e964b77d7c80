//! What belongs to the user rather than to a build, and moves along when prefixes change places.

use std::io;
use std::path::{Path, PathBuf};

use crate::copy::Copying;
use crate::error::PrefixError;
use crate::look::{is_directory, is_there, list, look_at};
use crate::moves::make_directory;
use crate::remove::remove_tree;
use crate::sys;

/// Named environments, and the package cache that they may be linked to.
pub const CARRIED: [&str; 2] = ["envs", "pkgs"];
/// Where an environment is copied to before it gets its name, when it cannot be moved.
const HALF_COPIED: &str = ".conda-ship-moving";

/// Move named environments and the package cache from one prefix to another on the same file system.
///
/// What the other prefix has already stays as it is. Each move is one rename: a killed
/// run is repaired by calling this again. What cannot be renamed is copied.
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
pub(crate) fn find_immovable(prefix: &Path) -> Result<Option<PathBuf>, PrefixError> {
    let paths = CARRIED.iter().map(|name| prefix.join(name));
    for path in std::iter::once(prefix.to_path_buf()).chain(paths) {
        let look = sys::is_mount_point(&path);
        if look.map_err(|source| PrefixError::io("look at", &path, source))? {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Named environments under a prefix, sorted; none when they are elsewhere, behind a link.
pub(crate) fn list_environments(prefix: &Path) -> Result<Vec<PathBuf>, PrefixError> {
    let directory = prefix.join("envs");
    if !is_directory(&directory)? {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for path in list(&directory)? {
        // A link to an environment elsewhere is one too; that one stays, so it need not answer.
        if is_directory(&path)? || path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Whether there is something in one prefix that [`carry_over`] has yet to move to another.
pub(crate) fn is_left(from: &Path, to: &Path) -> Result<bool, PrefixError> {
    for name in CARRIED {
        let (from, to) = (from.join(name), to.join(name));
        let is_left = match find_form(&from)? {
            None => false,
            Some(Form::Link) => !is_there(&to)?,
            Some(Form::Directory) => !list_left(&from, &to)?.is_empty(),
        };
        if is_left {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What [`carry_over`] finds at one of the names.
enum Form {
    Directory,
    /// To somewhere else, where all of it stays.
    Link,
}

fn find_form(path: &Path) -> Result<Option<Form>, PrefixError> {
    Ok(match look_at(path)? {
        Some(metadata) if metadata.is_dir() => Some(Form::Directory),
        Some(metadata) if metadata.is_symlink() => Some(Form::Link),
        _ => None,
    })
}

/// The entries of a directory whose names another one does not have.
fn list_left(from: &Path, to: &Path) -> Result<Vec<(PathBuf, PathBuf)>, PrefixError> {
    let mut found = Vec::new();
    for entry in list(from)? {
        let place = to.join(entry.file_name().unwrap_or_default());
        if !is_there(&place)? {
            found.push((entry, place));
        }
    }
    Ok(found)
}

fn merge(from: &Path, to: &Path) -> Result<(), PrefixError> {
    match find_form(from)? {
        None => return Ok(()),
        Some(Form::Link) if is_there(to)? => return Ok(()),
        Some(_) => {}
    }
    for path in [from, to] {
        let look = sys::is_mounted_at(path);
        if look.map_err(|source| PrefixError::io("look at", path, source))? {
            let path = path.to_path_buf();
            return Err(PrefixError::MountAppeared { path });
        }
    }
    // A directory's rename replaces an empty directory and nothing else.
    match sys::rename(from, to) {
        Ok(()) => return Ok(()),
        Err(error) if is_occupied(&error) => {}
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => make_directory(to)?,
        Err(source) => return Err(PrefixError::io("move", from, source)),
    }
    for (entry, place) in list_left(from, to)? {
        move_entry(&entry, &place)?;
    }
    Ok(())
}

/// Move a file or directory; a directory that cannot be renamed is copied, under another name until all of it is there.
fn move_entry(from: &Path, to: &Path) -> Result<(), PrefixError> {
    let fail = |source| PrefixError::io("move", from, source);
    match sys::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices && is_directory(from)? => {}
        other => return other.map_err(fail),
    }
    let half = to.with_file_name(HALF_COPIED);
    remove_tree(&half).map_err(|obstacle| obstacle.into_error("move", from))?;
    Copying::new(&|| Ok(())).copy_directory(from, &half, &[])?;
    sys::rename(&half, to).map_err(fail)
}

/// Whether a rename failed because something has the name already.
pub(crate) fn is_occupied(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, NotADirectory, PermissionDenied};
    let on_windows = cfg!(windows) && error.kind() == PermissionDenied;
    matches!(
        error.kind(),
        AlreadyExists | DirectoryNotEmpty | NotADirectory
    ) || on_windows
}
