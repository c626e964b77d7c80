//! From whatever state to a prefix that can be run.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::carry::{carry_over, copy_settings};
use crate::changes::{Changes, Contents};
use crate::claim::{Claim, Patience, Waiting};
use crate::error::{InstallError, PrefixError};
use crate::marker::Marker;
use crate::names::{Names, Owner};
use crate::room::check_room;
use crate::state::{State, examine, find_unwritable, inspect};
use crate::{swap, sys};

/// What to do with the prefix of another build of the same runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUpgrade {
    /// Replace it, unless its user has changed it.
    Replace,
    /// Keep it.
    Keep,
}

/// What the caller wants, and what its prefix needs.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Build anew whatever prefix of ours is there: `bootstrap --force`.
    pub force: bool,
    /// What to do with the prefix of another stamp.
    pub on_upgrade: OnUpgrade,
    /// How long to wait for another process that works on the same prefix.
    pub wait_limit: Duration,
    /// Bytes that the prefix will take.
    pub required_bytes: Option<u64>,
    /// Files, links and directories that the prefix will have.
    pub required_files: Option<u64>,
    /// The longest prefix, in bytes, that the packages' placeholders allow.
    pub prefix_limit_bytes: Option<usize>,
}

/// Where a build writes, handed to the closure given to [`install`].
#[derive(Clone, Copy, Debug)]
pub struct Staging<'a> {
    /// The directory to fill; it becomes the prefix.
    pub root: &'a Path,
    /// A directory for temporary data on the same file system, removed before the prefix is put in place. It stands in
    /// `root`, and is the only entry there when the build starts.
    pub scratch: &'a Path,
    /// Where the directory will be found: what belongs into files that name their own place.
    pub prefix: &'a Path,
}

/// What a build tells about its result, for the marker.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// Where the packages came from, without credentials.
    pub channels: Vec<String>,
    /// Whatever else the caller wants to find again in [`Marker::extra`].
    pub extra: serde_json::Map<String, serde_json::Value>,
}

/// How [`install`] ended well. In each case there is a complete prefix of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing had to be built, or another process built it in the meantime.
    AlreadyComplete {
        /// The marker that is there.
        marker: Marker,
    },
    /// Built where nothing was.
    Installed {
        /// The marker just written.
        marker: Marker,
    },
    /// Built beside a prefix that it then replaced.
    Replaced {
        /// The marker just written, or that of the previous prefix when it was of this stamp and was put back.
        marker: Marker,
        /// The replaced prefix, kept until the next upgrade; `None` when the same stamp was merely built anew.
        previous: Option<PathBuf>,
    },
    /// The prefix of another stamp stays; the caller says so in one line.
    Kept {
        /// The marker that is there.
        marker: Marker,
        /// Why it stays.
        reason: KeepReason,
    },
}

/// Why the prefix of another stamp was not replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeepReason {
    /// The runtime was made to keep prefixes.
    Policy,
    /// Its user has changed it.
    Changed(Changes),
    /// Its user went back to it.
    RolledBack,
    /// This user may not replace it.
    NotWritable {
        /// The directory that cannot be written to.
        directory: PathBuf,
    },
    /// It is reached through a symbolic link.
    SymbolicLink {
        /// Where the link leads.
        target: PathBuf,
    },
}

enum Decision {
    Done(Box<Outcome>),
    Build(Site),
}

impl Decision {
    fn done(outcome: Outcome) -> Self {
        Self::Done(Box::new(outcome))
    }
}

/// What the new prefix will meet at its place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Site {
    Free,
    /// A prefix that is kept as the previous one.
    Occupied,
    /// A prefix of this very stamp that nobody changed.
    Damaged,
}

/// Make sure that a complete prefix of ours is at `prefix`, building it with `build` if need be.
///
/// `waiting` is called over and over while another process holds the prefix. `cancel` is looked at between steps; the
/// build should look at it too. After an error the prefix is as it was, and nothing is left beside it.
pub fn install<E>(
    prefix: &Path,
    owner: &Owner,
    policy: &Policy,
    waiting: &mut dyn FnMut(&Waiting),
    cancel: &AtomicBool,
    build: impl FnOnce(&Staging) -> Result<Details, E>,
) -> Result<Outcome, InstallError<E>> {
    let names = Names::new(prefix, owner)?;
    let mut patience = Patience {
        limit: policy.wait_limit,
        waiting,
        cancel,
    };
    // The first look needs no claim: a prefix that can be run is run by users who may not write.
    if let Decision::Done(outcome) = decide(&names, owner, policy)? {
        return Ok(*outcome);
    }
    loop {
        let taken = Claim::take(&names, owner, &mut patience)?;
        // Whoever held the claim before may have finished the work.
        let site = match decide(&names, owner, policy)? {
            Decision::Done(outcome) => return Ok(*outcome),
            Decision::Build(site) => site,
        };
        let Some(claim) = taken else { continue };
        return build_and_place(claim, owner, policy, cancel, site, build);
    }
}

