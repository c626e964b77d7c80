//! What should be removed and cannot be deleted: a file that another user put there or
//! that is immutable, a disk's error.
//!
//! It goes where it is not in the way: into `.NAME.removed`, next to the prefix. The next command
//! that takes the claim tries to delete it again. The directory that marks the staging directory as
//! the runtime's own marks this one too; what cannot be moved there is renamed to such a name itself.

use std::io;
use std::path::{Path, PathBuf};

use crate::carry::is_occupied;
use crate::error::PrefixError;
use crate::look::{is_directory, is_empty_directory, is_file, is_there};
use crate::moves::make_directory;
use crate::moves::rename;
use crate::names::Names;
use crate::obstacles::Obstacle;
use crate::remains::Remains;
use crate::remove::{remove_tree, remove_tree_in_order};
use crate::{sys, trust};

/// How many remains find room in one directory.
const LIMIT: u32 = 10_000;

/// Remove a directory that is not needed any more, or put aside what is left of it.
pub(crate) fn remove(names: &Names, trash: &Path) -> Result<(), PrefixError> {
    remove_tree(trash).or_else(|obstacle| put_aside(names, trash, obstacle))
}

/// Remove the staging directory in the same way; the directory that says whose it is goes
/// last, so that a kill leaves it recognisable.
pub(crate) fn remove_staging(names: &Names) -> Result<(), PrefixError> {
    // May fail, on a full disk for instance, and removing must go on.
    let _ = sys::make_directory(&names.scratch);
    let scratch = names.scratch.file_name().unwrap_or_default();
    remove_tree_in_order(&names.staging, scratch)
        .or_else(|obstacle| put_aside(names, &names.staging, obstacle))
}

/// Try again to remove what has been put aside; returns what is left. The caller holds the claim.
pub(crate) fn retry(names: &Names) -> Vec<Remains> {
    let failures = find_places(names).into_iter().filter_map(|place| {
        let obstacle = empty(names, &place).err();
        // Unless somebody keeps other files in it.
        let _ = std::fs::remove_dir(&place);
        obstacle.map(|obstacle| describe(&place, &place, &place, &obstacle))
    });
    failures.collect()
}

fn empty(names: &Names, place: &Path) -> Result<(), Obstacle> {
    match names.marker_in(place).symlink_metadata() {
        Ok(_) => remove_tree_in_order(place, names.marker.as_ref()),
        Err(_) => remove_tree(&names.mark_in(place)),
    }
}

/// The directories with what has been put aside, those that are certainly the runtime's own.
pub(crate) fn find_places(names: &Names) -> Vec<PathBuf> {
    let is_ours = |place: &PathBuf| {
        // One that does not answer is left alone.
        trust::is_own(place).unwrap_or(false) && has_sign(names, place).unwrap_or(false)
    };
    names.removed().into_iter().filter(is_ours).collect()
}

/// Whether a directory is marked as the runtime's own; an empty one was made just before a kill.
fn has_sign(names: &Names, place: &Path) -> Result<bool, PrefixError> {
    if !is_directory(place)? {
        return Ok(false);
    }
    Ok(is_directory(&names.mark_in(place))?
        // One that could only be renamed is recognised by what it was.
        || is_file(&names.marker_in(place))?
        || is_empty_directory(place)?)
}

/// Whether more can be put into a directory.
fn is_collection(names: &Names, place: &Path) -> Result<bool, PrefixError> {
    let is_ours = trust::is_own(place)? && has_sign(names, place)?;
    Ok(is_ours && !is_there(&names.marker_in(place))?)
}

/// Put aside what an obstacle left of a directory.
pub(crate) fn put_aside(
    names: &Names,
    trash: &Path,
    obstacle: Obstacle,
) -> Result<(), PrefixError> {
    // What is mounted there must not be moved either.
    if matches!(obstacle, Obstacle::Mounted(_)) {
        return Err(obstacle.into_error("remove", trash));
    }
    for place in names.removed() {
        let moved = collect(names, &place, trash).or_else(|_| rename_beside(names, &place, trash));
        if let Ok(moved) = moved {
            names.report(describe(&place, trash, &moved, &obstacle));
            return Ok(());
        }
    }
    Err(obstacle.into_error("remove", trash))
}

/// Move a directory into one of the runtime's own, created if nothing has its name; returns its new place.
fn collect(names: &Names, place: &Path, trash: &Path) -> Result<PathBuf, PrefixError> {
    let mark = names.mark_in(place);
    if !is_there(place)? {
        make_directory(place)?;
    }
    let mut failure = io::Error::from(io::ErrorKind::AlreadyExists);
    if is_collection(names, place)? {
        make_directory(&mark)?;
        for number in 1..=LIMIT {
            let free = mark.join(number.to_string());
            match sys::rename(trash, &free) {
                Ok(()) => return Ok(free),
                Err(error) => failure = error,
            }
            if !is_occupied(&failure) {
                break;
            }
        }
        // Unless it is in use: both are removed only when they are empty.
        let _ = std::fs::remove_dir(&mark).and_then(|()| std::fs::remove_dir(place));
    }
    Err(PrefixError::io("rename", trash, failure))
}

/// Give a directory next to the prefix another name next to it. Unlike a move to another
/// directory, that takes no permission to write to it: one of root's, for instance.
fn rename_beside(names: &Names, place: &Path, trash: &Path) -> Result<PathBuf, PrefixError> {
    let is_beside = trash.parent() == Some(&names.parent);
    if !is_beside || is_there(place)? {
        let source = io::Error::from(io::ErrorKind::AlreadyExists);
        return Err(PrefixError::io("rename", trash, source));
    }
    rename(trash, place).map(|()| place.to_path_buf())
}

/// Say what is left of `trash`, which is at `moved` now.
fn describe(place: &Path, trash: &Path, moved: &Path, obstacle: &Obstacle) -> Remains {
    let (below, why) = match obstacle {
        Obstacle::Undeletable { path, source } => (
            path.strip_prefix(trash).ok(),
            cs_file::describe_error(source),
        ),
        Obstacle::Refused(source) => (None, cs_file::describe_error(source)),
        Obstacle::Mounted(path) => (None, format!("{} is a mount point", path.display())),
    };
    Remains {
        place: place.to_path_buf(),
        file: below.map_or_else(|| moved.to_path_buf(), |below| moved.join(below)),
        why,
    }
}
