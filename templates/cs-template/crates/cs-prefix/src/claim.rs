//! The claim: the right to change a prefix and what is around it, held by one process at a time.
//!
//! The staging directory is its own lock: the process that has locked the directory at
//! `.NAME.staging` holds the claim. Renaming that directory into place ends the claim in the
//! same instant, and a killed holder's lock dies with it. Where directories cannot be locked,
//! making the directory is the lock, and a heartbeat in it shows that its process is alive.
//! On Windows the lock is a file next to the directory, which dies with its holder too but does
//! not follow the directory.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::carry::{carry_over, list_environments};
use crate::error::PrefixError;
use crate::foreignness::Foreignness;
use crate::heartbeat::Heartbeat;
use crate::look::{is_claimed, is_directory, is_empty_directory, is_file, is_locked, is_there};
use crate::marker::{Form, Marker, Reading};
use crate::mounts::refuse_mounts;
use crate::movable::return_prefix;
use crate::names::{Names, Owner};
use crate::patience::Patience;
use crate::state::{State, inspect};
use crate::sys::is_absence;
use crate::sys::{self, Attempt};
use crate::{aside, graves, moves, placing, trust};

/// How often to make the staging directory, while others that fail remove its parents again.
const MAKE_ATTEMPTS: u32 = 100;

/// The claim itself; dropping it removes the staging directory and whatever parents were made for it.
pub(crate) struct Claim {
    names: Names,
    /// Closed, and with that unlocked, at the end.
    lock: Option<File>,
    heartbeat: Option<Heartbeat>,
    created: Vec<PathBuf>,
    released: bool,
}

impl Claim {
    /// Try to take the claim, and tidy up after killed processes; `None` when another process holds it.
    pub fn take(
        names: &Names,
        owner: &Owner,
        patience: &mut Patience,
    ) -> Result<Option<Self>, PrefixError> {
        // From here on things are moved and removed, if only to tidy up.
        refuse_mounts(names)?;
        trust::check_change(names)?;
        let created = create_parents(&names.parent)?;
        // Looked at again: the parent may belong to another user too.
        let taken = trust::check_place(names)
            .and_then(|()| Self::take_below(names, owner, patience, &created));
        if !matches!(taken, Ok(Some(_))) {
            remove_directories(&created);
        }
        taken
    }

    fn take_below(
        names: &Names,
        owner: &Owner,
        patience: &mut Patience,
        created: &[PathBuf],
    ) -> Result<Option<Self>, PrefixError> {
        loop {
            let (lock, fresh) = match lock_staging(names)? {
                Grip::Retry => continue,
                Grip::Held => return Ok(None),
                Grip::Unsupported if !patience.is_stale(names) => return Ok(None),
                Grip::Unsupported => {
                    take_away_stale(names, owner)?;
                    continue;
                }
                Grip::Taken { lock, fresh } => (lock, fresh),
            };
            let mut claim = Self {
                names: names.clone(),
                lock,
                heartbeat: None,
                created: created.to_vec(),
                released: false,
            };
            if patience.may_be_a_swap()
                && trust::is_own(&names.previous)?
                && is_locked(&names.previous)?
            {
                // Another process is between the two renames of a swap: its directory has that name just then.
                claim.released = !fresh;
                return Ok(None);
            }
            if !fresh && !is_empty_directory(&names.staging)? {
                claim.released = true;
                clear_abandoned(names, owner)?;
                continue;
            }
            claim.furnish(owner)?;
            return Ok(Some(claim));
        }
    }

    /// The paths that this claim is about.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Whether a lock holds it that follows the staging directory wherever that is renamed to.
    pub fn follows_directory(&self) -> bool {
        sys::CLAIM_FOLLOWS_DIRECTORY && self.lock.is_some()
    }

    /// Remove the scratch space: from here on the staging directory counts as finished.
    pub fn finish(&mut self) -> Result<(), PrefixError> {
        self.still();
        aside::remove(&self.names, &self.names.scratch)
    }

    /// Write into the scratch space no more.
    pub fn still(&mut self) {
        self.heartbeat = None;
    }

    /// Declare that the staging directory is in place, or gone: dropping the claim touches nothing any more.
    pub fn release(&mut self) {
        self.heartbeat = None;
        self.released = true;
    }

    /// Have `lock` in place of the staging directory's, which is gone: it is on what has been put in place.
    pub fn take_over(&mut self, lock: File) {
        self.lock = Some(lock);
    }

    /// The lock on what has been put in place, if there is one.
    pub fn surrender(mut self) -> Option<File> {
        self.lock.take_if(|_| self.released)
    }

