//! The renames that put a prefix in place. Each leaves a state that the next claim completes or takes back.

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::carry::carry_over;
use crate::claim::{Claim, remove_staging};
use crate::error::PrefixError;
use crate::marker::Form;
use crate::names::{Names, Owner};
use crate::remove::remove_tree;
use crate::sys::{self, Attempt, Exchange};

/// How often, and how far apart, a directory is tried that somebody may be looking at.
const HOLD_ATTEMPTS: u32 = 200;
const HOLD_PAUSE: Duration = Duration::from_millis(1);

/// Put the finished staging directory where nothing is, or an empty directory: a directory's rename replaces nothing else.
pub(crate) fn place(names: &Names) -> Result<(), PrefixError> {
    rename(&names.staging, &names.prefix)
}

/// Put the previous prefix where none is.
pub(crate) fn place_previous(names: &Names) -> Result<(), PrefixError> {
    rename(&names.previous, &names.prefix)?;
    sync_parent(names)
}

/// Give the finished staging directory the prefix's name, and the prefix that of the previous one, which is removed.
pub(crate) fn replace(claim: &mut Claim) -> Result<(), PrefixError> {
    let names = claim.names().clone();
    bury(&names, &names.previous)?;
    claim.finish()?;
    carry_over(&names.prefix, &names.staging)?;
    if !claim.is_locked() {
        replace_in_two_steps(&names)?;
        claim.release();
        return sync_parent(&names);
    }
    // The lock follows the directory: other processes find it at `previous` and wait. The exchange comes last, so that a
    // kill after it leaves nothing that a plain later run would have to look for.
    rename(&names.staging, &names.previous)?;
    match exchange(&names.previous, &names.prefix) {
        Ok(Exchange::Done) => claim.release(),
        Ok(Exchange::Unsupported) => {
            rename(&names.previous, &names.staging)?;
            replace_in_two_steps(&names)?;
            claim.release();
        }
        Err(error) => {
            // The claim, when dropped, returns the environments and removes the staging directory.
            rename(&names.previous, &names.staging)?;
            return Err(error);
        }
    }
    sync_parent(&names)
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
pub(crate) fn repair(claim: &mut Claim) -> Result<(), PrefixError> {
    let names = claim.names().clone();
    claim.finish()?;
    carry_over(&names.prefix, &names.staging)?;
    // The claim's lock goes into place with the new prefix. The old one, at the staging directory's name from then on, needs
    // one too: others would take it for abandoned, and what is removed here by path could be theirs.
    let _held = hold(&names.prefix);
    if exchange(&names.staging, &names.prefix)? == Exchange::Unsupported {
        std::fs::create_dir(&names.scratch)
            .map_err(|source| PrefixError::io("make", &names.scratch, source))?;
        return replace(claim);
    }
    sync_parent(&names)?;
    claim.release();
    remove_staging(&names).map_err(|source| PrefixError::io("remove", &names.staging, source))
}

/// Exchange the prefix and the previous one. The staging directory goes first, while the previous prefix is locked, so
/// that the exchange is the last step here too.
pub(crate) fn exchange_with_previous(claim: &mut Claim, owner: &Owner) -> Result<(), PrefixError> {
    let names = claim.names().clone();
    Form::Settled.set(&names.previous, owner);
    // Until the exchange, a kill may leave this prefix without its environments: the next run has to look.
    Form::Unsettled.set(&names.prefix, owner);
    let held =
        hold(&names.previous).map_err(|source| PrefixError::io("lock", &names.previous, source))?;
    carry_over(&names.prefix, &names.previous)?;
    if matches!(held, Attempt::Locked(_)) {
        remove_staging(&names)
            .map_err(|source| PrefixError::io("remove", &names.staging, source))?;
        claim.release();
    }
    match exchange(&names.previous, &names.prefix) {
        Ok(Exchange::Done) => {}
        Ok(Exchange::Unsupported) => exchange_in_three_steps(&names)?,
        Err(error) => {
            carry_over(&names.previous, &names.prefix)?;
            Form::Settled.set(&names.prefix, owner);
            return Err(error);
        }
    }
    Form::Settled.set(&names.previous, owner);
    sync_parent(&names)
}

fn exchange_in_three_steps(names: &Names) -> Result<(), PrefixError> {
    let aside = names.scratch.join("aside");
    std::fs::create_dir_all(&names.scratch)
        .map_err(|source| PrefixError::io("make", &names.scratch, source))?;
    rename(&names.prefix, &aside)?;
    rename(&names.previous, &names.prefix)?;
    rename(&aside, &names.previous)?;
    remove_staging(names).map_err(|source| PrefixError::io("remove", &names.staging, source))
}

/// Take a directory away at once by renaming it into the scratch space, then remove it.
pub(crate) fn bury(names: &Names, path: &Path) -> Result<(), PrefixError> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    let grave = names.scratch.join("buried");
    let moved = std::fs::rename(path, &grave).or_else(|error| {
        // Moving a directory elsewhere changes its "..", which takes permission to write to it.
        if error.kind() != io::ErrorKind::PermissionDenied {
            return Err(error);
        }
        sys::make_writable(path)?;
        std::fs::rename(path, &grave)
    });
    moved
        .and_then(|()| remove_tree(&grave))
        .map_err(|source| PrefixError::io("remove", path, source))
}

/// Lock a directory that other processes lock only for as long as it takes to find out whether it is locked.
fn hold(directory: &Path) -> io::Result<Attempt> {
    for _ in 0..HOLD_ATTEMPTS {
        match sys::try_lock(directory)? {
            Attempt::Held => std::thread::sleep(HOLD_PAUSE),
            attempt => return Ok(attempt),
        }
    }
    Ok(Attempt::Held)
}

fn rename(from: &Path, to: &Path) -> Result<(), PrefixError> {
    if cfg!(windows) {
        // Only there does a rename refuse an empty directory; one with contents stays and refuses the rename.
        let _ = std::fs::remove_dir(to);
    }
    std::fs::rename(from, to).map_err(|source| PrefixError::io("rename", from, source))
}

fn exchange(one: &Path, other: &Path) -> Result<Exchange, PrefixError> {
    sys::exchange(one, other).map_err(|source| PrefixError::io("exchange", other, source))
}

/// Make the new names durable.
pub(crate) fn sync_parent(names: &Names) -> Result<(), PrefixError> {
    sys::sync_directory(&names.parent)
        .map_err(|source| PrefixError::io("sync", &names.parent, source))
}
