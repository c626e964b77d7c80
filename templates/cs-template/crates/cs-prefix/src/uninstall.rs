//! Remove a prefix and all that belongs to it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::aside;
use crate::carry::list_environments;
use crate::changes::find_changes;
use crate::claim::{Claim, check_staging};
use crate::error::PrefixError;
use crate::hold::stop_starts;
use crate::install::settle;
use crate::look::{find_target, is_claimed, is_directory, is_empty_directory, list};
use crate::marker::{Form, Marker, Reading};
use crate::mounts::refuse_mounts;
use crate::names::{Names, Owner};
use crate::patience::{News, Patience};
use crate::protected::refuse_protected;
use crate::remains::Remains;
use crate::state::{State, find_unwritable, inspect};
use crate::{graves, trust};

/// What an uninstall would remove: shown to the user before anything happens.
#[derive(Clone, Debug)]
pub struct UninstallPlan {
    names: Names,
    /// The prefix, if this runtime has one.
    pub prefix: Option<PathBuf>,
    /// Environments that the user made in the prefix, or that a killed command has left
    /// in the previous one or in the staging directory; they go too.
    pub named_environments: Vec<PathBuf>,
    /// Files in the prefix, and in the previous one, that the user put there without a
    /// package; directories that hold nothing else once. They go too.
    pub files: Vec<PathBuf>,
    /// The prefix that the last upgrade replaced.
    pub previous: Option<PathBuf>,
    /// The staging directory: another process fills it, or a killed run left it.
    pub staging: Option<PathBuf>,
    /// Whether another process works on the prefix just now.
    pub being_built: bool,
    /// What earlier commands could not delete.
    pub put_aside: Vec<PathBuf>,
    /// Whether to remove the directory above the prefix when nothing is left in it. The caller sets it where the
    /// place was the runtime's own choice, `~/.conda` for instance; false at first.
    pub remove_empty_parent: bool,
    /// Whether to stop with [`PrefixError::Appeared`] if an environment or a file that this plan does not name has come
    /// since. The caller sets it where the user agreed to the plan; false at first.
    pub must_name_all: bool,
}

/// What an uninstall removed, outermost names only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Directories that are gone.
    pub directories: Vec<PathBuf>,
    /// What could not be deleted, for each directory that has some of it.
    pub remains: Vec<Remains>,
}

/// Find out what an uninstall would remove; refuses what must not be removed. Writes nothing.
pub fn plan_uninstall(prefix: &Path, owner: &Owner) -> Result<UninstallPlan, PrefixError> {
    let names = Names::new(prefix, owner)?;
    refuse_protected(&names.prefix)?;
    let state = inspect(&names.prefix, owner)?;
    if let State::Foreign { why } = state {
        return Err(PrefixError::foreign(&names.prefix, why));
    }
    if let Some(target) = find_target(&names.prefix)? {
        return Err(PrefixError::SymbolicLink {
            prefix: names.prefix,
            target,
        });
    }
    let is_ours = trust::is_own(&names.previous)?
        && match Marker::read(&names.previous, owner)? {
            Reading::Whole(marker) => marker.is_of(owner),
            Reading::Torn => true,
            Reading::Nothing | Reading::Damaged(_) => false,
        };
    let previous = is_ours.then(|| names.previous.clone());
    let staging = trust::is_own(&names.staging)?
        && (is_empty_directory(&names.staging)?
            || is_directory(&names.scratch)?
            || Marker::read_ours(&names.staging, owner)?.is_some());
    let mut plan = UninstallPlan {
        prefix: (state != State::Absent).then(|| names.prefix.clone()),
        named_environments: Vec::new(),
        files: Vec::new(),
        previous,
        being_built: staging && is_claimed(&names.staging)?,
        staging: staging.then(|| names.staging.clone()),
        put_aside: aside::find_places(&names),
        remove_empty_parent: false,
        must_name_all: false,
        names,
    };
    if !plan.is_empty() {
        // Before anything else is looked at: what is mounted may not even answer.
        refuse_mounts(&plan.names)?;
        trust::check_change(&plan.names)?;
        check_staging(&plan.names)?;
    }
    plan.named_environments = plan.list_environments()?;
    for directory in [&plan.names.prefix, &plan.names.previous] {
        let Some(marker) = Marker::read_ours(directory, owner)? else {
            continue;
        };
        // What cannot be looked at is named as a whole already, and must not prevent its removal.
        let files = find_changes(directory, &marker).unwrap_or_default().files;
        plan.files
            .extend(files.iter().map(|path| directory.join(path)));
    }
    Ok(plan)
}

impl UninstallPlan {
    /// Whether there is nothing to remove.
    pub fn is_empty(&self) -> bool {
        self.prefix.is_none()
            && self.previous.is_none()
            && self.staging.is_none()
            && self.put_aside.is_empty()
    }

