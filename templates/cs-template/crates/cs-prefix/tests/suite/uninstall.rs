//! One test for each cell of the lifecycle page that belongs to `uninstall`.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use crate::common::{self, NEVER, NEW, OLD, Place, install_as, installed, place, upgraded};
use cs_prefix::{PrefixError, Removed, plan_uninstall};

fn uninstall(place: &Place) -> Result<Removed, PrefixError> {
    let plan = plan_uninstall(&place.prefix, &NEW)?;
    plan.execute(&NEW, Duration::from_secs(5), &mut |_| {}, &NEVER)
}

#[test]
fn the_prefix_the_previous_one_and_leftovers_of_killed_runs_are_removed() {
    let place = upgraded();
    fs::create_dir_all(place.beside(".staging").join(".demo.staging/spool")).unwrap();
    let removed = uninstall(&place).unwrap();
    assert_eq!(
        removed.directories,
        [place.prefix.clone(), place.beside(".previous")]
    );
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn the_plan_lists_named_environments_and_writes_nothing() {
    let place = upgraded();
    common::make_environment(&place.prefix, "b");
    common::make_environment(&place.prefix, "a");
    fs::write(place.prefix.join("envs/.conda_envs_dir_test"), "").unwrap();
    let before = place.names();
    let plan = plan_uninstall(&place.prefix, &NEW).unwrap();
    assert_eq!(
        plan.named_environments,
        [place.prefix.join("envs/a"), place.prefix.join("envs/b")]
    );
    assert_eq!(plan.prefix.as_deref(), Some(place.prefix.as_path()));
    assert!(!plan.is_empty());
    assert_eq!(place.names(), before);
}

#[test]
fn the_plan_distinguishes_a_build_in_progress_from_the_remains_of_one() {
    let place = place();
    let plan = || plan_uninstall(&place.prefix, &OLD).unwrap();
    let seen = std::cell::Cell::new((None, false));
    install_as(&place.prefix, &OLD, |staging| {
        seen.set((plan().staging, plan().being_built));
        common::build("1.0")(staging)
    })
    .unwrap();
    let staging = Some(place.beside(".staging"));
    assert_eq!(seen.take(), (staging.clone(), true));
    fs::create_dir(place.beside(".staging")).unwrap();
    assert_eq!((plan().staging, plan().being_built), (staging, false));
}

#[test]
fn nothing_to_remove_is_not_an_error() {
    let place = place();
    let plan = plan_uninstall(&place.prefix, &NEW).unwrap();
    assert!(plan.is_empty());
    assert_eq!(uninstall(&place).unwrap(), Removed::default());
    assert!(place.names().is_empty());
}

#[test]
fn leftovers_are_removed_when_there_is_no_prefix() {
    let place = place();
    fs::create_dir_all(place.beside(".staging").join(".demo.staging")).unwrap();
    uninstall(&place).unwrap();
    assert!(place.names().is_empty());
}

#[test]
fn the_remains_of_a_killed_uninstall_are_removed() {
    let place = place();
    fs::create_dir_all(place.directory.path().join("conda/.demo.staging")).unwrap();
    for names in [[".demo.staging"].as_slice(), &[]] {
        let prefix = place.directory.path().join("conda/demo");
        let mut plan = plan_uninstall(&prefix, &NEW).unwrap();
        assert_eq!(plan.is_empty(), names.is_empty());
        plan.remove_empty_parent = names.is_empty();
        plan.execute(&NEW, Duration::from_secs(5), &mut |_| {}, &NEVER)
            .unwrap();
    }
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn an_empty_parent_goes_only_when_the_caller_chose_it() {
    let place = place();
    let prefix = place.directory.path().join("conda/demo");
    for (remove_empty_parent, left) in [(false, vec!["conda"]), (true, vec![])] {
        install_as(&prefix, &NEW, common::build("2.0")).unwrap();
        let mut plan = plan_uninstall(&prefix, &NEW).unwrap();
        plan.remove_empty_parent = remove_empty_parent;
        assert_eq!(plan.emptied_parent().is_some(), remove_empty_parent);
        plan.execute(&NEW, Duration::from_secs(5), &mut |_| {}, &NEVER)
            .unwrap();
        assert_eq!(place.names(), left);
    }
}

/// Agree to a plan, let `between` happen, and carry it out.
fn uninstall_after(place: &Place, between: impl FnOnce()) -> Result<Removed, PrefixError> {
    let mut plan = plan_uninstall(&place.prefix, &NEW)?;
    plan.must_name_all = true;
    between();
    plan.execute(&NEW, Duration::from_secs(5), &mut |_| {}, &NEVER)
}

#[test]
fn a_file_added_after_the_confirmation_stops_the_removal() {
    let in_lib = format!("{}/mine/x", common::LIB);
    for path in ["envs/late/x", "thesis.tex", &in_lib] {
        let place = upgraded();
        common::make_environment(&place.prefix, "early");
        let file = place.prefix.join(path);
        let before = place.names();
        let error = uninstall_after(&place, || {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "mine").unwrap();
        })
        .unwrap_err();
        assert!(
            matches!(&error, PrefixError::Appeared { path } if file.starts_with(path)),
            "{error}"
        );
        assert_eq!(fs::read(&file).unwrap(), b"mine");
        assert_eq!(place.names(), before);
        uninstall_after(&place, || ()).unwrap();
        assert!(place.names().is_empty(), "{:?}", place.names());
    }
}

#[test]
fn a_file_added_to_a_confirmed_directory_is_removed_with_it() {
    let place = installed(&NEW);
    let mine = place.prefix.join("mine");
    fs::create_dir(&mine).unwrap();
    fs::write(mine.join("early"), "").unwrap();
    uninstall_after(&place, || fs::write(mine.join("late"), "").unwrap()).unwrap();
    assert!(place.names().is_empty());
}

#[test]
fn environments_that_a_killed_command_left_elsewhere_are_named_and_are_not_new_when_they_return() {
    for elsewhere in [".previous", ".staging"] {
        let place = upgraded();
        let directory = place.beside(elsewhere);
        fs::create_dir_all(directory.join(".demo.staging")).unwrap();
        common::make_environment(&directory, "mine");
        let plan = plan_uninstall(&place.prefix, &NEW).unwrap();
        assert_eq!(plan.named_environments, [directory.join("envs/mine")]);
        uninstall_after(&place, || ()).unwrap();
        assert!(place.names().is_empty(), "{:?}", place.names());
    }
}

#[test]
fn a_prefix_torn_by_a_power_cut_is_removed() {
    let place = installed(&NEW);
    fs::write(place.prefix.join(".demo.json"), [0; 40]).unwrap();
    uninstall(&place).unwrap();
    assert!(place.names().is_empty());
}

#[test]
fn a_foreign_path_is_refused_and_stays() {
    let place = place();
    fs::create_dir(&place.prefix).unwrap();
    fs::write(place.prefix.join("thesis.tex"), "x").unwrap();
    let error = uninstall(&place).unwrap_err();
    assert_eq!(error.kind(), cs_prefix::Kind::Foreign);
    assert!(place.prefix.join("thesis.tex").is_file());
}

#[cfg(unix)]
#[test]
fn nothing_is_removed_through_a_link() {
    let place = installed(&NEW);
    let link = place.directory.path().join("link");
    symlink(&place.prefix, &link).unwrap();
    let with_slash = format!("{}/", link.display());
    for path in [link.as_path(), Path::new(&with_slash)] {
        let error = plan_uninstall(path, &NEW).unwrap_err();
        assert!(matches!(error, PrefixError::SymbolicLink { .. }), "{error}");
    }
    assert!(place.prefix.join(".demo.json").is_file());
}

#[cfg(unix)]
#[test]
fn links_in_the_prefix_are_removed_but_their_targets_are_not() {
    let place = installed(&NEW);
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("thesis.tex"), "x").unwrap();
    symlink(outside.path(), place.prefix.join("share")).unwrap();
    uninstall(&place).unwrap();
    assert!(outside.path().join("thesis.tex").is_file());
}

