//! Many processes at once, and processes that are killed.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use crate::common::{
    self, NEVER, NEW, OLD, Place, install_as, install_by, installed, is_whole, kill_in_build,
    place, result_of, spawn, version_of,
};
use cs_prefix::{Policy, PrefixError, State, inspect, install};

#[test]
fn of_sixteen_first_runs_at_once_one_builds_and_all_find_a_whole_prefix() {
    let place = place();
    let prefix = place.directory.path().join("not/yet/there/demo");
    let children: Vec<Child> = (0..16).map(|_| spawn(&prefix, "run-old")).collect();
    let results: Vec<String> = children.into_iter().map(result_of).collect();
    assert_eq!(
        results.iter().filter(|result| *result == "built").count(),
        1,
        "{results:?}"
    );
    assert!(
        results
            .iter()
            .all(|result| result == "built" || result.starts_with("ready")),
        "{results:?}"
    );
    assert!(is_whole(&prefix));
    assert_eq!(common::list(prefix.parent().unwrap()), ["demo"]);
}

#[test]
fn of_eight_upgrades_at_once_one_builds() {
    let place = installed(&OLD);
    common::make_environment(&place.prefix, "mine");
    let children: Vec<Child> = (0..8).map(|_| spawn(&place.prefix, "run-new")).collect();
    let results: Vec<String> = children.into_iter().map(result_of).collect();
    assert_eq!(
        results.iter().filter(|result| *result == "built").count(),
        1,
        "{results:?}"
    );
    assert_eq!(place.names(), [".demo.previous", "demo"]);
    assert!(place.prefix.join("envs/mine").is_dir());
}

/// Start `action`, and kill it after `delay`, wherever it is then.
fn kill_after(prefix: &Path, action: &str, delay: Duration) {
    let mut child = spawn(prefix, action);
    std::thread::sleep(delay);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Delays that spread kills over the start, the build and the end of a child.
///
/// `CS_PREFIX_KILLS` multiplies their number.
fn delays(count: u64) -> impl Iterator<Item = Duration> {
    let factor = std::env::var("CS_PREFIX_KILLS")
        .ok()
        .and_then(|text| text.parse().ok());
    let count = count * factor.unwrap_or(1);
    (0..count).map(move |index| Duration::from_micros(2000 + index * 110_000 / count))
}

/// Let `kill` kill a first run, look at what it leaves, and run once more.
fn kill_first_run(case: &str, kill: impl Fn(&Path)) {
    let place = place();
    kill(&place.prefix);
    let state = inspect(&place.prefix, &OLD).unwrap();
    assert!(
        state == State::Absent || is_whole(&place.prefix),
        "{case}: {state:?}"
    );
    let result = result_of(spawn(&place.prefix, "run-old"));
    // "ready" also where all was finished but the last step.
    assert!(result == "built" || result == "ready 0", "{case}: {result}");
    assert!(is_whole(&place.prefix));
    assert_eq!(place.names(), ["demo"], "{case}");
}

#[test]
fn a_first_run_killed_at_any_instant_leaves_no_prefix_or_a_whole_one_and_the_next_tidies_up() {
    for delay in delays(25) {
        kill_first_run(&format!("{delay:?}"), |prefix| {
            kill_after(prefix, "run-old", delay);
        });
    }
}

#[test]
fn a_first_run_killed_in_its_build_leaves_no_prefix_and_the_next_tidies_up() {
    for directory in [0, 1, 10, 19] {
        kill_first_run(&format!("before {directory}"), |prefix| {
            kill_in_build(prefix, "run-old", directory);
            assert_eq!(inspect(prefix, &OLD).unwrap(), State::Absent);
        });
    }
}

/// The kill may come when the prefix is complete already: nothing may be left even if no further run tidies up.
#[test]
fn a_complete_prefix_never_has_leftovers_that_only_another_build_would_remove() {
    for delay in delays(40) {
        let place = place();
        kill_after(&place.prefix, "run-old", delay);
        if inspect(&place.prefix, &OLD).unwrap() != State::Absent {
            assert_eq!(place.names(), ["demo"], "{delay:?}");
        }
    }
}

#[test]
fn an_upgrade_killed_at_any_instant_loses_neither_prefix_nor_environments() {
    for delay in delays(25) {
        let place = installed(&OLD);
        common::make_environment(&place.prefix, "mine");
        kill_after(&place.prefix, "run-new", delay);
        let version = version_of(&place.prefix);
        assert!(version == "1.0" || is_whole(&place.prefix), "{delay:?}");
        result_of(spawn(&place.prefix, "run-new"));
        assert_eq!(version_of(&place.prefix), "2.0", "{delay:?}");
        assert!(
            place.prefix.join("envs/mine/conda-meta").is_dir(),
            "{delay:?}"
        );
        assert_eq!(place.names(), [".demo.previous", "demo"], "{delay:?}");
    }
}

/// A plain run of a complete prefix looks at the first bytes of the marker and at nothing else.
fn run_plainly(place: &Place, owner: &cs_prefix::Owner, action: &str) {
    let marker = fs::read_to_string(place.prefix.join(".demo.json")).unwrap_or_default();
    let start = format!("{{\"schema_version\":1,\"stamp\":\"{}\"", owner.stamp_hex);
    if !marker.starts_with(&start) {
        result_of(spawn(&place.prefix, action));
    }
}

#[test]
fn a_repair_killed_at_any_instant_leaves_nothing_that_a_plain_run_does_not_remove() {
    for delay in delays(20) {
        let place = installed(&OLD);
        common::make_environment(&place.prefix, "mine");
        kill_after(&place.prefix, "force-old", delay);
        assert_eq!(version_of(&place.prefix), "1.0");
        run_plainly(&place, &OLD, "run-old");
        // Between making the staging directory and the first byte in it, a kill leaves an empty directory.
        let scratch = place.beside(".staging").join(".demo.staging");
        assert!(
            place.names() == ["demo"] || !scratch.exists(),
            "{delay:?}: {:?}",
            place.names()
        );
        assert!(place.prefix.join("envs/mine").is_dir(), "{delay:?}");
    }
}

#[test]
fn a_rollback_killed_at_any_instant_loses_neither_prefix_nor_environments() {
    for delay in delays(20) {
        let place = common::upgraded();
        common::make_environment(&place.prefix, "mine");
        kill_after(&place.prefix, "rollback-new", delay / 8);
        run_plainly(&place, &NEW, "run-new");
        assert!(matches!(version_of(&place.prefix).as_str(), "1.0" | "2.0"));
        assert!(place.prefix.join("envs/mine").is_dir(), "{delay:?}");
    }
}

#[test]
fn an_uninstall_killed_at_any_instant_is_finished_by_the_next() {
    for delay in delays(12) {
        let place = place();
        result_of(spawn(&place.prefix, "run-old"));
        kill_after(&place.prefix, "uninstall-old", delay / 4);
        assert_eq!(result_of(spawn(&place.prefix, "uninstall-old")), "done");
        assert!(place.names().is_empty(), "{delay:?}: {:?}", place.names());
    }
}

#[test]
fn a_killed_builders_lock_blocks_nobody() {
    let place = place();
    kill_in_build(&place.prefix, "run-old", 10);
    // It does not even have to wait.
    common::run(&place, &OLD, &patient_for(Duration::ZERO)).unwrap();
    assert!(place.prefix.join("bin/tool").is_file());
}

fn patient_for(wait_limit: Duration) -> Policy {
    Policy {
        wait_limit,
        ..Policy::default()
    }
}

/// Hold the claim, as a builder that hangs does.
fn hold(place: &Place) -> fs::File {
    fs::create_dir_all(place.beside(".staging").join(".demo.staging")).unwrap();
    #[cfg(unix)]
    {
        let directory = fs::File::open(place.beside(".staging")).unwrap();
        directory.lock().unwrap();
        directory
    }
    // Windows locks no directories: a file next to it that nobody else can open does it.
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt;
        let lock = place.beside(".staging.lock");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(false);
        options.share_mode(0).custom_flags(DELETE_ON_CLOSE);
        options.open(lock).unwrap()
    }
}

