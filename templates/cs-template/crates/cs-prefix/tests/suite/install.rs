//! One test for each cell of the lifecycle page that belongs to `run`, `bootstrap` and `bootstrap --force`.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::common::{
    self, NEW, OLD, OTHER, SITE_PACKAGES, assert_marker_names, build, forced, install_as,
    install_by, installed, no_build, place, prefix_error, run, upgraded, version_of,
};
use cs_prefix::{
    InstallError, KeepReason, Kind, Outcome, Policy, PrefixError, State, inspect, install,
};

#[test]
fn an_absent_prefix_is_built_and_nothing_else_is_left() {
    let place = place();
    let outcome = run(&place, &OLD, &Policy::default()).unwrap();
    assert!(matches!(outcome, Outcome::Installed { .. }));
    assert_eq!(place.names(), ["demo"]);
    assert_eq!(version_of(&place.prefix), "1.0");
}

/// There, to make a directory fails as if its parent were missing, however often one tries.
#[cfg(target_os = "linux")]
#[test]
fn a_place_where_no_directory_can_be_made_is_an_error() {
    let prefix = std::path::Path::new("/proc/demo");
    assert!(install_by(prefix, &OLD, &Policy::default(), no_build).is_err());
}

#[test]
fn the_marker_starts_with_the_bytes_that_a_later_run_compares() {
    let place = installed(&OLD);
    assert_marker_names(&place.prefix, &OLD);
}

#[test]
fn the_marker_holds_owner_version_channels_and_packages() {
    let place = installed(&OLD);
    let State::Complete { marker } = inspect(&place.prefix, &OLD).unwrap() else {
        panic!("not complete")
    };
    assert_eq!(
        (marker.runtime.as_str(), marker.runtime_version.as_str()),
        ("demo", "1.0")
    );
    assert_eq!(marker.channels, ["https://example.org/channel"]);
    assert_eq!(marker.packages, ["tool-1.0-0"]);
    assert_eq!(
        marker.distributions,
        [format!("{SITE_PACKAGES}/tool-1.0.dist-info")]
    );
}

#[test]
fn the_marker_keeps_the_callers_additions() {
    let place = place();
    let outcome = install_as(&place.prefix, &OLD, |staging| {
        let mut details = build("1.0")(staging)?;
        details.extra.insert("delegate".to_owned(), "tool".into());
        Ok::<_, String>(details)
    });
    outcome.unwrap();
    let state = inspect(&place.prefix, &OLD).unwrap();
    assert_eq!(state.marker().unwrap().extra["delegate"], "tool");
}

#[test]
fn a_build_gets_scratch_space_that_is_gone_afterwards() {
    let place = place();
    let outcome = install_as(&place.prefix, &OLD, |staging| {
        assert!(staging.scratch.starts_with(staging.root));
        assert_eq!(staging.prefix, place.prefix);
        fs::write(staging.scratch.join("spool"), "temporary").unwrap();
        build("1.0")(staging)
    });
    outcome.unwrap();
    assert!(!common::list(&place.prefix).contains(&".demo.staging".to_owned()));
}

#[test]
fn missing_parents_are_made() {
    let place = place();
    let prefix = place.directory.path().join("a/b/demo");
    install_as(&prefix, &OLD, build("1.0")).unwrap();
    assert_eq!(common::list(prefix.parent().unwrap()), ["demo"]);
}

