//! Files in place of those that give way to them, when all packages have come.

use std::io;

use crate::LinkError;
use crate::aside::{Kept, is_in_the_way};
use crate::clobber::{BYTECODE, Claimant};
use crate::fault::Fault;
use crate::maker::is_the_runtimes;
use crate::shared::{Shared, write_fault};
use crate::tree::Hand;

/// Put what is kept in place of other packages' files and links; what is in another's way still.
///
/// Of several with one path the last counts.
pub(crate) fn succeed(
    shared: &Shared,
    hand: &mut Hand,
    kept: Vec<Kept>,
) -> Result<Vec<Kept>, LinkError> {
    let mut left = Vec::new();
    for one in kept {
        let placed = take_over(hand, &one);
        if !placed.map_err(|error| blame_write(shared, &one.path, one.claimant, error))? {
            left.push(one);
        }
    }
    Ok(left)
}

/// Whether it is in place now.
fn take_over(hand: &mut Hand, kept: &Kept) -> io::Result<bool> {
    let Some(place) = &kept.place else {
        return Ok(false);
    };
    match hand.remove(&kept.path) {
        Err(error) if is_in_the_way(&error) && !is_the_runtimes(&kept.path) => return Ok(false),
        removed => removed?,
    }
    hand.rename(place, &kept.path).map(|()| true)
}

/// Remove what is kept for nothing.
pub(crate) fn discard(shared: &Shared, hand: &mut Hand, kept: &Kept) -> Result<(), LinkError> {
    match &kept.place {
        Some(place) => remove(shared, hand, place, kept.claimant),
        None => Ok(()),
    }
}

/// Remove a claimant's file or link.
pub(crate) fn remove(
    shared: &Shared,
    hand: &mut Hand,
    path: &str,
    claimant: Claimant,
) -> Result<(), LinkError> {
    hand.remove(path)
        .map_err(|error| blame_write(shared, path, claimant, error))
}

/// What it means that something of a claimant cannot be written, moved or removed.
pub(crate) fn blame_write(
    shared: &Shared,
    path: &str,
    claimant: Claimant,
    error: io::Error,
) -> LinkError {
    blame(shared, claimant, write_fault(shared, path, error))
}

/// Blame the package that a claimant is.
pub(crate) fn blame(shared: &Shared, claimant: Claimant, fault: Fault) -> LinkError {
    if claimant == BYTECODE {
        fault.of_bytecode()
    } else {
        fault.of(&shared.job.packages[shared.claims.package_of(claimant)])
    }
}
