//! Put back the prefix that the last upgrade replaced.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::claim::{Claim, check_staging};
use crate::copy::Check;
use crate::error::PrefixError;
use crate::install::settle;
use crate::look::find_target;
use crate::marker::{Form, Marker};
use crate::mounts::refuse_mounts;
use crate::names::{Names, Owner};
use crate::patience::{News, Patience};
use crate::state::{State, find_unwritable, inspect};
use crate::{settings, swap, trust};

/// What a rollback did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolledBack {
    /// The prefix that is in place now.
    pub now: Marker,
    /// The one that was, and is the previous one now; `None` when there was none.
    pub before: Option<Marker>,
}

/// Exchange the prefix with the previous one; named environments stay with the prefix.
///
/// The stamp that was in place is written into the marker of the one put back, so that its runtime keeps that
/// prefix from now on (unless it is forced) instead of upgrading it again. After an error everything is as it was.
pub fn rollback(
    prefix: &Path,
    owner: &Owner,
    wait_limit: Duration,
    tell: &mut dyn FnMut(&News),
    cancel: &AtomicBool,
) -> Result<RolledBack, PrefixError> {
    let names = Names::new(prefix, owner)?;
    // What is refused is not touched.
    check(&names, owner)?;
    let mut patience = Patience::new(wait_limit, tell, cancel);
    let result = wait_and_exchange(&names, owner, &mut patience);
    settle(&names, owner);
    patience.tell(&names);
    result
}

fn wait_and_exchange(
    names: &Names,
    owner: &Owner,
    patience: &mut Patience,
) -> Result<RolledBack, PrefixError> {
    loop {
        // A kill from here on leaves what a plain run of the newer prefix would not look for.
        Form::Unsettled.set(&names.prefix, owner);
        patience.check_cancelled(names)?;
        if let Some(claim) = Claim::take(names, owner, patience)? {
            // Looked at again: the claim may have been another's until now.
            let state = check(names, owner)?;
            return put_back(claim, owner, &state, &|| patience.check_cancelled(names));
        }
        patience.wait(names)?;
        check(names, owner)?;
    }
}

/// Refuse what cannot be rolled back; returns the state of the prefix in place.
fn check(names: &Names, owner: &Owner) -> Result<State, PrefixError> {
    let state = inspect(&names.prefix, owner)?;
    if let State::Foreign { why } = state {
        return Err(PrefixError::foreign(&names.prefix, why));
    }
    if let Some(target) = find_target(&names.prefix)? {
        return Err(PrefixError::SymbolicLink {
            prefix: names.prefix.clone(),
            target,
        });
    }
    trust::check_directory(&names.previous)?;
    if Marker::read_ours(&names.previous, owner)?.is_none() {
        return Err(PrefixError::NothingToRollBack {
            previous: names.previous.clone(),
        });
    }
    refuse_mounts(names)?;
    trust::check_change(names)?;
    check_staging(names)?;
    if let Some(directory) = find_unwritable(names) {
        return Err(PrefixError::not_writable(directory, "roll back"));
    }
    Ok(state)
}

fn put_back(
    mut claim: Claim,
    owner: &Owner,
    state: &State,
    check: Check,
) -> Result<RolledBack, PrefixError> {
    let names = claim.names().clone();
    let Some(mut now) = Marker::read_ours(&names.previous, owner)? else {
        return Err(PrefixError::NothingToRollBack {
            previous: names.previous,
        });
    };
    let before = state.marker().cloned();
    let original = now.clone();
    let kept = settings::Kept::take(&names.previous)?;
    now.declined = before.iter().map(|marker| marker.stamp.clone()).collect();
    now.write(&names.previous, owner, Form::Settled, true)?;
    let swapped = match &before {
        Some(marker) => settings::carry(&names.prefix, marker, &names.previous)
            .and_then(|()| swap::exchange_with_previous(&mut claim, owner, check)),
        None => swap::place_previous(&mut claim, owner, check),
    };
    let is_undone = |_: &PrefixError| {
        Marker::read_ours(&names.previous, owner).is_ok_and(|there| there.as_ref() == Some(&now))
    };
    if swapped.as_ref().is_err_and(is_undone) {
        original.write(&names.previous, owner, Form::Settled, true)?;
        kept.put_back()?;
    }
    swapped.map(|()| RolledBack { now, before })
}
