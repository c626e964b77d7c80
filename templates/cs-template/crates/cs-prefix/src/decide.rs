//! What an installation has to do in which state: the rows of the table in `docs/explanation/prefix-lifecycle.md`.

use std::path::Path;

use crate::changes::find_changes;
use crate::claim::check_staging;
use crate::error::PrefixError;
use crate::foreignness::Foreignness;
use crate::look::{find_target, is_claimed, is_empty_directory, is_there};
use crate::marker::{Marker, Reading};
use crate::mounts::{find_mount, refuse_mounts};
use crate::names::{Names, Owner};
use crate::policy::KeepReason;
use crate::policy::Outcome;
use crate::policy::Policy;
use crate::protected::refuse_protected;
use crate::state::{State, examine, find_unwritable, inspect};
use crate::steady::look_steadily;
use crate::trust;

/// What to do.
pub(crate) enum Decision {
    /// Nothing.
    Done(Box<Outcome>),
    /// Build a prefix.
    Build(Site),
}

impl Decision {
    fn done(outcome: Outcome) -> Self {
        Self::Done(Box::new(outcome))
    }
}

/// What the new prefix will meet at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// Nothing, or an empty directory.
    Free,
    /// A prefix that is kept as the previous one.
    Occupied,
    /// An unchanged prefix of this very stamp, or a torn one: it is removed.
    Damaged,
}

/// Look at the prefix and decide; refuses what must not be touched. Writes nothing.
pub(crate) fn decide(
    names: &Names,
    owner: &Owner,
    policy: &Policy,
) -> Result<Decision, PrefixError> {
    let state = if policy.force {
        inspect(&names.prefix, owner)?
    } else {
        examine(&names.prefix, owner)?
    };
    if let State::Foreign { why } = state {
        return Err(PrefixError::foreign(&names.prefix, why));
    }
    if let Some(outcome) = find_outcome(names, policy, &state)? {
        return Ok(Decision::done(outcome));
    }
    let in_place = state.marker().cloned();
    check_place(names)?;
    let site = match state {
        State::Torn => Site::Damaged,
        State::Complete { marker } => site_of_own_stamp(names, &marker)?,
        State::AnotherStamp { .. } | State::Changed { .. } => Site::Occupied,
        State::Absent | State::Foreign { .. } => {
            // An empty directory may still be a home, or a working directory.
            refuse_protected(&names.prefix)?;
            Site::Free
        }
    };
    check_site(names, policy)?;
    if site == Site::Occupied {
        check_previous(names, owner)?;
        if let Some(marker) = in_place.filter(|_| !policy.force)
            && let Some(reason) = find_loss(names, owner)?
        {
            return Ok(Decision::done(Outcome::Kept { marker, reason }));
        }
    }
    Ok(Decision::Build(site))
}

/// As [`decide`], without a claim: meanwhile another process may exchange the prefix.
pub(crate) fn decide_unclaimed(
    names: &Names,
    owner: &Owner,
    policy: &Policy,
) -> Result<Decision, PrefixError> {
    look_steadily(&names.prefix, || decide(names, owner, policy))
}

/// Why a run would leave the prefix of another stamp as it is; `None` if it would replace it. Writes nothing.
pub fn find_reason_to_keep(
    prefix: &Path,
    owner: &Owner,
    policy: &Policy,
) -> Result<Option<KeepReason>, PrefixError> {
    let names = Names::new(prefix, owner)?;
    Ok(match decide_unclaimed(&names, owner, policy) {
        Ok(Decision::Done(outcome)) => match *outcome {
            Outcome::Kept { reason, .. } => Some(reason),
            _ => None,
        },
        Ok(Decision::Build(_)) => None,
        Err(error) => Some(KeepReason::Failed {
            why: error.to_string(),
        }),
    })
}

