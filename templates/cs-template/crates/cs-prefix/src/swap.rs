//! The renames that put a prefix in place. Each leaves a state that the next claim completes or takes back.

use std::path::PathBuf;
use std::time::Duration;

use crate::aside;
use crate::carry::carry_over;
use crate::claim::Claim;
use crate::copy::Check;
use crate::error::PrefixError;
use crate::graves::{bury, move_to_grave};
use crate::hold::{lock_alone, stop_starts};
use crate::inplace::{self, Previous};
use crate::look::is_there;
use crate::marker::Form;
use crate::movable::return_prefix;
use crate::moves::{exchange, make_directory, rename, sync_parent};
use crate::names::{Names, Owner};
use crate::placing::place;
use crate::sys::{Attempt, Exchange};

/// How long to try to lock a directory that another process may be reading.
const HOLD_LIMIT: Duration = Duration::from_millis(200);

/// Put the previous prefix where none is, or one that is not whole.
pub(crate) fn place_previous(
    claim: &mut Claim,
    owner: &Owner,
    check: Check,
) -> Result<(), PrefixError> {
    let names = claim.names().clone();
    if inplace::is_needed(&names)? {
        inplace::copy_previous(&names, owner, check)?;
        return inplace::replace(claim, owner, Previous::Consumed, check);
    }
    let is_dismantled = Form::of(&names.marker_in(&names.prefix))? == Form::Dismantled;
    if !is_dismantled {
        carry_over(&names.prefix, &names.previous).inspect_err(|_| return_environments(&names))?;
    }
    let grave = swap_in_previous(&names).inspect_err(|_| {
        if !is_dismantled {
            return_environments(&names);
        }
    })?;
    sync_parent(&names);
    if aside::remove(&names, &grave).is_err() {
        // The next run tries again.
        Form::Unsettled.set(&names.prefix, owner);
    }
    Ok(())
}

/// Undo a [`carry_over`] to the previous prefix. Should that fail too, an unsettled prefix makes the next run do it.
fn return_environments(names: &Names) {
    let _ = carry_over(&names.previous, &names.prefix);
}

/// Give the previous prefix the name of something that is not a prefix, or not any more; returns where that is then.
fn swap_in_previous(names: &Names) -> Result<PathBuf, PrefixError> {
    let grave = names.grave();
    let was_there = is_there(&names.prefix)?;
    if was_there {
        move_to_grave(&names.prefix, &grave)
            .map_err(|source| PrefixError::io("rename", &names.prefix, source))?;
    }
    rename(&names.previous, &names.prefix).inspect_err(|_| {
        if was_there {
            let _ = rename(&grave, &names.prefix);
        }
    })?;
    Ok(grave)
}

/// Give the finished staging directory the prefix's name, and the prefix that of the previous one, which is removed.
pub(crate) fn replace(claim: &mut Claim, owner: &Owner, check: Check) -> Result<(), PrefixError> {
    let names = claim.names().clone();
    if inplace::is_stuck(&names, &names.prefix)? {
        return inplace::replace(claim, owner, Previous::Replaced, check);
    }
    bury(&names, &names.previous)?;
    claim.finish()?;
    let _still = stop_starts(&names.prefix);
    carry_over(&names.prefix, &names.staging)?;
    if !claim.follows_directory() {
        replace_in_two_steps(&names)?;
        claim.release();
        sync_parent(&names);
        return Ok(());
    }
    // The lock follows the directory: other processes find it at `previous` and wait. The exchange
    // comes last, so that a kill after it leaves nothing that a plain later run would have to look for.
    rename(&names.staging, &names.previous)?;
    match exchange(&names.previous, &names.prefix) {
        Ok(Exchange::Done) => claim.release(),
        Ok(Exchange::Unsupported) => {
            take_back(&names)?;
            replace_in_two_steps(&names)?;
            claim.release();
        }
        Err(error) => {
            take_back(&names)?;
            return Err(error);
        }
    }
    sync_parent(&names);
    Ok(())
}

/// Give the staging directory its name again: the claim, when dropped, returns the environments from there.
fn take_back(names: &Names) -> Result<(), PrefixError> {
    rename(&names.previous, &names.staging).inspect_err(|_| return_environments(names))
}

