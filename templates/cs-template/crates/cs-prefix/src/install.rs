//! From whatever state to a prefix that can be run.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::carry::{carry_over, is_left};
use crate::claim::{Claim, recognise};
use crate::contents::Contents;
use crate::copy::Check;
use crate::decide::{Decision, Site, decide, decide_unclaimed};
use crate::error::{InstallError, PrefixError};
use crate::extras::list_unrecorded;
use crate::hold::Hold;
use crate::look::{is_claimed, is_there};
use crate::marker::{Form, Marker};
use crate::mounts::refuse_mounts;
use crate::movable::check_movable;
use crate::names::{Names, Owner};
use crate::patience::{News, Patience};
use crate::policy::{Outcome, Policy};
use crate::room::check_room;
use crate::state::{find_unwritable, inspect};
use crate::{inplace, moves, placing, settings, swap, sys};

/// Where a build writes, handed to the closure given to [`install`].
#[derive(Clone, Copy, Debug)]
pub struct Staging<'a> {
    /// The directory to fill; it becomes the prefix.
    pub root: &'a Path,
    /// A directory for temporary data on the same file system, removed before the prefix is put in place. It is in
    /// `root`, and is the only entry there when the build starts.
    pub scratch: &'a Path,
    /// Where the directory will be found: what belongs into files that name their own place.
    pub prefix: &'a Path,
}

/// What a build reports about its result, for the marker.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// Where the packages came from, without credentials.
    pub channels: Vec<String>,
    /// Whatever else the caller wants to find again in [`Marker::extra`].
    pub extra: serde_json::Map<String, serde_json::Value>,
}

/// As [`install_and_hold`], without holding it.
pub fn install<E>(
    prefix: &Path,
    owner: &Owner,
    policy: &Policy,
    tell: &mut dyn FnMut(&News),
    cancel: &AtomicBool,
    build: impl FnOnce(&Staging) -> Result<Details, E>,
) -> Result<Outcome, InstallError<E>> {
    install_and_hold(prefix, owner, policy, tell, cancel, build).map(|(outcome, _)| outcome)
}

/// Make sure that a complete prefix of this runtime is at `prefix`, building it with `build` if need be; returns
/// a hold on it too. Another process may have put another in its place before it was held: [`Hold::is_on`] shows.
///
/// `tell` is called over and over while another process holds the prefix, and in the end with what
/// could not be deleted. `cancel` is looked at between steps; the build should look at it too.
/// After an error the prefix is as it was, and nothing is left next to it except what was reported.
pub fn install_and_hold<E>(
    prefix: &Path,
    owner: &Owner,
    policy: &Policy,
    tell: &mut dyn FnMut(&News),
    cancel: &AtomicBool,
    build: impl FnOnce(&Staging) -> Result<Details, E>,
) -> Result<(Outcome, Hold), InstallError<E>> {
    let names = Names::new(prefix, owner)?;
    let mut patience = Patience::new(policy.wait_limit, tell, cancel);
    let claim = match look_or_claim(&names, owner, policy, &mut patience)? {
        Step::Done(outcome) => return Ok((*outcome, Hold::take(&names.prefix))),
        Step::Claimed(claim) => *claim,
    };
    // The previous holder of the claim may have finished the work.
    let result = match decide(&names, owner, policy)? {
        Decision::Done(outcome) => {
            drop(claim);
            Ok((*outcome, Hold::take(&names.prefix)))
        }
        Decision::Build(site) => {
            let mut work = Work {
                claim,
                owner,
                policy,
                site,
            };
            let carried_out = work.carry_out(&|| patience.check_cancelled(&names), build);
            carried_out.map(|outcome| (outcome, Hold::keep(work.claim.surrender(), &names.prefix)))
        }
    };
    settle(&names, owner);
    patience.tell(&names);
    result
}

/// Let plain later runs look no further if there is nothing to be found, and look if there is. What is put aside is
/// out of the way.
pub(crate) fn settle(names: &Names, owner: &Owner) {
    let form = match is_clean(names, owner) {
        Ok(true) => Form::Settled,
        Ok(false) | Err(_) => Form::Unsettled,
    };
    form.set(&names.prefix, owner);
}