#[cfg(windows)]
const DELETE_ON_CLOSE: u32 = 0x0400_0000;

#[test]
fn waiting_is_reported_again_and_again_until_it_is_over() {
    let place = place();
    let mut held = Some(hold(&place));
    let policy = patient_for(Duration::from_secs(3600));
    let mut reports = Vec::new();
    let outcome = install(
        &place.prefix,
        &OLD,
        &policy,
        &mut |news| {
            if let cs_prefix::News::Waiting(waiting) = news {
                reports.push(*waiting);
            }
            if reports.len() == 4 {
                held = None;
            }
        },
        &NEVER,
        common::build("1.0"),
    );
    assert!(matches!(outcome, Ok(cs_prefix::Outcome::Installed { .. })));
    assert!(
        reports.len() >= 4 && reports.is_sorted_by(|one, next| one.elapsed < next.elapsed),
        "{reports:?}"
    );
    assert!(
        reports
            .iter()
            .all(|report| report.limit == policy.wait_limit)
    );
}

#[test]
fn waiting_ends_at_the_limit() {
    let place = place();
    let _held = hold(&place);
    let policy = patient_for(Duration::from_millis(50));
    let outcome = install_by(&place.prefix, &OLD, &policy, common::no_build);
    let error = common::prefix_error(outcome.unwrap_err());
    assert_eq!(error.kind(), cs_prefix::Kind::Busy);
    let told = error.to_string();
    assert!(
        told.contains("another process is still working on"),
        "{told}"
    );
    let held = [".demo.staging", ".demo.staging.lock"];
    assert_eq!(place.names(), held[..if cfg!(windows) { 2 } else { 1 }]);
}

#[test]
fn waiting_can_be_cancelled() {
    let place = place();
    let _held = hold(&place);
    let cancel = std::sync::atomic::AtomicBool::new(false);
    let outcome = install(
        &place.prefix,
        &OLD,
        &Policy::default(),
        &mut |_| cancel.store(true, std::sync::atomic::Ordering::Relaxed),
        &cancel,
        common::no_build,
    );
    assert!(matches!(
        common::prefix_error(outcome.unwrap_err()),
        PrefixError::Cancelled { .. }
    ));
}

