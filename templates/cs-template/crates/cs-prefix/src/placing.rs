//! Put the finished staging directory in place, and finish what a killed process began.

use std::io;

use crate::aside;
use crate::carry::carry_over;
use crate::copy::Copying;
use crate::error::PrefixError;
use crate::graves::bury;
use crate::look::is_directory;
use crate::marker::Marker;
use crate::moves::{make_directory, rename, sync_parent};
use crate::names::{Names, Owner};
use crate::remove::remove_tree_in_order;
use crate::sys;

/// Put the finished staging directory where nothing is, or an empty directory: a
/// directory's rename replaces nothing else.
pub(crate) fn place(names: &Names) -> Result<(), PrefixError> {
    match sys::rename(&names.staging, &names.prefix) {
        // A killed run has left it in a lower layer.
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => place_copy(names),
        other => other.map_err(|source| PrefixError::io("rename", &names.staging, source)),
    }
}

fn place_copy(names: &Names) -> Result<(), PrefixError> {
    let copy = names.scratch.join("copy");
    make_directory(&names.scratch)?;
    let scratch = names.scratch.file_name().and_then(|name| name.to_str());
    Copying::new(&|| Ok(())).copy_directory(
        &names.staging,
        &copy,
        &[scratch.unwrap_or_default()],
    )?;
    rename(&copy, &names.prefix)?;
    aside::remove_staging(names)
}

/// Finish what a killed process began when it declared the prefix dismantled. Killed itself, it is called again.
pub(crate) fn resume(names: &Names, owner: &Owner) -> Result<(), PrefixError> {
    clear_the_way(names, owner)?;
    take_the_place(names, owner)
}

/// Put the previous prefix in order, and move to the staging directory what is still to be moved there.
pub(crate) fn clear_the_way(names: &Names, owner: &Owner) -> Result<(), PrefixError> {
    let kept = names.kept();
    // A previous prefix that cannot be removed does not stop an upgrade: what was kept instead of it is removed.
    if is_directory(&kept)?
        && bury(names, &names.previous).is_ok()
        && Marker::read_ours(&kept, owner)?.is_some()
    {
        rename(&kept, &names.previous)?;
    }
    aside::remove(names, &names.scratch)?;
    carry_over(&names.prefix, &names.staging)
}

pub(crate) fn take_the_place(names: &Names, owner: &Owner) -> Result<(), PrefixError> {
    let empty = || remove_tree_in_order(&names.prefix, names.marker.as_ref());
    empty()
        .or_else(|obstacle| {
            // Even removing takes some room on overlayfs. The prefix is worth more than the previous one.
            let is_ours = || matches!(Marker::read_ours(&names.previous, owner), Ok(Some(_)));
            if !obstacle.is_full() || !is_ours() {
                return Err(obstacle);
            }
            remove_tree_in_order(&names.previous, names.marker.as_ref())?;
            empty()
        })
        // Where a directory can be renamed, and merely not be exchanged, it need not be empty.
        .or_else(|obstacle| aside::put_aside(names, &names.prefix, obstacle))?;
    place(names)?;
    sync_parent(names);
    Ok(())
}