    fn furnish(&mut self, owner: &Owner) -> Result<(), PrefixError> {
        let scratch = &self.names.scratch;
        sys::make_directory(scratch).map_err(|source| PrefixError::io("make", scratch, source))?;
        if self.lock.is_none() {
            self.heartbeat = Some(Heartbeat::start(scratch));
        }
        rescue_environments(&self.names, owner)?;
        // What still cannot be deleted was reported before.
        aside::retry(&self.names);
        Ok(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.released {
            return;
        }
        self.heartbeat = None;
        let is_elsewhere = |lock: &File| !sys::is_same(lock, &self.names.staging).unwrap_or(false);
        if self.lock.as_ref().is_some_and(is_elsewhere) {
            // What has the name now is another process's.
            return;
        }
        // An error here leaves an abandoned staging directory, which the next claim removes.
        let _ = discard_staging(&self.names);
        // On Windows it has a name in the directories that go now.
        self.lock = None;
        remove_directories(&self.created);
    }
}

enum Grip {
    /// `lock` is `None` where directories cannot be locked; `fresh` when this call made the directory.
    Taken { lock: Option<File>, fresh: bool },
    /// Another process has it.
    Held,
    /// It exists, and only its heartbeat says whether a process is at work.
    Unsupported,
    /// It changed under our hands.
    Retry,
}

/// Lock the staging directory, making it if need be.
fn lock_staging(names: &Names) -> Result<Grip, PrefixError> {
    // Check first, make it then: a user without write permission can still wait for another user's process.
    let fresh = !is_there(&names.staging)? && make_staging(names)?;
    grip_staging(names, fresh).inspect_err(|_| {
        if fresh {
            // Empty, unless it is another process's by now.
            let _ = std::fs::remove_dir(&names.staging);
        }
    })
}

fn grip_staging(names: &Names, fresh: bool) -> Result<Grip, PrefixError> {
    let fail = |source| PrefixError::io("lock", &names.staging, source);
    if !check_staging(names)? {
        return Ok(Grip::Held);
    }
    match sys::try_claim(&names.staging) {
        Ok(Attempt::Held) => Ok(Grip::Held),
        Ok(Attempt::Locked(file)) => {
            // What was looked at may have gone, and another user may have taken the name.
            let is_it = sys::is_same(&file, &names.staging).map_err(fail)? && trust::counts(&file);
            Ok(if !is_it {
                Grip::Retry
            } else {
                Grip::Taken {
                    lock: Some(file),
                    fresh,
                }
            })
        }
        Ok(Attempt::Unsupported) if fresh => Ok(Grip::Taken { lock: None, fresh }),
        Ok(Attempt::Unsupported) => Ok(Grip::Unsupported),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Grip::Retry),
        Err(source) => Err(fail(source)),
    }
}

/// Whether the staging directory, if there is one, may be touched. Another user's is only
/// waited for, when that user is at work and the result may be run; otherwise it is an error.
pub(crate) fn check_staging(names: &Names) -> Result<bool, PrefixError> {
    let Err(error) = trust::check_directory(&names.staging) else {
        return Ok(true);
    };
    let is_relied_on = matches!(error, PrefixError::Untrusted { .. })
        && trust::find_distrust(&names.staging)?.is_none();
    if is_relied_on && is_claimed(&names.staging)? {
        Ok(false)
    } else {
        Err(error)
    }
}

/// Make the staging directory; false when another process was faster.
fn make_staging(names: &Names) -> Result<bool, PrefixError> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        match sys::make_directory(&names.staging) {
            Ok(()) => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            // Another process failed and removed the parents that both of us need. Some file systems say the same
            // of every directory, such as /proc.
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && !names.parent.is_symlink()
                    && attempts < MAKE_ATTEMPTS =>
            {
                create_parents(&names.parent)?;
            }
            Err(source) => return Err(PrefixError::io("make", &names.staging, source)),
        }
    }
}

/// Deal with what a killed process left at `.NAME.staging`; the caller holds its lock.
fn clear_abandoned(names: &Names, owner: &Owner) -> Result<(), PrefixError> {
    let has_marker = recognise(names, owner)?.is_some();
    if has_marker && is_replacement(names)? {
        return placing::resume(names, owner);
    }
    let is_finished = has_marker && !is_there(&names.scratch)?;
    match inspect(&names.prefix, owner)? {
        State::Absent if is_finished => placing::place(names),
        State::Foreign { why } => Err(PrefixError::foreign(&names.prefix, why)),
        _ => discard_staging(names),
    }
}