/// Whether nothing is left next to the prefix that a claim would have to tidy up.
fn is_clean(names: &Names, owner: &Owner) -> Result<bool, PrefixError> {
    if is_there(&names.staging)? {
        match recognise(names, owner) {
            // No prefix of this runtime, and nothing that would be tidied up.
            Err(PrefixError::Foreign { .. }) => {}
            other => return other.map(|_| false),
        }
    }
    let has_previous = Marker::read_ours(&names.previous, owner)?.is_some();
    Ok(!has_previous || !is_left(&names.previous, &names.prefix)?)
}

enum Step {
    Done(Box<Outcome>),
    Claimed(Box<Claim>),
}

/// Look at the prefix until there is nothing to build, or this process may build.
fn look_or_claim(
    names: &Names,
    owner: &Owner,
    policy: &Policy,
    patience: &mut Patience,
) -> Result<Step, PrefixError> {
    loop {
        // This look needs no claim: a prefix that can be run is run by users without write permission.
        match decide_unclaimed(names, owner, policy)? {
            Decision::Done(outcome) => {
                tidy_up(names, owner, patience);
                patience.tell(names);
                return Ok(Step::Done(outcome));
            }
            // A plain run would not look for what a kill leaves from here on.
            Decision::Build(Site::Damaged) => Form::Unsettled.set(&names.prefix, owner),
            Decision::Build(Site::Occupied) if is_of_this_stamp(names, owner)? => {
                Form::Unsettled.set(&names.prefix, owner);
            }
            Decision::Build(_) => {}
        }
        patience.check_cancelled(names)?;
        match Claim::take(names, owner, patience)? {
            Some(claim) => return Ok(Step::Claimed(Box::new(claim))),
            None => wait_for_news(names, owner, patience)?,
        }
    }
}

/// Wait until the other process is done, or the prefix is another. To decide takes a look at every file.
fn wait_for_news(names: &Names, owner: &Owner, patience: &mut Patience) -> Result<(), PrefixError> {
    let before = inspect(&names.prefix, owner)?;
    loop {
        patience.wait(names)?;
        if !is_claimed(&names.staging)? || inspect(&names.prefix, owner)? != before {
            return Ok(());
        }
    }
}

fn is_of_this_stamp(names: &Names, owner: &Owner) -> Result<bool, PrefixError> {
    let marker = Marker::read_ours(&names.prefix, owner)?;
    Ok(marker.is_some_and(|marker| marker.stamp == owner.stamp_hex))
}

/// Remove what a killed process left next to a prefix that needs nothing else. Not worth an error, nor a wait.
fn tidy_up(names: &Names, owner: &Owner, patience: &mut Patience) {
    let is_settled =
        Form::of(&names.marker_in(&names.prefix)).is_ok_and(|form| form == Form::Settled);
    if is_settled && is_clean(names, owner).unwrap_or(false) {
        return;
    }
    if find_unwritable(names).is_some() || is_claimed(&names.staging).unwrap_or(true) {
        return;
    }
    if let Ok(Some(claim)) = Claim::take(names, owner, patience) {
        drop(claim);
        settle(names, owner);
    }
}

/// A claim, and what is to be done under it.
struct Work<'a> {
    claim: Claim,
    owner: &'a Owner<'a>,
    policy: &'a Policy,
    site: Site,
}

