//! Replace a prefix whose directory cannot be renamed: in a container, one that comes from the image.
//!
//! Overlayfs answers EXDEV to the rename of a directory of a lower layer. Such a prefix can
//! be copied, and emptied in place. So everything that will be needed is copied first,
//! next to it and with the old prefix whole; then its marker says that it is being
//! *dismantled*, and from there on the next holder of the claim goes forward: see `resume`.

use std::path::Path;

use crate::carry::{CARRIED, copy_stuck};
use crate::claim::Claim;
use crate::copy::{Check, Copying, measure_tree};
use crate::error::PrefixError;
use crate::hold::stop_starts;
use crate::look::is_directory;
use crate::marker::{Form, Marker};
use crate::names::{Names, Owner};
use crate::placing::{clear_the_way, take_the_place};
use crate::remove::find_undeletable;
use crate::sys;

/// What becomes of the previous prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Previous {
    /// It stays.
    Stays,
    /// The prefix in place takes its name.
    Replaced,
    /// It has been copied into the staging directory, and goes.
    Consumed,
}

/// Whether prefixes must be replaced this way; the caller holds the claim.
pub(crate) fn is_needed(names: &Names) -> Result<bool, PrefixError> {
    Ok(is_stuck(names, &names.prefix)? || is_stuck(names, &names.previous)?)
}

/// Whether a directory next to the staging directory cannot be renamed; the caller holds the claim.
pub(crate) fn is_stuck(names: &Names, directory: &Path) -> Result<bool, PrefixError> {
    // While the claim is held, the staging directory holds the scratch space at least.
    Ok(is_directory(&names.scratch)? && sys::is_stuck(directory, &names.staging))
}

/// Bytes and files that a replacement copies besides what it builds. Refuses what could not be emptied in place.
pub(crate) fn measure(names: &Names) -> Result<(u64, u64), PrefixError> {
    if !is_stuck(names, &names.prefix)? {
        return Ok((0, 0));
    }
    refuse_undeletable(names)?;
    Ok(measure_tree(&names.prefix))
}

/// Refuse a prefix with something in it that will certainly not be deleted: there is no
/// putting it aside here, and once the prefix is dismantled there is no way back.
fn refuse_undeletable(names: &Names) -> Result<(), PrefixError> {
    let fail = |source| PrefixError::io("look at", &names.prefix, source);
    match find_undeletable(&names.prefix).map_err(fail)? {
        Some(path) => Err(PrefixError::Denied {
            action: "remove",
            path,
        }),
        None => Ok(()),
    }
}

/// Give the finished contents of the staging directory, marker and all, the prefix's name.
pub(crate) fn replace(
    claim: &mut Claim,
    owner: &Owner,
    previous: Previous,
    check: Check,
) -> Result<(), PrefixError> {
    let names = claim.names().clone();
    if is_stuck(&names, &names.prefix)? {
        refuse_undeletable(&names)?;
    }
    let before = Marker::read_ours(&names.prefix, owner)?;
    let mut copying = Copying::new(check);
    match previous {
        Previous::Replaced => copying.copy_directory(&names.prefix, &names.kept(), &CARRIED)?,
        Previous::Consumed => sys::make_directory(&names.kept())
            .map_err(|source| PrefixError::io("make", &names.kept(), source))?,
        Previous::Stays => {}
    }
    copy_stuck(&mut copying, &names.prefix, &names.staging, &names.staging)?;
    sys::sync_tree(&names.staging)
        .map_err(|source| PrefixError::io("sync", &names.staging, source))?;
    claim.still();
    let _still = stop_starts(&names.prefix);
    commit(&names, owner)?;
    if let Err(error) = clear_the_way(&names, owner) {
        // Nothing of the old prefix is gone yet.
        if let Some(marker) = before {
            marker.write(&names.prefix, owner, Form::Unsettled, false)?;
        }
        return Err(error);
    }
    take_the_place(&names, owner)?;
    claim.release();
    Ok(())
}

/// Fill the staging directory with a copy of the previous prefix, but for its marker, which comes last.
pub(crate) fn copy_previous(names: &Names, owner: &Owner, check: Check) -> Result<(), PrefixError> {
    let Some(marker) = Marker::read_ours(&names.previous, owner)? else {
        return Ok(());
    };
    let left_out = [CARRIED[0], CARRIED[1], names.marker.as_str()];
    Copying::new(check).copy_directory(&names.previous, &names.staging, &left_out)?;
    marker.write(&names.staging, owner, Form::Unsettled, true)
}

/// Declare that the prefix, if there is one, gives way to the staging directory.
fn commit(names: &Names, owner: &Owner) -> Result<(), PrefixError> {
    if !is_directory(&names.prefix)? {
        return Ok(());
    }
    let marker = Marker::read_ours(&names.staging, owner)?;
    marker.map_or(Ok(()), |marker| {
        marker.write(&names.prefix, owner, Form::Dismantled, true)
    })
}