/// Without an exchange there is no prefix for an instant; the next claim finishes what a kill interrupts here.
fn replace_in_two_steps(names: &Names) -> Result<(), PrefixError> {
    rename(&names.prefix, &names.previous)?;
    rename(&names.staging, &names.prefix).or_else(|error| {
        rename(&names.previous, &names.prefix)?;
        Err(error)
    })
}

/// Give the finished staging directory the prefix's name and remove the prefix that was there.
pub(crate) fn repair(claim: &mut Claim, owner: &Owner, check: Check) -> Result<(), PrefixError> {
    let names = claim.names().clone();
    if Form::of(&names.marker_in(&names.prefix))? == Form::Dismantled {
        // A removal was interrupted: what is left of it has no owner.
        bury(&names, &names.prefix)?;
        claim.finish()?;
        place(&names)?;
        claim.release();
        sync_parent(&names);
        return Ok(());
    }
    if inplace::is_stuck(&names, &names.prefix)? {
        return inplace::replace(claim, owner, Previous::Stays, check);
    }
    claim.finish()?;
    // The claim's lock goes into place with the new prefix. The old one, at the staging directory's name from then
    // on, needs one too: others would take it for abandoned, and what is removed here by path could belong to them.
    let held = stop_starts(&names.prefix);
    carry_over(&names.prefix, &names.staging)?;
    if exchange(&names.staging, &names.prefix)? == Exchange::Unsupported {
        drop(held);
        return inplace::replace(claim, owner, Previous::Stays, check);
    }
    sync_parent(&names);
    claim.release();
    aside::remove_staging(&names)
}

/// Exchange the prefix and the previous one. The staging directory goes first, while the previous prefix is locked, so
/// that the exchange is the last step here too.
pub(crate) fn exchange_with_previous(
    claim: &mut Claim,
    owner: &Owner,
    check: Check,
) -> Result<(), PrefixError> {
    let names = claim.names().clone();
    if inplace::is_needed(&names)? {
        inplace::copy_previous(&names, owner, check)?;
        inplace::replace(claim, owner, Previous::Replaced, check)?;
        Form::Settled.set(&names.previous, owner);
        return Ok(());
    }
    Form::Settled.set(&names.previous, owner);
    // Until the exchange, a kill may leave this prefix without its environments: the next run has to look.
    Form::Unsettled.set(&names.prefix, owner);
    let held = lock_alone(&names.previous, HOLD_LIMIT)
        .map_err(|source| PrefixError::io("lock", &names.previous, source))?;
    let _still = stop_starts(&names.prefix);
    carry_over(&names.prefix, &names.previous)
        .and_then(|()| exchange_while_held(claim, &held))
        .inspect_err(|_| return_environments(&names))?;
    if let Attempt::Locked(lock) = held {
        claim.take_over(lock);
    }
    Form::Settled.set(&names.previous, owner);
    sync_parent(&names);
    Ok(())
}

/// The exchange itself, of two prefixes that have all that they will have. After an error
/// each has the name that it had.
fn exchange_while_held(claim: &mut Claim, held: &Attempt) -> Result<(), PrefixError> {
    let names = claim.names().clone();
    if matches!(held, Attempt::Locked(_)) {
        aside::remove_staging(&names)?;
        claim.release();
    }
    match exchange(&names.previous, &names.prefix)? {
        Exchange::Done => Ok(()),
        Exchange::Unsupported => exchange_in_three_steps(&names),
    }
}

fn exchange_in_three_steps(names: &Names) -> Result<(), PrefixError> {
    make_directory(&names.staging)?;
    // Without a lock, others would take it for abandoned and remove what is in it.
    let _held = lock_alone(&names.staging, HOLD_LIMIT)
        .map_err(|source| PrefixError::io("lock", &names.staging, source))?;
    make_directory(&names.scratch)?;
    let exchanged = rename_thrice(names);
    let removed = return_prefix(names).and_then(|()| aside::remove_staging(names));
    exchanged.and(removed)
}

/// Exchange two directories by a third name; after an error each has the name that it had.
fn rename_thrice(names: &Names) -> Result<(), PrefixError> {
    let between = names.between();
    rename(&names.prefix, &between)?;
    rename(&names.previous, &names.prefix)
        .and_then(|()| {
            rename(&between, &names.previous).inspect_err(|_| {
                let _ = rename(&names.prefix, &names.previous);
            })
        })
        .inspect_err(|_| {
            let _ = rename(&between, &names.prefix);
        })
}
