//! What happens where directories can be neither locked nor exchanged: tests only.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tempfile::TempDir;

use crate::claim::Claim;
use crate::names::Names;
use crate::patience::Patience;
use crate::sys;
use crate::sys::pretend::{NO_EXCHANGE, NO_LOCKS};
use crate::{Details, Outcome, Owner, Policy, PrefixError, install, rollback};

static NEVER: AtomicBool = AtomicBool::new(false);
const LIMIT: Duration = Duration::from_secs(5);

struct Place {
    directory: TempDir,
    prefix: PathBuf,
}

fn place() -> Place {
    let directory = tempfile::tempdir().unwrap();
    let prefix = directory.path().join("demo");
    Place { directory, prefix }
}

impl Place {
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn install(&self, version: &'static str, force: bool) -> Outcome {
        let policy = Policy {
            force,
            ..Policy::default()
        };
        let build = |staging: &crate::Staging| {
            fs::write(staging.root.join("version"), version).map(|()| Details::default())
        };
        install(
            &self.prefix,
            &owner(version),
            &policy,
            &mut |_| {},
            &NEVER,
            build,
        )
        .unwrap()
    }

    fn version(&self) -> String {
        fs::read_to_string(self.prefix.join("version")).unwrap()
    }
}

fn owner(version: &'static str) -> Owner<'static> {
    Owner {
        runtime: "demo",
        stamp_hex: version,
        runtime_version: version,
    }
}

fn without(locks: bool, exchange: bool) {
    NO_LOCKS.set(locks);
    NO_EXCHANGE.set(exchange);
}

fn upgraded() -> Place {
    let place = place();
    place.install("1", false);
    fs::create_dir_all(place.prefix.join("envs/mine")).unwrap();
    place.install("2", false);
    place
}

#[test]
fn the_lock_of_a_directory_that_was_put_in_place_is_no_lock_of_the_staging_directory() {
    let place = place();
    let staging = place.directory.path().join(".demo.staging");
    fs::create_dir(&staging).unwrap();
    let Ok(sys::Attempt::Locked(lock)) = sys::try_lock(&staging) else {
        panic!("not locked")
    };
    assert!(sys::is_same(&lock, &staging));
    fs::rename(&staging, &place.prefix).unwrap();
    assert!(!sys::is_same(&lock, &staging));
    fs::create_dir(&staging).unwrap();
    assert!(!sys::is_same(&lock, &staging));
    assert!(!sys::is_locked(&staging));
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
fn a_repair_without_exchange_keeps_the_prefix_that_it_replaces() {
    without(false, true);
    let place = place();
    place.install("1", false);
    place.install("1", true);
    assert_eq!(place.version(), "1");
    assert_eq!(place.names(), [".demo.previous", "demo"]);
}

fn take(place: &Place, stale_after: Duration) -> Option<Claim> {
    let mut silent = |_: &crate::Waiting| {};
    let cancel = AtomicBool::new(false);
    let mut patience = Patience::new(LIMIT, &mut silent, &cancel);
    patience.stale_after = stale_after;
    let names = Names::new(&place.prefix, &owner("1")).unwrap();
    for _ in 0..80 {
        if let Some(claim) = Claim::take(&names, &owner("1"), &mut patience).unwrap() {
            return Some(claim);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}

#[test]
fn without_locks_a_living_builder_is_waited_for() {
    without(true, true);
    let place = place();
    let first = take(&place, LIMIT).unwrap();
    // More than a beat, less than the limit.
    assert!(take(&place, Duration::from_millis(1400)).is_none());
    drop(first);
    assert!(take(&place, LIMIT).is_some());
    assert!(place.names().is_empty());
}

#[test]
fn without_locks_a_dead_builders_staging_directory_is_taken_away() {
    without(true, true);
    let place = place();
    let scratch = place.directory.path().join(".demo.staging/.demo.staging");
    fs::create_dir_all(&scratch).unwrap();
    fs::write(scratch.join("heartbeat"), "7").unwrap();
    assert!(take(&place, Duration::from_millis(100)).is_some());
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn without_locks_environments_return_from_a_dead_swappers_staging_directory() {
    without(true, true);
    let place = upgraded();
    let staging = place.directory.path().join(".demo.staging");
    fs::rename(place.directory.path().join(".demo.previous"), &staging).unwrap();
    fs::rename(place.prefix.join("envs"), staging.join("envs")).unwrap();
    assert!(take(&place, Duration::from_millis(100)).is_some());
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
