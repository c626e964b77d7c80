//! What happens where directories can be neither locked nor exchanged, or not even renamed: tests only.
//! `tests/suite/overlay.rs` has more about the last, on a file system that really refuses it.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tempfile::TempDir;

use crate::claim::Claim;
use crate::clock::{self, pretended::sleeps_of};
use crate::heartbeat;
use crate::marker::Form;
use crate::names::Names;
use crate::patience::{Patience, STALE_AFTER};
use crate::sys;
use crate::sys::pretend::{NO_EXCHANGE, NO_LOCKS, USE_HOLDS, make_image};
use crate::{Details, Outcome, Owner, Policy, PrefixError, install, plan_uninstall, rollback};

pub(crate) static NEVER: AtomicBool = AtomicBool::new(false);
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

pub(crate) struct Place {
    pub directory: TempDir,
    pub prefix: PathBuf,
}

pub(crate) fn place() -> Place {
    let directory = tempfile::tempdir().unwrap();
    let prefix = directory.path().join("demo");
    Place { directory, prefix }
}

impl Place {
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn install(&self, version: &'static str, force: bool) -> Outcome {
        self.try_install(version, force, &mut |_| {}).unwrap()
    }

    pub(crate) fn try_install(
        &self,
        version: &'static str,
        force: bool,
        tell: &mut dyn FnMut(&crate::News),
    ) -> Result<Outcome, crate::InstallError<std::io::Error>> {
        let policy = Policy {
            force,
            ..Policy::default()
        };
        let build = |staging: &crate::Staging| {
            fs::write(staging.root.join("version"), version).map(|()| Details::default())
        };
        install(&self.prefix, &owner(version), &policy, tell, &NEVER, build)
    }

    pub(crate) fn version(&self) -> String {
        fs::read_to_string(self.prefix.join("version")).unwrap()
    }
}