impl Work<'_> {
    fn carry_out<E>(
        &mut self,
        check: Check,
        build: impl FnOnce(&Staging) -> Result<Details, E>,
    ) -> Result<Outcome, InstallError<E>> {
        let names = self.claim.names().clone();
        let before = Marker::read_ours(&names.prefix, self.owner)?;
        if let Some(marker) = self.find_wanted_previous()? {
            let kept = settings::Kept::take(&names.previous)?;
            let carried = before.as_ref().map_or(Ok(()), |old| {
                settings::carry(&names.prefix, old, &names.previous)
            });
            let swapped = carried
                .and_then(|()| swap::exchange_with_previous(&mut self.claim, self.owner, check));
            if let Err(error) = swapped {
                // Unless the other one has that name by now.
                if Marker::read_ours(&names.previous, self.owner)?.as_ref() == Some(&marker) {
                    kept.put_back()?;
                }
                return Err(error.into());
            }
            return Ok(Outcome::Replaced {
                marker,
                previous: before,
            });
        }
        check_movable(&names)?;
        let copied = inplace::measure(&names)?;
        check_room(
            &names.parent,
            self.policy.required_bytes.unwrap_or(0) + copied.0,
            self.policy.required_files.unwrap_or(0) + copied.1,
        )?;
        let staging = Staging {
            root: &names.staging,
            scratch: &names.scratch,
            prefix: &names.prefix,
        };
        let details = build(&staging).map_err(InstallError::Build)?;
        check()?;
        let marker = self.seal(details, before.as_ref())?;
        self.put_in_place(check)?;
        Ok(match self.site {
            Site::Free => Outcome::Installed { marker },
            Site::Occupied => Outcome::Replaced {
                marker,
                previous: before,
            },
            Site::Damaged => Outcome::Replaced {
                marker,
                previous: None,
            },
        })
    }

    /// The previous prefix, when it is of this very stamp: a swap was interrupted, or its user returns to this version.
    fn find_wanted_previous(&self) -> Result<Option<Marker>, PrefixError> {
        if self.site != Site::Occupied || self.policy.force {
            return Ok(None);
        }
        let previous = Marker::read_ours(&self.claim.names().previous, self.owner)?;
        Ok(previous.filter(|marker| marker.stamp == self.owner.stamp_hex))
    }

    /// Say in the new prefix that it is complete, after making it durable where that is asked for.
    fn seal(&self, details: Details, before: Option<&Marker>) -> Result<Marker, PrefixError> {
        let names = self.claim.names();
        let own_settings = settings::read_all(&names.staging)?;
        if let Some(old) = before {
            settings::carry(&names.prefix, old, &names.staging)?;
        }
        let contents = Contents::list(&names.staging)?;
        let unrecorded = list_unrecorded(&names.staging, self.owner.runtime, &contents)?;
        let marker = Marker {
            schema_version: 1,
            stamp: self.owner.stamp_hex.to_owned(),
            runtime: self.owner.runtime.to_owned(),
            runtime_version: self.owner.runtime_version.to_owned(),
            channels: details.channels,
            packages: contents.packages.into_iter().collect(),
            distributions: contents.distributions.into_iter().collect(),
            unrecorded: Some(unrecorded),
            settings: own_settings,
            declined: Vec::new(),
            extra: details.extra,
        };
        let sync = self.policy.sync || self.site != Site::Free;
        if sync {
            sys::sync_tree(&names.staging)
                .map_err(|source| PrefixError::io("sync", &names.staging, source))?;
        }
        let form = match self.site {
            Site::Damaged => Form::Unsettled,
            Site::Free | Site::Occupied => Form::Settled,
        };
        marker.write(&names.staging, self.owner, form, sync)?;
        Ok(marker)
    }

    fn put_in_place(&mut self, check: Check) -> Result<(), PrefixError> {
        // Looked for again: the build took its time.
        refuse_mounts(self.claim.names())?;
        match self.site {
            Site::Occupied => {
                swap::replace(&mut self.claim, self.owner, check)?;
                Form::Settled.set(&self.claim.names().previous, self.owner);
                return Ok(());
            }
            Site::Damaged => return swap::repair(&mut self.claim, self.owner, check),
            Site::Free => {}
        }
        self.claim.finish()?;
        let names = self.claim.names().clone();
        if Marker::read_ours(&names.previous, self.owner)?.is_some() {
            carry_over(&names.previous, &names.staging)?;
        }
        placing::place(&names)?;
        self.claim.release();
        if self.policy.sync {
            moves::sync_parent(&names);
        }
        Ok(())
    }
}
