//! Take a directory away at once; removing what is in it takes its time.

use std::io;
use std::path::Path;

use crate::aside;
use crate::error::PrefixError;
use crate::look::{is_there, look_at};
use crate::marker::Form;
use crate::names::Names;
use crate::remove::remove_tree_in_order;
use crate::sys;

/// Take a directory away at once by renaming it into the scratch space, then remove it, or put aside what
/// is left of it. One that cannot be renamed is removed in place, after a marker says so.
pub(crate) fn bury(names: &Names, path: &Path) -> Result<(), PrefixError> {
    if !is_there(path)? {
        return Ok(());
    }
    let grave = names.grave();
    match move_to_grave(path, &grave) {
        Ok(()) => aside::remove(names, &grave),
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => dismantle(names, path),
        Err(error) => aside::put_aside(names, path, error.into()),
    }
}

pub(crate) fn move_to_grave(path: &Path, grave: &Path) -> io::Result<()> {
    sys::rename(path, grave).or_else(|error| {
        // Moving a directory elsewhere changes its "..", which takes permission to write to it.
        if error.kind() != io::ErrorKind::PermissionDenied {
            return Err(error);
        }
        sys::make_writable(path).map_err(|_| error)?;
        sys::rename(path, grave)
    })
}

/// Remove a prefix in place, its marker last.
fn dismantle(names: &Names, directory: &Path) -> Result<(), PrefixError> {
    let marker = names.marker_in(directory);
    // A torn one has no byte to change.
    if look_at(&marker)?.is_some_and(|metadata| metadata.len() > 0) {
        Form::Dismantled
            .write(&marker)
            .map_err(|source| PrefixError::io("remove", directory, source))?;
    }
    remove_tree_in_order(directory, names.marker.as_ref())
        .map_err(|obstacle| obstacle.into_error("remove", directory))
}