#[test]
fn a_failed_build_leaves_nothing_not_even_the_parents_made_for_it() {
    let place = place();
    let prefix = place.directory.path().join("a/b/demo");
    let outcome = install_as(&prefix, &OLD, |staging| {
        common::fill(staging.root, "1.0");
        Err("the network is down")
    });
    assert!(matches!(
        outcome,
        Err(InstallError::Build("the network is down"))
    ));
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn a_cancelled_build_leaves_nothing() {
    let place = place();
    let cancel = AtomicBool::new(false);
    let outcome = install(
        &place.prefix,
        &OLD,
        &Policy::default(),
        &mut |_| {},
        &cancel,
        |staging| {
            cancel.store(true, Ordering::Relaxed);
            build("1.0")(staging)
        },
    );
    assert!(matches!(
        prefix_error(outcome.unwrap_err()),
        PrefixError::Cancelled { .. }
    ));
    assert!(place.names().is_empty());
}

#[test]
fn a_build_that_panics_leaves_nothing() {
    let place = place();
    let outcome = std::panic::catch_unwind(|| {
        let _ = install_as(&place.prefix, &OLD, |staging| {
            common::fill(staging.root, "1.0");
            common::no_build(staging)
        });
    });
    assert!(outcome.is_err());
    assert!(place.names().is_empty());
}

#[test]
fn an_empty_directory_counts_as_absent() {
    let place = place();
    fs::create_dir(&place.prefix).unwrap();
    assert!(matches!(
        run(&place, &OLD, &Policy::default()).unwrap(),
        Outcome::Installed { .. }
    ));
    assert_eq!(version_of(&place.prefix), "1.0");
}

#[test]
fn a_complete_prefix_is_not_built_again() {
    let place = installed(&OLD);
    let outcome = install_as(&place.prefix, &OLD, no_build).unwrap();
    assert!(matches!(outcome, Outcome::AlreadyComplete { .. }));
}

#[test]
fn force_repairs_a_complete_prefix_and_keeps_no_copy_of_it() {
    let place = installed(&OLD);
    fs::remove_file(place.prefix.join("bin/tool")).unwrap();
    common::make_environment(&place.prefix, "mine");
    let outcome = run(&place, &OLD, &forced()).unwrap();
    assert!(matches!(outcome, Outcome::Replaced { previous: None, .. }));
    assert_eq!(version_of(&place.prefix), "1.0");
    assert!(place.prefix.join("envs/mine/conda-meta").is_dir());
    assert_eq!(place.names(), ["demo"]);
}

#[test]
fn force_on_the_same_stamp_leaves_the_previous_prefix_for_rollback_alone() {
    let place = upgraded();
    run(&place, &NEW, &forced()).unwrap();
    assert_eq!(version_of(&place.beside(".previous")), "1.0");
}

#[test]
fn force_on_the_same_stamp_keeps_the_changed_prefix_as_the_previous_one() {
    let place = installed(&OLD);
    fs::write(place.prefix.join("conda-meta/extra-1-0.json"), "{}").unwrap();
    let outcome = run(&place, &OLD, &forced()).unwrap();
    assert!(matches!(
        outcome,
        Outcome::Replaced {
            previous: Some(_),
            ..
        }
    ));
    assert!(
        place
            .beside(".previous")
            .join("conda-meta/extra-1-0.json")
            .is_file()
    );
}

#[test]
fn a_newer_runtime_replaces_the_prefix_and_keeps_the_old_one_once() {
    let place = upgraded();
    assert_eq!(place.names(), [".demo.previous", "demo"]);
    assert_eq!(version_of(&place.prefix), "2.0");
    assert_eq!(version_of(&place.beside(".previous")), "1.0");
}

#[test]
fn a_second_upgrade_removes_the_oldest_prefix() {
    let place = upgraded();
    let third = cs_prefix::Owner {
        stamp_hex: &"c".repeat(64),
        runtime_version: "3.0",
        ..NEW
    };
    run(&place, &third, &Policy::default()).unwrap();
    assert_eq!(place.names(), [".demo.previous", "demo"]);
    assert_eq!(version_of(&place.beside(".previous")), "2.0");
}

#[test]
fn named_environments_and_the_package_cache_move_to_the_new_prefix() {
    let place = installed(&OLD);
    common::make_environment(&place.prefix, "mine");
    fs::create_dir(place.prefix.join("pkgs")).unwrap();
    fs::write(place.prefix.join("pkgs/urls.txt"), "u").unwrap();
    run(&place, &NEW, &Policy::default()).unwrap();
    assert!(place.prefix.join("envs/mine/conda-meta").is_dir());
    assert!(place.prefix.join("pkgs/urls.txt").is_file());
    assert!(!place.beside(".previous").join("envs").exists());
}

#[cfg(unix)]
#[test]
fn environments_kept_elsewhere_behind_a_link_stay_linked() {
    let place = installed(&OLD);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::create_dir(elsewhere.path().join("mine")).unwrap();
    symlink(elsewhere.path(), place.prefix.join("envs")).unwrap();
    run(&place, &NEW, &Policy::default()).unwrap();
    assert_eq!(
        fs::read_link(place.prefix.join("envs")).unwrap(),
        elsewhere.path()
    );
    let plan = cs_prefix::plan_uninstall(&place.prefix, &NEW).unwrap();
    assert_eq!(plan.named_environments, Vec::<std::path::PathBuf>::new());
    assert!(elsewhere.path().join("mine").is_dir());
}

#[cfg(unix)]
#[test]
fn a_parent_that_is_a_link_to_nowhere_is_an_error_and_not_a_wait() {
    let place = place();
    symlink("/nowhere/at/all", place.directory.path().join("link")).unwrap();
    let prefix = place.directory.path().join("link/demo");
    let error = install_as(&prefix, &OLD, no_build).unwrap_err();
    assert!(prefix_error(error).to_string().contains("No such file"));
}

#[test]
fn settings_that_the_user_changed_are_copied_and_others_are_not() {
    let place = installed(&OLD);
    fs::write(place.prefix.join(".condarc"), "channels: [mine]\n").unwrap();
    fs::write(place.prefix.join("conda-meta/pinned"), "tool <3\n").unwrap();
    run(&place, &NEW, &Policy::default()).unwrap();
    assert_eq!(
        fs::read_to_string(place.prefix.join(".condarc")).unwrap(),
        "channels: [mine]\n"
    );
    assert_eq!(
        fs::read_to_string(place.prefix.join("conda-meta/pinned")).unwrap(),
        "tool <3\n"
    );
    let other = installed(&OLD);
    install_as(&other.prefix, &NEW, |staging| {
        let details = build("2.0")(staging);
        fs::write(staging.root.join(".condarc"), "new: true\n").unwrap();
        details
    })
    .unwrap();
    assert_eq!(
        fs::read_to_string(other.prefix.join(".condarc")).unwrap(),
        "new: true\n"
    );
}

#[test]
fn a_failed_upgrade_leaves_the_old_prefix_as_it_was() {
    let place = installed(&OLD);
    common::make_environment(&place.prefix, "mine");
    let outcome = install_as(&place.prefix, &NEW, |_| Err("no"));
    assert!(outcome.is_err());
    assert_eq!(version_of(&place.prefix), "1.0");
    assert!(place.prefix.join("envs/mine").is_dir());
    assert_eq!(place.names(), ["demo"]);
}

#[test]
fn a_file_open_in_the_old_prefix_stays_readable_during_and_after_an_upgrade() {
    use std::io::Read;
    let place = installed(&OLD);
    let mut open = fs::File::open(place.prefix.join("bin/tool")).unwrap();
    run(&place, &NEW, &Policy::default()).unwrap();
    let mut text = String::new();
    open.read_to_string(&mut text).unwrap();
    assert_eq!(text, "1.0");
}

#[test]
fn a_runtime_made_to_keep_prefixes_keeps_them() {
    let place = installed(&OLD);
    let policy = Policy {
        keep_other_stamps: true,
        ..Policy::default()
    };
    let outcome = install_by(&place.prefix, &NEW, &policy, no_build).unwrap();
    assert!(matches!(
        outcome,
        Outcome::Kept {
            reason: KeepReason::Policy,
            ..
        }
    ));
    run(
        &place,
        &NEW,
        &Policy {
            force: true,
            ..policy
        },
    )
    .unwrap();
    assert_eq!(version_of(&place.prefix), "2.0");
}

fn assert_kept_as_changed(place: &common::Place, added: &str) {
    let outcome = install_as(&place.prefix, &NEW, no_build).unwrap();
    let Outcome::Kept {
        reason: KeepReason::Changed(changes),
        ..
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert_eq!(changes.added, [added]);
}

#[test]
fn a_prefix_with_a_package_added_by_conda_is_kept() {
    let place = installed(&OLD);
    fs::write(place.prefix.join("conda-meta/extra-1-0.json"), "{}").unwrap();
    assert_kept_as_changed(&place, "extra-1-0");
}

#[test]
fn a_prefix_with_a_distribution_added_by_pip_is_kept() {
    let place = installed(&OLD);
    fs::create_dir(place.prefix.join(SITE_PACKAGES).join("extra-1.dist-info")).unwrap();
    assert_kept_as_changed(&place, &format!("{SITE_PACKAGES}/extra-1.dist-info"));
}

#[test]
fn a_prefix_with_a_package_removed_is_kept_and_force_replaces_it() {
    let place = installed(&OLD);
    fs::remove_file(place.prefix.join("conda-meta/tool-1.0-0.json")).unwrap();
    let outcome = install_as(&place.prefix, &NEW, no_build).unwrap();
    let Outcome::Kept {
        reason: KeepReason::Changed(changes),
        ..
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert_eq!(changes.removed, ["tool-1.0-0"]);
    run(&place, &NEW, &forced()).unwrap();
    assert_eq!(version_of(&place.prefix), "2.0");
}

#[test]
fn compiled_files_and_conda_history_do_not_count_as_changes() {
    let place = installed(&OLD);
    fs::create_dir(place.prefix.join(SITE_PACKAGES).join("__pycache__")).unwrap();
    fs::write(place.prefix.join("conda-meta/history"), "==> now <==\n").unwrap();
    let outcome = run(&place, &NEW, &Policy::default()).unwrap();
    assert!(matches!(outcome, Outcome::Replaced { .. }));
}

#[test]
fn the_previous_prefix_is_put_back_without_a_build_when_it_is_of_this_stamp() {
    let place = upgraded();
    common::make_environment(&place.prefix, "mine");
    let outcome = install_as(&place.prefix, &OLD, no_build).unwrap();
    assert!(matches!(outcome, Outcome::Replaced { .. }));
    assert_eq!(version_of(&place.prefix), "1.0");
    assert!(place.prefix.join("envs/mine").is_dir());
    assert_eq!(place.names(), [".demo.previous", "demo"]);
}

/// Each foreign thing, made at the prefix's path; whatever is asked, it is refused and stays.
fn assert_refused(make: impl Fn(&std::path::Path), message: &str) {
    for policy in [Policy::default(), forced()] {
        let place = place();
        make(&place.prefix);
        let before = place.names();
        let error = install_by(&place.prefix, &OLD, &policy, no_build).unwrap_err();
        let error = prefix_error(error);
        assert_eq!(error.kind(), Kind::Foreign);
        assert!(error.to_string().contains(message), "{error}");
        assert_eq!(place.names(), before);
    }
}

#[test]
fn a_plain_file_is_foreign() {
    assert_refused(
        |path| fs::write(path, "x").unwrap(),
        "it is not a directory",
    );
}

#[test]
fn a_directory_with_contents_is_foreign() {
    let make = |path: &std::path::Path| {
        fs::create_dir(path).unwrap();
        fs::write(path.join("thesis.tex"), "x").unwrap();
    };
    assert_refused(make, "contains no .demo.json");
}

#[test]
fn the_prefix_of_another_runtime_is_foreign() {
    let make = |path: &std::path::Path| {
        install_as(path, &OTHER, build("1.0")).unwrap();
        fs::copy(path.join(".other.json"), path.join(".demo.json")).unwrap();
    };
    assert_refused(make, "it belongs to the runtime \"other\"");
}

#[test]
fn a_damaged_marker_is_foreign() {
    let make = |path: &std::path::Path| {
        fs::create_dir(path).unwrap();
        fs::write(path.join(".demo.json"), "{\"schema").unwrap();
    };
    assert_refused(make, "its .demo.json is another program's, or damaged (EOF");
}

#[cfg(unix)]
#[test]
fn links_to_foreign_things_and_to_nowhere_are_foreign() {
    assert_refused(
        |path| symlink("/nowhere/at/all", path).unwrap(),
        "it is a symbolic link to /nowhere/at/all",
    );
    assert_refused(
        |path| symlink("/usr", path).unwrap(),
        "it is a symbolic link to /usr",
    );
}

#[cfg(unix)]
#[test]
fn a_prefix_behind_a_link_runs_but_is_not_replaced() {
    let place = installed(&OLD);
    let link = place.directory.path().join("link");
    symlink(&place.prefix, &link).unwrap();
    let outcome = install_as(&link, &OLD, no_build).unwrap();
    assert!(matches!(outcome, Outcome::AlreadyComplete { .. }));
    let outcome = install_as(&link, &NEW, no_build).unwrap();
    assert!(matches!(
        outcome,
        Outcome::Kept {
            reason: KeepReason::SymbolicLink { .. },
            ..
        }
    ));
    let error = prefix_error(install_by(&link, &NEW, &forced(), no_build).unwrap_err());
    assert!(matches!(error, PrefixError::SymbolicLink { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_linked_parent_is_fine() {
    let place = place();
    fs::create_dir(place.directory.path().join("real")).unwrap();
    symlink(
        place.directory.path().join("real"),
        place.directory.path().join("link"),
    )
    .unwrap();
    let prefix = place.directory.path().join("link/demo");
    install_as(&prefix, &OLD, build("1.0")).unwrap();
    assert_eq!(common::list(&place.directory.path().join("real")), ["demo"]);
}

#[test]
fn a_prefix_torn_by_a_power_cut_is_built_anew() {
    let place = installed(&OLD);
    fs::write(place.prefix.join(".demo.json"), "").unwrap();
    fs::write(place.prefix.join("bin/tool"), "").unwrap();
    assert_eq!(inspect(&place.prefix, &OLD).unwrap(), State::Torn);
    run(&place, &OLD, &Policy::default()).unwrap();
    assert_eq!(version_of(&place.prefix), "1.0");
    assert_eq!(place.names(), ["demo"]);
}

#[test]
fn a_foreign_staging_directory_is_refused_and_stays() {
    let place = place();
    fs::create_dir(place.beside(".staging")).unwrap();
    fs::write(place.beside(".staging").join("thesis.tex"), "x").unwrap();
    let error = prefix_error(run(&place, &OLD, &Policy::default()).unwrap_err());
    assert_eq!(error.kind(), Kind::Foreign);
    assert!(error.to_string().contains(".demo.staging"), "{error}");
    assert_eq!(place.names(), [".demo.staging"]);
}

#[test]
fn a_foreign_previous_directory_stops_an_upgrade_before_the_build() {
    let place = installed(&OLD);
    fs::create_dir(place.beside(".previous")).unwrap();
    fs::write(place.beside(".previous").join("thesis.tex"), "x").unwrap();
    let error = install_as(&place.prefix, &NEW, no_build).unwrap_err();
    let error = prefix_error(error);
    assert!(
        error
            .to_string()
            .contains(".demo.previous is not a prefix of this runtime"),
        "{error}"
    );
    assert_eq!(place.names(), [".demo.previous", "demo"]);
}

#[test]
fn a_path_longer_than_the_placeholders_is_refused_with_the_limit() {
    let place = place();
    let policy = Policy {
        prefix_limit_bytes: Some(10),
        ..Policy::default()
    };
    let error = prefix_error(run(&place, &OLD, &policy).unwrap_err());
    assert_eq!(error.kind(), Kind::PathTooLong);
    assert!(
        error.to_string().contains("the packages allow 10 at most"),
        "{error}"
    );
    assert!(place.names().is_empty());
}

#[test]
fn a_lack_of_space_or_inodes_is_reported_before_anything_is_written() {
    let place = place();
    let bytes = Policy {
        required_bytes: Some(u64::MAX),
        ..Policy::default()
    };
    let files = Policy {
        required_files: Some(u64::MAX),
        ..Policy::default()
    };
    // Windows has no inodes to run out of.
    let cases = [(bytes, Kind::NoSpace), (files, Kind::NoInodes)];
    for (policy, kind) in &cases[..if cfg!(windows) { 1 } else { 2 }] {
        let outcome = install_by(&place.prefix, &OLD, policy, no_build);
        let error = prefix_error(outcome.unwrap_err());
        assert_eq!(error.kind(), *kind, "{error}");
        assert!(place.names().is_empty());
    }
}

#[test]
fn an_empty_working_directory_or_home_is_not_replaced() {
    for (variable, message) in [
        ("cwd", "the working directory is in it"),
        ("home", "your home directory is in it"),
    ] {
        let place = place();
        fs::create_dir(&place.prefix).unwrap();
        let mut command = common::command(&place.prefix, "run-old");
        match variable {
            "cwd" => command.current_dir(&place.prefix),
            _ => command.env(common::HOME, &place.prefix),
        };
        let result = common::result_of(command.spawn().unwrap());
        assert!(result.contains(message), "{result}");
        assert!(common::list(&place.prefix).is_empty());
    }
}

#[test]
fn a_prefix_without_a_name_is_refused() {
    for path in ["/", "/tmp/.."] {
        let error = inspect(std::path::Path::new(path), &OLD).unwrap_err();
        assert_eq!(error.kind(), Kind::Protected, "{error}");
    }
}

/// A handle to the directory that does not allow renaming it, as a program has one to its working directory.
#[cfg(windows)]
fn hold_in_place(directory: &std::path::Path) -> fs::File {
    use std::os::windows::fs::OpenOptionsExt;
    const READ_AND_WRITE: u32 = 3;
    const BACKUP_SEMANTICS: u32 = 0x0200_0000;
    let mut options = fs::OpenOptions::new();
    options.read(true).share_mode(READ_AND_WRITE);
    options.custom_flags(BACKUP_SEMANTICS);
    options.open(directory).unwrap()
}

#[cfg(windows)]
#[test]
fn nothing_is_built_while_a_program_holds_the_prefix_in_its_place() {
    for policy in [Policy::default(), forced()] {
        let place = installed(&OLD);
        let held = hold_in_place(&place.prefix);
        let outcome = install_by(&place.prefix, &NEW, &policy, no_build);
        assert_eq!(prefix_error(outcome.unwrap_err()).kind(), Kind::InUse);
        assert_eq!(place.names(), ["demo"]);
        assert_eq!(version_of(&place.prefix), "1.0");
        drop(held);
        run(&place, &NEW, &policy).unwrap();
        assert_eq!(version_of(&place.prefix), "2.0");
    }
}
