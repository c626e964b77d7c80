//! Whose directories count, and what may be where a file is expected.
//! `tests-integration/security/test_users.py` has three users.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::common::{self, NEVER, NEW, OLD, forced, installed, prefix_error, run, upgraded};
use cs_prefix::{
    Foreignness, Policy, PrefixError, State, find_distrust, inspect, look_around, plan_uninstall,
    rollback,
};

const SOMEBODY: u32 = 2001;
const LIMIT: Duration = Duration::from_secs(5);

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[track_caller]
fn assert_untrusted(error: &PrefixError, told: &str) {
    assert!(
        matches!(error.kind(), cs_prefix::Kind::Untrusted(_)),
        "{error}"
    );
    assert!(error.to_string().starts_with(told), "{error}");
}

#[test]
fn a_prefix_or_place_that_all_users_can_write_to_is_refused_until_they_cannot() {
    let place = upgraded();
    let parent = place.directory.path().to_path_buf();
    for (directory, mode) in [
        (&place.prefix, 0o777),
        (&place.prefix, 0o1777),
        (&parent, 0o777),
    ] {
        set_mode(directory, mode);
        let told = format!("all users can write to {}", directory.display());
        let error = run(&place, &NEW, &Policy::default()).unwrap_err();
        assert_untrusted(&prefix_error(error), &told);
        let error = rollback(&place.prefix, &NEW, LIMIT, &mut |_| {}, &NEVER).unwrap_err();
        assert_untrusted(&error, &told);
        let error = plan_uninstall(&place.prefix, &NEW).unwrap_err();
        assert_untrusted(&error, &told);
        set_mode(directory, 0o755);
        run(&place, &NEW, &Policy::default()).unwrap();
    }
    set_mode(&parent, 0o1777);
    run(&place, &NEW, &forced()).unwrap();
}

#[test]
#[ignore = "needs root"]
fn untrusted_directories_are_reported_and_left_alone() {
    let place = upgraded();
    chown(place.beside(".previous"), Some(SOMEBODY), None).unwrap();
    let around = look_around(&place.prefix, &NEW).unwrap();
    assert_eq!(around.previous, None);
    let told = format!(
        "{} belongs to user 2001",
        place.beside(".previous").display()
    );
    assert_eq!(around.untrusted[0].to_string(), told);
    let error = rollback(&place.prefix, &NEW, LIMIT, &mut |_| {}, &NEVER).unwrap_err();
    assert_untrusted(&error, &told);
    // The older runtime does not take it for its own, and does not replace it either.
    assert_untrusted(
        &prefix_error(run(&place, &OLD, &Policy::default()).unwrap_err()),
        &told,
    );
    let plan = plan_uninstall(&place.prefix, &NEW).unwrap();
    assert_eq!(plan.previous, None);
    plan.execute(&NEW, LIMIT, &mut |_| {}, &NEVER).unwrap();
    assert_eq!(place.names(), [".demo.previous"]);
}

#[test]
#[ignore = "needs root"]
fn a_link_counts_as_its_target() {
    let place = installed(&OLD);
    let link = place.directory.path().join("link");
    symlink("demo", &link).unwrap();
    assert_eq!(find_distrust(&link).unwrap(), None);
    std::os::unix::fs::lchown(&link, Some(SOMEBODY), None).unwrap();
    assert_eq!(find_distrust(&link).unwrap().unwrap().path, link);
    std::os::unix::fs::lchown(&link, Some(0), None).unwrap();
    chown(&place.prefix, Some(SOMEBODY), None).unwrap();
    assert_eq!(find_distrust(&link).unwrap().unwrap().owner, SOMEBODY);
    let state = inspect(&link, &OLD).unwrap();
    let why = Foreignness::Untrusted(find_distrust(&link).unwrap().unwrap());
    assert_eq!(state, State::Foreign { why });
}

#[test]
fn nothing_is_written_to_a_marker_that_has_a_second_name() {
    let place = installed(&OLD);
    let marker = place.prefix.join(".demo.json");
    let (second, modified) = (place.directory.path().join("second"), {
        let metadata = marker.metadata().unwrap();
        metadata.modified().unwrap()
    });
    fs::hard_link(&marker, &second).unwrap();
    let text = fs::read(&second).unwrap();
    run(&place, &OLD, &forced()).unwrap();
    let plan = plan_uninstall(&place.prefix, &OLD).unwrap();
    plan.execute(&OLD, LIMIT, &mut |_| {}, &NEVER).unwrap();
    assert_eq!(fs::read(&second).unwrap(), text);
    assert_eq!(second.metadata().unwrap().modified().unwrap(), modified);
}

#[test]
fn a_marker_without_end_is_damaged() {
    let place = installed(&OLD);
    let marker = place.prefix.join(".demo.json");
    let long = fs::File::options().write(true).open(&marker).unwrap();
    long.set_len(1 << 40).unwrap();
    let state = inspect(&place.prefix, &OLD).unwrap();
    let State::Foreign { why } = state else {
        panic!("{state:?}");
    };
    assert!(
        why.to_string().contains("longer than 16777216 bytes"),
        "{why}"
    );
}

#[test]
fn pipes_in_the_place_of_settings_history_and_records_stop_nothing() {
    let place = installed(&OLD);
    for name in [
        ".condarc",
        "conda-meta/pinned",
        "conda-meta/extra-1-0.json",
        "conda-meta/history",
    ] {
        let path = place.prefix.join(name);
        let _ = fs::remove_file(&path);
        make_pipe(&path);
    }
    let site_packages = place.prefix.join("lib/python3.11/site-packages");
    fs::create_dir_all(site_packages.join("extra-1.dist-info")).unwrap();
    symlink("/dev/zero", place.prefix.join(".mambarc")).unwrap();
    let outcome = run(&place, &NEW, &Policy::default()).unwrap();
    assert!(
        matches!(outcome, cs_prefix::Outcome::Kept { .. }),
        "{outcome:?}"
    );
    run(&place, &NEW, &forced()).unwrap();
    assert_eq!(common::version_of(&place.prefix), "2.0");
}

#[test]
fn the_names_reserved_next_to_a_prefix_are_not_prefixes() {
    let place = common::place();
    for name in [".demo.staging", ".demo.previous", ".demo.abandoned"] {
        let error = inspect(&place.directory.path().join(name), &OLD).unwrap_err();
        assert!(matches!(error, PrefixError::Protected { .. }), "{error}");
    }
    for name in [".demo", "demo.staging", ".staging", ".demo.stagings"] {
        let state = inspect(&place.directory.path().join(name), &OLD).unwrap();
        assert_eq!(state, State::Absent, "{name}");
    }
}
