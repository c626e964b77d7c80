//! What is to be removed and cannot be deleted: a file that another user put there or that is immutable, a disk's error.
//!
//! It is in nobody's way where it is put: in `.NAME.removed`, beside the prefix. The next command that takes the claim tries
//! to delete it again. The directory that says of the staging directory that it is ours says so there too.

use std::io;
use std::path::{Path, PathBuf};

use crate::carry::is_occupied;
use crate::error::{PrefixError, Undeletable, is_mounted};
use crate::look::{is_directory, is_there};
use crate::names::Names;
use crate::remove::{remove_tree, remove_tree_in_order};
use crate::swap::make_directory;
use crate::sys;

/// How many remains find room in one directory.
const LIMIT: u32 = 10_000;

/// What could not be deleted, told once to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remains {
    /// The directory beside the prefix that has them now.
    pub place: PathBuf,
    /// The first file or directory in it that could not be deleted.
    pub file: PathBuf,
    /// The system's words.
    pub why: String,
}

/// Remove a directory that nobody needs, or put aside what is left of it.
pub(crate) fn remove(names: &Names, trash: &Path) -> Result<(), PrefixError> {
    remove_tree(trash).or_else(|error| put_aside(names, trash, error))
}

/// Remove the staging directory in the same way; the directory that says whose it is goes last, so that a kill leaves it
/// recognisable.
pub(crate) fn remove_staging(names: &Names) -> Result<(), PrefixError> {
    // May fail, on a full disk for instance, and removing must go on.
    let _ = sys::make_directory(&names.scratch);
    let scratch = names.scratch.file_name().unwrap_or_default();
    remove_tree_in_order(&names.staging, scratch)
        .or_else(|error| put_aside(names, &names.staging, error))
}

/// Try again to remove what has been put aside; returns what is left. The caller holds the claim.
pub(crate) fn retry(names: &Names) -> Vec<Remains> {
    let places = find_places(names).unwrap_or_default();
    let failures = places.into_iter().filter_map(|place| {
        let mark = names.mark_in(&place);
        let error = remove_tree(&mark).err();
        // Holds nothing but the mark, unless somebody keeps things of his own in it.
        let _ = std::fs::remove_dir(&place);
        error.map(|error| describe(place, &mark, &mark, &error))
    });
    failures.collect()
}

/// The directories with what has been put aside, those that are certainly ours.
pub(crate) fn find_places(names: &Names) -> Result<Vec<PathBuf>, PrefixError> {
    let mut found = Vec::new();
    for place in names.removed() {
        if is_ours(names, &place)? {
            found.push(place);
        }
    }
    Ok(found)
}

/// Whether a directory was made by the same user for what is put aside.
fn is_ours(names: &Names, place: &Path) -> Result<bool, PrefixError> {
    Ok(is_directory(place)? && sys::is_own(place) && is_directory(&names.mark_in(place))?)
}

/// Put aside what is left of a directory, told by the error why it is.
pub(crate) fn put_aside(names: &Names, trash: &Path, error: io::Error) -> Result<(), PrefixError> {
    // What is mounted there is not ours to move either.
    if !is_mounted(&error) {
        for place in names.removed() {
            if let Ok(moved) = move_to(names, &place, trash) {
                names.report(describe(place, trash, &moved, &error));
                return Ok(());
            }
        }
    }
    Err(PrefixError::io("remove", trash, error))
}

/// Move a directory to one that is ours, made if nothing has its name; returns where it is then.
fn move_to(names: &Names, place: &Path, trash: &Path) -> Result<PathBuf, PrefixError> {
    let mark = names.mark_in(place);
    if !is_there(place)? {
        make_directory(place)?;
        make_directory(&mark)?;
    }
    let mut failure = io::Error::from(io::ErrorKind::PermissionDenied);
    if is_ours(names, place)? {
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
    }
    Err(PrefixError::io("rename", trash, failure))
}

/// Tell what is left of `trash`, which is at `moved` now.
fn describe(place: PathBuf, trash: &Path, moved: &Path, error: &io::Error) -> Remains {
    let undeletable = Undeletable::find(error);
    let below = undeletable.and_then(|found| found.path.strip_prefix(trash).ok());
    Remains {
        place,
        file: below.map_or_else(|| moved.to_path_buf(), |below| moved.join(below)),
        why: undeletable.map_or_else(|| error.to_string(), |found| found.source.to_string()),
    }
}