/// How the installation ends when there is nothing to build.
fn find_outcome(
    names: &Names,
    policy: &Policy,
    state: &State,
) -> Result<Option<Outcome>, PrefixError> {
    if policy.force {
        return Ok(None);
    }
    let (marker, reason) = match state {
        State::Complete { marker } => {
            let marker = marker.clone();
            return Ok(Some(Outcome::AlreadyComplete { marker }));
        }
        State::AnotherStamp { marker, declined } => {
            (marker, reason_to_keep(names, policy, *declined)?)
        }
        State::Changed { marker, changes } => {
            let reason = reason_to_keep(names, policy, false)?;
            (
                marker,
                reason.or_else(|| Some(KeepReason::Changed(changes.clone()))),
            )
        }
        State::Absent | State::Foreign { .. } | State::Torn => return Ok(None),
    };
    Ok(reason.map(|reason| Outcome::Kept {
        marker: marker.clone(),
        reason,
    }))
}

/// What would be lost with the previous prefix. That of this very stamp is not removed, but put in place.
fn find_loss(names: &Names, owner: &Owner) -> Result<Option<KeepReason>, PrefixError> {
    let previous = Marker::read_ours(&names.previous, owner)?;
    let Some(marker) = previous.filter(|marker| marker.stamp != owner.stamp_hex) else {
        return Ok(None);
    };
    let files = find_changes(&names.previous, &marker)?.files;
    Ok((!files.is_empty()).then_some(KeepReason::PreviousHolds { marker, files }))
}

fn site_of_own_stamp(names: &Names, marker: &Marker) -> Result<Site, PrefixError> {
    let is_changed = !find_changes(&names.prefix, marker)?.is_empty();
    Ok(if is_changed {
        Site::Occupied
    } else {
        Site::Damaged
    })
}

fn reason_to_keep(
    names: &Names,
    policy: &Policy,
    declined: bool,
) -> Result<Option<KeepReason>, PrefixError> {
    if policy.keep_other_stamps {
        return Ok(Some(KeepReason::Policy));
    }
    if declined {
        return Ok(Some(KeepReason::RolledBack));
    }
    if let Some(target) = find_target(&names.prefix)? {
        return Ok(Some(KeepReason::SymbolicLink { target }));
    }
    if let Some(path) = find_mount(names)? {
        return Ok(Some(KeepReason::MountPoint { path }));
    }
    if let Err(PrefixError::Untrusted { why }) = trust::check_change(names) {
        return Ok(Some(KeepReason::Untrusted { why }));
    }
    Ok(
        find_unwritable(names).map(|directory| KeepReason::NotWritable {
            directory: directory.to_path_buf(),
        }),
    )
}

/// Refuse when something that this runtime did not create has the name that the replaced prefix will get.
fn check_previous(names: &Names, owner: &Owner) -> Result<(), PrefixError> {
    let previous = &names.previous;
    if !is_there(previous)? {
        return Ok(());
    } else {
        trust::check_directory(previous)?
    }
    match Marker::read(previous, owner)? {
        Reading::Torn => Ok(()),
        Reading::Nothing if is_empty_directory(previous)? => Ok(()),
        Reading::Whole(marker) if marker.is_of(owner) => Ok(()),
        _ => {
            let why = Foreignness::NoMarker {
                marker: names.marker.clone(),
            };
            Err(PrefixError::Foreign {
                path: previous.clone(),
                why,
            })
        }
    }
}

/// Refuse what cannot be replaced without touching what is not the prefix's.
fn check_place(names: &Names) -> Result<(), PrefixError> {
    match find_target(&names.prefix)? {
        Some(target) => Err(PrefixError::SymbolicLink {
            prefix: names.prefix.clone(),
            target,
        }),
        None => {
            refuse_mounts(names)?;
            trust::check_change(names)?;
            check_staging(names).map(drop)
        }
    }
}

/// Refuse, before the first byte is written, what could not be finished.
fn check_site(names: &Names, policy: &Policy) -> Result<(), PrefixError> {
    let prefix = names.prefix.clone();
    let length_bytes = prefix.as_os_str().len();
    if let Some(limit_bytes) = policy.prefix_limit_bytes
        && length_bytes > limit_bytes
    {
        return Err(PrefixError::PathTooLong {
            prefix,
            length_bytes,
            limit_bytes,
        });
    }
    match find_unwritable(names) {
        // A user without write permission can still wait for another user's process.
        Some(_) if is_claimed(&names.staging).unwrap_or(false) => Ok(()),
        Some(directory) => Err(PrefixError::not_writable(directory, "install the prefix")),
        None => Ok(()),
    }
}