pub(crate) fn owner(version: &'static str) -> Owner<'static> {
    Owner {
        runtime: "demo",
        stamp_hex: version,
        runtime_version: version,
    }
}

pub(crate) fn without(locks: bool, exchange: bool) {
    NO_LOCKS.set(locks);
    NO_EXCHANGE.set(exchange);
    // All three are so on Windows.
    USE_HOLDS.set(locks && exchange);
}

pub(crate) fn upgraded() -> Place {
    let place = place();
    place.install("1", false);
    fs::create_dir_all(place.prefix.join("envs/mine")).unwrap();
    place.install("2", false);
    place
}

#[test]
fn the_lock_of_a_directory_put_in_place_does_not_lock_the_staging_directory() {
    let place = place();
    let staging = place.directory.path().join(".demo.staging");
    fs::create_dir(&staging).unwrap();
    let Ok(sys::Attempt::Locked(lock)) = sys::try_lock(&staging) else {
        panic!("not locked")
    };
    assert!(sys::is_same(&lock, &staging).unwrap());
    fs::rename(&staging, &place.prefix).unwrap();
    assert!(!sys::is_same(&lock, &staging).unwrap());
    fs::create_dir(&staging).unwrap();
    assert!(!sys::is_same(&lock, &staging).unwrap());
    assert!(!sys::is_locked(&staging).unwrap());
}

#[test]
fn an_upgrade_works_without_exchange_and_without_locks() {
    for (locks, exchange) in [(false, true), (true, true), (true, false)] {
        without(locks, exchange);
        let place = upgraded();
        assert_eq!(place.version(), "2");
        assert!(place.prefix.join("envs/mine").is_dir());
        assert_eq!(place.names(), [".demo.previous", "demo"]);
    }
}

#[test]
fn a_rollback_works_without_exchange_and_without_locks() {
    for (locks, exchange) in [(false, true), (true, true), (true, false)] {
        without(locks, exchange);
        let place = upgraded();
        rollback(&place.prefix, &owner("2"), LIMIT, &mut |_| {}, &NEVER).unwrap();
        assert_eq!(place.version(), "1");
        assert!(place.prefix.join("envs/mine").is_dir());
        assert_eq!(place.names(), [".demo.previous", "demo"]);
    }
}

#[test]
fn a_repair_without_exchange_leaves_the_previous_prefix_alone() {
    for locks in [false, true] {
        without(locks, true);
        let place = upgraded();
        place.install("2", true);
        assert_in_place(&place, "2", "1");
    }
}

/// As [`upgraded`], in an image: nothing that is there now can be renamed.
fn shipped() -> Place {
    let place = upgraded();
    make_image(place.directory.path());
    place
}

fn assert_in_place(place: &Place, version: &str, previous: &str) {
    assert_eq!(place.version(), version);
    let kept = place.directory.path().join(".demo.previous/version");
    assert_eq!(fs::read_to_string(kept).unwrap(), previous);
    assert!(place.prefix.join("envs/mine").is_dir());
    assert_eq!(place.names(), [".demo.previous", "demo"]);
}

#[test]
fn a_prefix_that_cannot_be_renamed_is_replaced_where_it_stands() {
    let place = shipped();
    place.install("3", false);
    assert_in_place(&place, "3", "2");
    let place = shipped();
    place.install("2", true);
    assert_in_place(&place, "2", "1");
}

#[test]
fn a_prefix_that_cannot_be_renamed_is_rolled_back_where_it_stands() {
    let place = shipped();
    rollback(&place.prefix, &owner("2"), LIMIT, &mut |_| {}, &NEVER).unwrap();
    assert_in_place(&place, "1", "2");
}

#[test]
fn a_prefix_that_cannot_be_renamed_is_removed_where_it_stands() {
    let place = shipped();
    let plan = plan_uninstall(&place.prefix, &owner("2")).unwrap();
    plan.execute(&owner("2"), LIMIT, &mut |_| {}, &NEVER)
        .unwrap();
    assert!(place.names().is_empty(), "{:?}", place.names());
}

/// A staging directory that is finished but for the steps that follow the declaration that the prefix is dismantled.
fn dismantled() -> (Place, Names) {
    let place = shipped();
    let names = Names::new(&place.prefix, &owner("3")).unwrap();
    let other = self::place();
    other.install("3", false);
    fs::create_dir(&names.staging).unwrap();
    for name in ["version", ".demo.json"] {
        fs::copy(other.prefix.join(name), names.staging.join(name)).unwrap();
    }
    fs::create_dir_all(names.kept()).unwrap();
    for name in ["version", ".demo.json"] {
        fs::copy(place.prefix.join(name), names.kept().join(name)).unwrap();
    }
    fs::create_dir_all(names.staging.join("envs/mine/whole")).unwrap();
    Form::Dismantled
        .write(&names.marker_in(&names.prefix))
        .unwrap();
    (place, names)
}

#[test]
fn the_next_claim_of_a_dismantled_prefix_puts_the_new_one_in_its_place() {
    // The older runtime too: what it finds first is a prefix of the newer one.
    for (version, previous) in [("3", "2"), ("2", "3")] {
        let (place, _) = dismantled();
        place.install(version, false);
        assert_in_place(&place, version, previous);
        assert!(place.prefix.join("envs/mine/whole").is_dir());
    }
}

#[test]
fn a_dismantled_prefix_is_finished_from_whatever_step_was_the_last() {
    let steps: [fn(&Names); 4] = [
        |names| fs::remove_dir_all(&names.previous).unwrap(),
        |names| fs::rename(names.kept(), &names.previous).unwrap(),
        |names| fs::remove_dir_all(&names.scratch).unwrap(),
        |names| {
            fs::remove_file(names.prefix.join("version")).unwrap();
            fs::remove_dir_all(names.prefix.join("envs/mine")).unwrap();
        },
    ];
    for done in 0..=steps.len() {
        let (place, names) = dismantled();
        for step in &steps[..done] {
            step(&names);
        }
        place.install("3", false);
        assert_in_place(&place, "3", "2");
        assert!(place.prefix.join("envs/mine/whole").is_dir());
    }
}

/// An emptied prefix or previous prefix, as a removal leaves it that is killed just before its last step.
fn emptied(directory: impl Fn(&Names) -> PathBuf) -> Place {
    let place = shipped();
    let names = Names::new(&place.prefix, &owner("2")).unwrap();
    fs::remove_dir_all(directory(&names)).unwrap();
    fs::create_dir(directory(&names)).unwrap();
    fs::create_dir_all(&names.scratch).unwrap();
    place
}

#[test]
fn an_uninstall_finishes_one_that_was_killed_just_before_its_end() {
    for directory in [
        |names: &Names| names.prefix.clone(),
        |names: &Names| names.previous.clone(),
    ] {
        let place = emptied(directory);
        let plan = plan_uninstall(&place.prefix, &owner("2")).unwrap();
        plan.execute(&owner("2"), LIMIT, &mut |_| {}, &NEVER)
            .unwrap();
        assert!(place.names().is_empty(), "{:?}", place.names());
    }
}

#[test]
fn an_emptied_previous_prefix_is_in_no_upgrades_way() {
    let place = emptied(|names| names.previous.clone());
    place.install("3", false);
    assert_in_place(&place, "3", "2");
}

#[test]
#[ignore = "needs root"]
fn root_neither_finishes_nor_removes_a_users_staging_directory() {
    use std::os::unix::fs::chown;
    let (place, names) = dismantled();
    let before = place.names();
    for directory in [&names.staging, &names.prefix] {
        chown(directory, Some(2001), None).unwrap();
        let error = place
            .try_install("2", false, &mut |_| {})
            .unwrap_err()
            .to_string();
        let told = format!("{} belongs to user 2001", directory.display());
        assert!(error.starts_with(&told), "{error}");
        assert_eq!(place.names(), before);
        assert!(names.staging.join("envs/mine/whole").is_dir());
    }
}

#[test]
fn the_remains_of_an_interrupted_removal_are_not_carried_over() {
    let place = shipped();
    Form::Dismantled
        .write(&place.prefix.join(".demo.json"))
        .unwrap();
    place.install("2", false);
    assert_eq!(place.version(), "2");
    assert!(!place.prefix.join("envs").exists());
}

/// Try for so long that the heart of a process that is at work would have stopped.
fn take(place: &Place) -> Option<Claim> {
    let mut silent = |_: &crate::News| {};
    let cancel = AtomicBool::new(false);
    let mut patience = Patience::new(LIMIT, &mut silent, &cancel);
    let names = Names::new(&place.prefix, &owner("1")).unwrap();
    let pause = Duration::from_secs(1);
    for _ in 0..=STALE_AFTER.as_secs() + 1 {
        let claim = Claim::take(&names, &owner("1"), &mut patience).unwrap();
        if claim.is_some() {
            return claim;
        }
        clock::sleep(pause);
    }
    None
}

/// A staging directory with the heartbeat of a process that has died.
fn abandoned(place: &Place) -> PathBuf {
    let scratch = place.directory.path().join(".demo.staging/.demo.staging");
    fs::create_dir_all(&scratch).unwrap();
    fs::write(scratch.join("heartbeat"), "7").unwrap();
    scratch.join("heartbeat")
}

#[test]
fn without_locks_a_living_builder_is_waited_for() {
    without(true, true);
    let place = place();
    let (heart, mut number) = (abandoned(&place), 7);
    let beat = move |_| {
        number += 1;
        fs::write(&heart, number.to_string()).unwrap();
    };
    sleeps_of(beat, || assert!(take(&place).is_none()));
    assert!(take(&place).is_some());
    assert!(place.names().is_empty());
}

#[test]
fn without_locks_the_claim_is_anothers_once_it_is_given_back() {
    without(true, true);
    let place = place();
    let first = take(&place).unwrap();
    let scratch = first.names().scratch.clone();
    let beat = heartbeat::read(&scratch);
    // The test runner's limit ends this when no heart beats.
    while heartbeat::read(&scratch) == beat {
        std::thread::yield_now();
    }
    drop(first);
    assert!(take(&place).is_some());
    assert!(place.names().is_empty());
}

#[test]
fn without_locks_a_dead_builders_staging_directory_is_taken_away() {
    without(true, true);
    let place = place();
    abandoned(&place);
    assert!(take(&place).is_some());
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn without_locks_environments_return_from_a_dead_swappers_staging_directory() {
    without(true, true);
    let place = upgraded();
    let staging = place.directory.path().join(".demo.staging");
    fs::rename(place.directory.path().join(".demo.previous"), &staging).unwrap();
    fs::rename(place.prefix.join("envs"), staging.join("envs")).unwrap();
    assert!(take(&place).is_some());
    assert!(place.prefix.join("envs/mine").is_dir());
    assert_eq!(place.names(), ["demo"]);
}

#[test]
fn without_locks_waiting_ends_at_the_limit() {
    without(true, true);
    let place = place();
    fs::create_dir_all(place.directory.path().join(".demo.staging/.demo.staging")).unwrap();
    let policy = Policy {
        wait_limit: Duration::from_millis(100),
        ..Policy::default()
    };
    let build = |_: &crate::Staging| Err::<Details, _>("not reached");
    let error = install(
        &place.prefix,
        &owner("1"),
        &policy,
        &mut |_| {},
        &NEVER,
        build,
    )
    .unwrap_err();
    assert!(
        matches!(error, crate::InstallError::Prefix(PrefixError::Busy { .. })),
        "{error}"
    );
}