    /// The directory above the prefix, if it goes too: nothing is in it but what this plan names.
    pub fn emptied_parent(&self) -> Option<&Path> {
        let parent = self.names.parent.as_path();
        let going = [&self.prefix, &self.previous, &self.staging];
        let is_named = |path: &PathBuf| going.into_iter().flatten().any(|one| one == path);
        let is_emptied =
            self.remove_empty_parent && list(parent).is_ok_and(|found| found.iter().all(is_named));
        is_emptied.then_some(parent)
    }

    fn list_environments(&self) -> Result<Vec<PathBuf>, PrefixError> {
        let mut found = list_environments(&self.names.prefix)?;
        for directory in [&self.previous, &self.staging].into_iter().flatten() {
            found.extend(list_environments(directory)?);
        }
        Ok(found)
    }

    /// What of the user's a later plan names and this one does not. By the path in the prefix:
    /// taking the claim may have put the previous prefix in place, or returned environments.
    fn find_unnamed(&self, later: &Self) -> Option<PathBuf> {
        if !self.must_name_all {
            return None;
        }
        let named: BTreeSet<&Path> = self
            .users()
            .map(|path| self.place_in_prefix(path))
            .collect();
        later
            .users()
            .find(|path| !named.contains(later.place_in_prefix(path)))
            .map(Path::to_path_buf)
    }

    /// What is the user's own.
    fn users(&self) -> impl Iterator<Item = &Path> {
        self.named_environments
            .iter()
            .chain(&self.files)
            .map(PathBuf::as_path)
    }

    fn place_in_prefix<'a>(&self, path: &'a Path) -> &'a Path {
        let names = &self.names;
        [&names.prefix, &names.previous, &names.staging]
            .into_iter()
            .find_map(|directory| path.strip_prefix(directory).ok())
            .unwrap_or(path)
    }

    /// Remove it all. A kill leaves no prefix, or an abandoned staging directory that the next command removes.
    pub fn execute(
        self,
        owner: &Owner,
        wait_limit: Duration,
        tell: &mut dyn FnMut(&News),
        cancel: &AtomicBool,
    ) -> Result<Removed, PrefixError> {
        if self.is_empty() {
            // All that the last one, killed, may have left to do.
            let mut removed = Removed::default();
            self.remove_parent(&mut removed);
            return Ok(removed);
        }
        if let Some(directory) = find_unwritable(&self.names) {
            return Err(PrefixError::not_writable(directory, "remove the prefix"));
        }
        let mut patience = Patience::new(wait_limit, tell, cancel);
        // Should a kill come before the prefix is gone, its next run has to look for leftovers.
        Form::Unsettled.set(&self.names.prefix, owner);
        let result = self.wait_and_remove(owner, &mut patience);
        settle(&self.names, owner);
        result
    }

    fn wait_and_remove(
        &self,
        owner: &Owner,
        patience: &mut Patience,
    ) -> Result<Removed, PrefixError> {
        loop {
            patience.check_cancelled(&self.names)?;
            if let Some(claim) = Claim::take(&self.names, owner, patience)? {
                // Looked at again: the claim may have been another's until now.
                let plan = plan_uninstall(&self.names.prefix, owner)?;
                if let Some(path) = self.find_unnamed(&plan) {
                    return Err(PrefixError::Appeared { path });
                }
                return self.remove(claim, &plan);
            }
            patience.wait(&self.names)?;
        }
    }

    fn remove(&self, claim: Claim, plan: &UninstallPlan) -> Result<Removed, PrefixError> {
        let mut removed = Removed::default();
        let _still = plan.prefix.as_deref().and_then(stop_starts);
        let mut failure = None;
        for directory in [&plan.prefix, &plan.previous].into_iter().flatten() {
            match graves::bury(claim.names(), directory) {
                Ok(()) => removed.directories.push(directory.clone()),
                Err(error @ PrefixError::MountAppeared { .. }) => return Err(error),
                // The other one is removed anyway.
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        // A removal in place that was killed may have left them empty.
        for directory in [&self.names.prefix, &self.names.previous] {
            if trust::is_own(directory)? {
                let _ = std::fs::remove_dir(directory);
            }
        }
        removed.remains = aside::retry(claim.names());
        self.names.take_reports();
        drop(claim);
        removed.remains.extend(self.names.take_reports());
        self.remove_parent(&mut removed);
        failure.map_or(Ok(removed), Err)
    }

    fn remove_parent(&self, removed: &mut Removed) {
        if self.remove_empty_parent && std::fs::remove_dir(&self.names.parent).is_ok() {
            removed.directories.push(self.names.parent.clone());
        }
    }
}
