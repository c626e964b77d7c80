//! One test for each cell of the lifecycle page that belongs to `rollback`.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::time::Duration;

use crate::common::{
    self, NEVER, NEW, OLD, Place, assert_marker_names, forced, install_as, installed, no_build,
    place, run, upgraded, version_of,
};
use cs_prefix::{KeepReason, Outcome, Policy, PrefixError, RolledBack, State, inspect};

fn rollback(place: &Place) -> Result<RolledBack, PrefixError> {
    cs_prefix::rollback(
        &place.prefix,
        &NEW,
        Duration::from_secs(5),
        &mut |_| {},
        &NEVER,
    )
}

#[test]
fn the_previous_prefix_comes_back_and_the_newer_one_becomes_the_previous() {
    let place = upgraded();
    let done = rollback(&place).unwrap();
    assert_eq!(
        (
            done.now.runtime_version.as_str(),
            done.before.unwrap().runtime_version.as_str()
        ),
        ("1.0", "2.0")
    );
    assert_eq!(version_of(&place.prefix), "1.0");
    assert_eq!(version_of(&place.beside(".previous")), "2.0");
    assert_eq!(place.names(), [".demo.previous", "demo"]);
}

#[test]
fn named_environments_stay_with_the_prefix() {
    let place = upgraded();
    common::make_environment(&place.prefix, "mine");
    rollback(&place).unwrap();
    assert!(place.prefix.join("envs/mine").is_dir());
    assert!(!place.beside(".previous").join("envs").exists());
}

#[test]
fn the_newer_runtime_keeps_the_prefix_that_its_user_went_back_to() {
    let place = upgraded();
    rollback(&place).unwrap();
    assert!(matches!(
        inspect(&place.prefix, &NEW).unwrap(),
        State::AnotherStamp { declined: true, .. }
    ));
    let outcome = install_as(&place.prefix, &NEW, no_build).unwrap();
    assert!(matches!(
        outcome,
        Outcome::Kept {
            reason: KeepReason::RolledBack,
            ..
        }
    ));
    run(&place, &NEW, &forced()).unwrap();
    assert_eq!(version_of(&place.prefix), "2.0");
}

#[test]
fn a_third_version_upgrades_after_a_rollback() {
    let place = upgraded();
    rollback(&place).unwrap();
    let third = cs_prefix::Owner {
        stamp_hex: &"c".repeat(64),
        runtime_version: "3.0",
        ..NEW
    };
    let outcome = run(&place, &third, &Policy::default()).unwrap();
    assert!(matches!(outcome, Outcome::Replaced { .. }));
}

#[test]
fn the_older_runtime_launches_from_the_prefix_put_back() {
    let place = upgraded();
    rollback(&place).unwrap();
    assert!(matches!(
        inspect(&place.prefix, &OLD).unwrap(),
        State::Complete { .. }
    ));
    assert_marker_names(&place.prefix, &OLD);
}

#[test]
fn a_second_rollback_undoes_the_first() {
    let place = upgraded();
    rollback(&place).unwrap();
    rollback(&place).unwrap();
    assert_eq!(version_of(&place.prefix), "2.0");
    assert!(matches!(
        inspect(&place.prefix, &NEW).unwrap(),
        State::Complete { .. }
    ));
}

#[test]
fn a_prefix_that_went_missing_is_replaced_by_the_previous_one() {
    let place = upgraded();
    fs::remove_dir_all(&place.prefix).unwrap();
    assert_eq!(rollback(&place).unwrap().before, None);
    assert_eq!(version_of(&place.prefix), "1.0");
    assert_eq!(place.names(), ["demo"]);
}

#[test]
fn a_prefix_torn_by_a_power_cut_makes_room_for_the_previous_one() {
    let place = upgraded();
    fs::write(place.prefix.join(".demo.json"), "").unwrap();
    rollback(&place).unwrap();
    assert_eq!(version_of(&place.prefix), "1.0");
    assert_eq!(place.names(), ["demo"]);
}

#[test]
fn without_a_previous_prefix_there_is_nothing_to_do_and_nothing_is_done() {
    for place in [place(), installed(&NEW)] {
        let before = place.names();
        let error = rollback(&place).unwrap_err();
        assert_eq!(error.kind(), cs_prefix::Kind::NothingToRollBack, "{error}");
        assert_eq!(place.names(), before);
    }
}

#[test]
fn a_foreign_prefix_is_refused() {
    let place = place();
    fs::write(&place.prefix, "x").unwrap();
    assert!(matches!(rollback(&place), Err(PrefixError::Foreign { .. })));
}

#[test]
fn a_foreign_previous_directory_is_never_put_in_place() {
    let place = installed(&NEW);
    fs::create_dir(place.beside(".previous")).unwrap();
    fs::write(place.beside(".previous").join("thesis.tex"), "x").unwrap();
    assert!(matches!(
        rollback(&place),
        Err(PrefixError::NothingToRollBack { .. })
    ));
    assert!(place.beside(".previous").join("thesis.tex").is_file());
}

#[cfg(unix)]
#[test]
fn nothing_is_rolled_back_through_a_link() {
    let place = upgraded();
    let link = place.directory.path().join("link");
    symlink(&place.prefix, &link).unwrap();
    let error = cs_prefix::rollback(&link, &NEW, Duration::ZERO, &mut |_| {}, &NEVER).unwrap_err();
    assert!(matches!(error, PrefixError::SymbolicLink { .. }), "{error}");
}

#[test]
fn an_abandoned_staging_directory_is_removed_on_the_way() {
    let place = upgraded();
    fs::create_dir_all(place.beside(".staging").join(".demo.staging")).unwrap();
    rollback(&place).unwrap();
    assert_eq!(place.names(), [".demo.previous", "demo"]);
}