/// Refuse a staging directory that this runtime did not create; returns the marker if it has one already.
pub(crate) fn recognise(names: &Names, owner: &Owner) -> Result<Option<Marker>, PrefixError> {
    match Marker::read(&names.staging, owner)? {
        Reading::Whole(marker) if marker.is_of(owner) => return Ok(Some(marker)),
        Reading::Torn => return Ok(None),
        _ => {}
    }
    if is_directory(&names.scratch)? || is_empty_directory(&names.staging)? {
        return Ok(None);
    }
    let why = Foreignness::NoMarker {
        marker: names.marker.clone(),
    };
    Err(PrefixError::Foreign {
        path: names.staging.clone(),
        why,
    })
}

/// Where nothing can be locked: deal with the staging directory of a process whose heart stopped beating.
fn take_away_stale(names: &Names, owner: &Owner) -> Result<(), PrefixError> {
    recognise(names, owner)?;
    trust::check_directory(&names.abandoned())?;
    let abandoned = names.with_staging(names.abandoned());
    if is_there(&abandoned.staging)? {
        clear_abandoned(&abandoned, owner)?;
    }
    // Of several processes that find it stale at once, one gets to rename it.
    match std::fs::rename(&names.staging, &abandoned.staging) {
        Ok(()) => clear_abandoned(&abandoned, owner),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(PrefixError::io("rename", &names.staging, source)),
    }
}

/// Named environments belong to the prefix: take back those that an interrupted swap left in the previous one.
fn rescue_environments(names: &Names, owner: &Owner) -> Result<(), PrefixError> {
    if Marker::read_ours(&names.prefix, owner)?.is_some()
        && Marker::read_ours(&names.previous, owner)?.is_some()
    {
        carry_over(&names.previous, &names.prefix)?;
    }
    if !trust::is_own(&names.previous)? {
        return Ok(());
    }
    if Form::of(&names.marker_in(&names.previous))? == Form::Dismantled {
        // The remains of a killed removal do not block this one.
        let _ = graves::bury(names, &names.previous);
    }
    // Nor is what is left of a removal that was nearly done: this removes only an empty directory.
    let _ = std::fs::remove_dir(&names.previous);
    Ok(())
}

/// Whether the prefix was being emptied in favour of the staging directory.
fn is_replacement(names: &Names) -> Result<bool, PrefixError> {
    Ok(
        Form::of(&names.marker_in(&names.prefix))? == Form::Dismantled
            && is_file(&names.marker_in(&names.staging))?,
    )
}

/// Remove the staging directory, but first return the environments that were moved into it, and a prefix that was
/// being renamed. The one that a dismantled prefix gives way to stays, for the next claim to finish.
fn discard_staging(names: &Names) -> Result<(), PrefixError> {
    if is_replacement(names)? {
        return Ok(());
    }
    return_prefix(names)?;
    let is_finished = !is_there(&names.scratch)?;
    if is_finished {
        match find_return(names)? {
            Some(prefix) => carry_over(&names.staging, prefix)?,
            None if list_environments(&names.staging)?.is_empty() => {}
            // On a full disk the previous prefix is gone too. This one, finished, is the previous one of the next.
            None => return moves::rename(&names.staging, &names.previous),
        }
    }
    aside::remove_staging(names)
}

/// The prefix that environments in the staging directory return to. Without one, the previous one keeps them for the
/// next to be built: a kill just before the last rename leaves these two.
fn find_return(names: &Names) -> Result<Option<&Path>, PrefixError> {
    for directory in [&names.prefix, &names.previous] {
        if trust::is_own(directory)? && is_file(&names.marker_in(directory))? {
            return Ok(Some(directory));
        }
    }
    Ok(None)
}

/// Make the missing ancestors of the staging directory; returns those made, outermost first.
fn create_parents(parent: &Path) -> Result<Vec<PathBuf>, PrefixError> {
    let missing: Vec<&Path> = parent
        .ancestors()
        .take_while(|ancestor| {
            let look = ancestor.symlink_metadata();
            look.is_err_and(|error| is_absence(&error))
        })
        .collect();
    let mut created = Vec::new();
    for directory in missing.into_iter().rev() {
        match sys::make_directory(directory) {
            Ok(()) => created.push(directory.to_path_buf()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => {
                remove_directories(&created);
                return Err(PrefixError::io("make", directory, source));
            }
        }
    }
    Ok(created)
}

/// Remove directories that are empty, innermost first.
fn remove_directories(created: &[PathBuf]) {
    for directory in created.iter().rev() {
        let _ = std::fs::remove_dir(directory);
    }
}