fn decide(names: &Names, owner: &Owner, policy: &Policy) -> Result<Decision, PrefixError> {
    let state = if policy.force {
        inspect(&names.prefix, owner)?
    } else {
        examine(&names.prefix, owner)?
    };
    let site = match state {
        State::Foreign { why } => {
            return Err(PrefixError::Foreign {
                path: names.prefix.clone(),
                why,
            });
        }
        State::OursComplete { marker } if !policy.force => {
            return Ok(Decision::done(Outcome::AlreadyComplete { marker }));
        }
        State::Absent => Site::Free,
        State::OursComplete { marker } => {
            let is_changed = !crate::find_changes(&names.prefix, &marker)?.is_empty();
            if is_changed {
                Site::Occupied
            } else {
                Site::Damaged
            }
        }
        State::OursOfAnotherStamp { .. } | State::OursChangedByUser { .. } if policy.force => {
            Site::Occupied
        }
        State::OursOfAnotherStamp { marker, declined } => {
            match reason_to_keep(names, policy, declined) {
                Some(reason) => return Ok(Decision::done(Outcome::Kept { marker, reason })),
                None => Site::Occupied,
            }
        }
        State::OursChangedByUser { marker, changes } => {
            let reason =
                reason_to_keep(names, policy, false).unwrap_or(KeepReason::Changed(changes));
            return Ok(Decision::done(Outcome::Kept { marker, reason }));
        }
    };
    check_site(names, policy)?;
    Ok(Decision::Build(site))
}

fn reason_to_keep(names: &Names, policy: &Policy, declined: bool) -> Option<KeepReason> {
    if policy.on_upgrade == OnUpgrade::Keep {
        return Some(KeepReason::Policy);
    }
    if declined {
        return Some(KeepReason::RolledBack);
    }
    if let Ok(target) = std::fs::read_link(&names.prefix) {
        return Some(KeepReason::SymbolicLink { target });
    }
    find_unwritable(names).map(|directory| KeepReason::NotWritable {
        directory: directory.to_path_buf(),
    })
}

/// Everything that can be known before the first byte is written.
fn check_site(names: &Names, policy: &Policy) -> Result<(), PrefixError> {
    if let Ok(target) = std::fs::read_link(&names.prefix) {
        return Err(PrefixError::SymbolicLink {
            prefix: names.prefix.clone(),
            target,
        });
    }
    let length_bytes = names.prefix.as_os_str().len();
    if let Some(limit_bytes) = policy.prefix_limit_bytes
        && length_bytes > limit_bytes
    {
        return Err(PrefixError::PathTooLong {
            prefix: names.prefix.clone(),
            length_bytes,
            limit_bytes,
        });
    }
    if let Some(directory) = find_unwritable(names)
        && !sys::is_locked(&names.staging)
    {
        let action = "install the prefix";
        return Err(PrefixError::NotPermitted {
            directory: directory.to_path_buf(),
            action,
        });
    }
    check_room(&names.parent, policy.required_bytes, policy.required_files)
}

fn build_and_place<E>(
    mut claim: Claim,
    owner: &Owner,
    policy: &Policy,
    cancel: &AtomicBool,
    site: Site,
    build: impl FnOnce(&Staging) -> Result<Details, E>,
) -> Result<Outcome, InstallError<E>> {
    let names = claim.names().clone();
    if let (Site::Occupied, false, Some(marker)) = (
        site,
        policy.force,
        Marker::read_ours(&names.previous, owner)?,
    ) && marker.stamp == owner.stamp_hex
    {
        swap::exchange_with_previous(&mut claim)?;
        return Ok(Outcome::Replaced {
            marker,
            previous: Some(names.previous),
        });
    }
    let staging = Staging {
        root: &names.staging,
        scratch: &names.scratch,
        prefix: &names.prefix,
    };
    let details = build(&staging).map_err(InstallError::Build)?;
    if cancel.load(Ordering::Relaxed) {
        return Err(PrefixError::Cancelled {
            prefix: names.prefix,
        }
        .into());
    }
    let marker = seal(&names, owner, details)?;
    put_in_place(claim, owner, site)?;
    Ok(match site {
        Site::Free => Outcome::Installed { marker },
        Site::Occupied => Outcome::Replaced {
            marker,
            previous: Some(names.previous),
        },
        Site::Damaged => Outcome::Replaced {
            marker,
            previous: None,
        },
    })
}

/// Make the new prefix durable and say in it that it is complete.
fn seal(names: &Names, owner: &Owner, details: Details) -> Result<Marker, PrefixError> {
    let condarc = std::fs::read_to_string(names.staging.join(".condarc")).ok();
    if let Some(old) = Marker::read_ours(&names.prefix, owner)? {
        copy_settings(&names.prefix, &old, &names.staging)?;
    }
    let contents = Contents::list(&names.staging)?;
    let marker = Marker {
        schema_version: 1,
        stamp: owner.stamp_hex.to_owned(),
        runtime: owner.runtime.to_owned(),
        runtime_version: owner.runtime_version.to_owned(),
        channels: details.channels,
        packages: contents.packages.into_iter().collect(),
        distributions: contents.distributions.into_iter().collect(),
        condarc,
        declined: Vec::new(),
        extra: details.extra,
    };
    sys::sync_tree(&names.staging)
        .map_err(|source| PrefixError::io("sync", &names.staging, source))?;
    marker.write(&names.staging, owner)?;
    Ok(marker)
}

fn put_in_place(mut claim: Claim, owner: &Owner, site: Site) -> Result<(), PrefixError> {
    match site {
        Site::Occupied => swap::replace(&mut claim),
        Site::Damaged => swap::repair(&mut claim),
        Site::Free => {
            let names = claim.names().clone();
            swap::finish_staging(&names)?;
            if Marker::read_ours(&names.previous, owner)?.is_some() {
                carry_over(&names.previous, &names.staging)?;
            }
            swap::place(&names)?;
            claim.release();
            Ok(())
        }
    }
}
