//! Looking at a prefix, and around it, changes nothing and says what is there.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::common::{self, NEW, OLD, forced, install_as, installed, place, upgraded};
use cs_prefix::{
    Foreignness, KeepReason, Neighbours, State, examine, find_changes, find_own_changes,
    find_reason_to_keep, inspect, look_around,
};

#[test]
fn nothing_at_all_is_absent_and_has_no_neighbours() {
    let place = place();
    assert_eq!(inspect(&place.prefix, &OLD).unwrap(), State::Absent);
    assert_eq!(
        look_around(&place.prefix, &OLD).unwrap(),
        Neighbours::default()
    );
}

#[test]
fn a_path_below_a_plain_file_is_foreign() {
    let place = place();
    fs::write(place.directory.path().join("file"), "").unwrap();
    let state = inspect(&place.directory.path().join("file/demo"), &OLD).unwrap();
    assert_eq!(
        state,
        State::Foreign {
            why: Foreignness::NotADirectory
        }
    );
}

#[test]
fn a_prefix_of_another_stamp_is_not_complete() {
    let place = installed(&OLD);
    assert!(matches!(
        inspect(&place.prefix, &OLD).unwrap(),
        State::Complete { .. }
    ));
    assert!(matches!(
        inspect(&place.prefix, &NEW).unwrap(),
        State::AnotherStamp {
            declined: false,
            ..
        }
    ));
}

#[test]
fn only_a_closer_look_finds_the_users_changes() {
    let place = installed(&OLD);
    fs::write(place.prefix.join("conda-meta/extra-1-0.json"), "{}").unwrap();
    assert!(matches!(
        inspect(&place.prefix, &NEW).unwrap(),
        State::AnotherStamp { .. }
    ));
    let State::Changed { marker, changes } = examine(&place.prefix, &NEW).unwrap() else {
        panic!()
    };
    assert_eq!(changes.added, ["extra-1-0"]);
    assert_eq!(find_changes(&place.prefix, &marker).unwrap(), changes);
}

#[cfg(unix)]
#[test]
fn the_link_that_conda_makes_to_a_short_python_version_is_not_a_second_site_packages() {
    let place = installed(&OLD);
    std::os::unix::fs::symlink("python3.11", place.prefix.join("lib/python3.1")).unwrap();
    let State::Changed { changes, .. } = examine(&place.prefix, &NEW).unwrap() else {
        panic!("the link itself counts")
    };
    assert_eq!(
        (changes.added.len(), changes.files),
        (0, vec!["lib/python3.1".to_owned()])
    );
}

#[test]
fn the_previous_prefix_and_an_abandoned_staging_directory_are_seen() {
    let place = upgraded();
    fs::create_dir(place.beside(".staging")).unwrap();
    let around = look_around(&place.prefix, &NEW).unwrap();
    assert_eq!(around.previous.unwrap().runtime_version, "1.0");
    assert_eq!(around.abandoned_staging, Some(place.beside(".staging")));
    assert!(!around.being_built);
    assert!(place.beside(".staging").is_dir());
}

#[test]
fn a_build_in_progress_is_seen() {
    let place = place();
    let seen = std::cell::Cell::new(false);
    install_as(&place.prefix, &OLD, |staging| {
        let around = look_around(&place.prefix, &OLD).unwrap();
        seen.set(around.being_built && around.abandoned_staging.is_none());
        common::build("1.0")(staging)
    })
    .unwrap();
    assert!(seen.get());
}

/// Rename a prefix. Windows refuses it while another thread has a file in it open.
fn rename(from: &Path, to: &Path) {
    loop {
        match fs::rename(from, to) {
            Err(_) if cfg!(windows) => {}
            done => break done.unwrap(),
        }
    }
}

#[test]
fn a_prefix_that_is_being_exchanged_in_two_steps_is_never_foreign() {
    let place = installed(&OLD);
    let away = place.prefix.with_file_name("away");
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                rename(&place.prefix, &away);
                rename(&away, &place.prefix);
            }
        });
        let states: Vec<_> = (0..3000).map(|_| inspect(&place.prefix, &OLD)).collect();
        is_done.store(true, Ordering::Relaxed);
        for state in states {
            assert!(
                matches!(state, Ok(State::Absent | State::Complete { .. })),
                "{state:?}"
            );
        }
    });
}

/// Look over and over while another thread exchanges two prefixes that have no package in common. `look` says whether
/// what it has found is true of one of them; between the steps of an exchange there is none.
fn look_while_exchanged(look: impl Fn(&Path) -> Result<(), String>) {
    const EXCHANGES: u32 = 100;
    let (place, other) = (installed(&OLD), installed(&NEW));
    let [next, away] = ["next", "away"].map(|name| place.prefix.with_file_name(name));
    fs::rename(&other.prefix, &next).unwrap();
    let (looks, is_done) = (AtomicU32::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..EXCHANGES {
                rename(&place.prefix, &away);
                rename(&next, &place.prefix);
                rename(&away, &next);
                // An exchange takes an installation, so a look ends in between.
                let before = looks.load(Ordering::Relaxed);
                while looks.load(Ordering::Relaxed) == before && !is_done.load(Ordering::Relaxed) {
                    std::thread::yield_now();
                }
            }
            is_done.store(true, Ordering::Relaxed);
        });
        while !is_done.load(Ordering::Relaxed) {
            let found = look(&place.prefix);
            looks.fetch_add(1, Ordering::Relaxed);
            is_done.fetch_or(found.is_err(), Ordering::Relaxed);
            assert_eq!(found, Ok(()));
        }
    });
}

#[test]
fn what_is_found_while_prefixes_are_exchanged_is_true_of_one_of_them() {
    look_while_exchanged(|prefix| match find_own_changes(prefix, &OLD) {
        Ok(Some((_, changes))) if !changes.is_empty() => Err(format!("{changes:?}")),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    });
}

#[test]
fn to_decide_needs_no_prefix_that_stands_still() {
    let policy = forced();
    look_while_exchanged(|prefix| {
        match find_reason_to_keep(prefix, &OLD, &policy).map_err(|error| error.to_string())? {
            Some(KeepReason::Failed { why }) => Err(why),
            _ => Ok(()),
        }
    });
}