#[cfg(unix)]
#[test]
fn read_only_directories_and_very_deep_ones_are_removed() {
    let place = installed(&NEW);
    let locked = place.prefix.join("locked");
    fs::create_dir_all(locked.join("inner")).unwrap();
    fs::write(locked.join("inner/file"), "").unwrap();
    for path in [locked.join("inner"), locked] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o500)).unwrap();
    }
    let deep = place.prefix.join(vec!["d"; 300].join("/"));
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("file"), "").unwrap();
    uninstall(&place).unwrap();
    assert!(place.names().is_empty());
}

#[test]
fn a_prefix_with_the_working_directory_or_the_home_in_it_is_refused() {
    // Both belong to the process, so the check runs in one of its own.
    for (variable, message) in [
        ("cwd", "the working directory is in it"),
        ("home", "your home directory is in it"),
    ] {
        let place = installed(&NEW);
        let mut command = common::command(&place.prefix, "uninstall-new");
        match variable {
            "cwd" => command.current_dir(place.prefix.join("bin")),
            _ => command.env(common::HOME, place.prefix.join("bin")),
        };
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(message), "{text}");
        assert!(place.prefix.join(".demo.json").is_file());
    }
}

#[test]
fn a_root_directory_is_refused() {
    let error = plan_uninstall(Path::new("/"), &OLD).unwrap_err();
    assert!(matches!(error, PrefixError::Protected { .. }), "{error}");
}