#[test]
fn a_complete_prefix_is_used_while_another_process_works_on_its_surroundings() {
    let place = installed(&OLD);
    let _held = hold(&place);
    let outcome = install_as(&place.prefix, &OLD, common::no_build).unwrap();
    assert!(matches!(
        outcome,
        cs_prefix::Outcome::AlreadyComplete { .. }
    ));
}

#[test]
fn children_of_a_build_do_not_inherit_the_lock() {
    let place = place();
    let mut child = None;
    install_as(&place.prefix, &OLD, |staging| {
        child = Some(spawn(&place.prefix, "wait-old"));
        Err::<cs_prefix::Details, _>(format!("stop {}", staging.root.display()))
    })
    .unwrap_err();
    let policy = patient_for(Duration::ZERO);
    common::run(&place, &OLD, &policy).unwrap();
    let mut child = child.unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The states between two steps of a swap, made by hand: what a kill leaves, and how the next run repairs it.
mod interrupted {
    use super::*;

    fn finish_with_new(place: &Place) {
        install_as(&place.prefix, &NEW, common::no_build).unwrap();
        assert_eq!(version_of(&place.prefix), "2.0");
        assert!(place.prefix.join("envs/mine").is_dir());
        assert_eq!(place.names(), [".demo.previous", "demo"]);
    }

    #[test]
    fn before_the_exchange_the_finished_prefix_is_put_in_place_without_another_build() {
        let place = common::upgraded();
        common::make_environment(&place.prefix, "mine");
        // The new one has the environments and the previous one's name; the old one is still in place.
        let aside = place.directory.path().join("aside");
        fs::rename(place.beside(".previous"), &aside).unwrap();
        fs::rename(&place.prefix, place.beside(".previous")).unwrap();
        fs::rename(&aside, &place.prefix).unwrap();
        finish_with_new(&place);
    }

    #[test]
    fn between_two_plain_renames_the_finished_prefix_is_put_in_place() {
        let place = common::upgraded();
        common::make_environment(&place.prefix, "mine");
        fs::rename(&place.prefix, place.beside(".staging")).unwrap();
        finish_with_new(&place);
    }

    #[test]
    fn environments_in_a_finished_staging_directory_return_to_the_prefix() {
        let place = installed(&OLD);
        common::make_environment(&place.prefix, "mine");
        let other = installed(&NEW);
        fs::rename(&other.prefix, place.beside(".staging")).unwrap();
        fs::rename(
            place.prefix.join("envs"),
            place.beside(".staging").join("envs"),
        )
        .unwrap();
        common::run(&place, &NEW, &Policy::default()).unwrap();
        assert!(place.prefix.join("envs/mine").is_dir());
        assert_eq!(place.names(), [".demo.previous", "demo"]);
    }

    #[test]
    fn a_rollback_before_its_exchange_is_repaired_by_a_plain_run() {
        let place = common::upgraded();
        common::make_environment(&place.prefix, "mine");
        let marker = fs::read_to_string(place.prefix.join(".demo.json")).unwrap();
        fs::write(
            place.prefix.join(".demo.json"),
            format!(" {}", &marker[1..]),
        )
        .unwrap();
        fs::rename(
            place.prefix.join("envs"),
            place.beside(".previous").join("envs"),
        )
        .unwrap();
        finish_with_new(&place);
        assert_eq!(
            fs::read_to_string(place.prefix.join(".demo.json")).unwrap(),
            marker
        );
    }

    #[test]
    fn a_repair_after_its_exchange_is_finished_by_a_plain_run() {
        let place = installed(&OLD);
        let other = installed(&OLD);
        fs::rename(&other.prefix, place.beside(".staging")).unwrap();
        fs::create_dir(place.beside(".staging").join(".demo.staging")).unwrap();
        let marker = fs::read_to_string(place.prefix.join(".demo.json")).unwrap();
        fs::write(
            place.prefix.join(".demo.json"),
            format!(" {}", &marker[1..]),
        )
        .unwrap();
        install_as(&place.prefix, &OLD, common::no_build).unwrap();
        assert_eq!(
            fs::read_to_string(place.prefix.join(".demo.json")).unwrap(),
            marker
        );
        assert_eq!(place.names(), ["demo"]);
    }

    #[test]
    fn a_finished_first_prefix_torn_by_a_power_cut_is_built_anew() {
        let place = installed(&OLD);
        fs::write(place.prefix.join(".demo.json"), "").unwrap();
        fs::rename(&place.prefix, place.beside(".staging")).unwrap();
        common::run(&place, &OLD, &Policy::default()).unwrap();
        assert_eq!(version_of(&place.prefix), "1.0");
        assert_eq!(place.names(), ["demo"]);
    }

    #[test]
    fn a_finished_first_prefix_is_put_in_place_without_another_build() {
        let place = installed(&OLD);
        fs::rename(&place.prefix, place.beside(".staging")).unwrap();
        install_as(&place.prefix, &OLD, common::no_build).unwrap();
        assert_eq!(place.names(), ["demo"]);
    }
}
