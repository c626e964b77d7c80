//! What is left when a rename fails in the middle, or a file cannot be deleted: tests only.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;

use crate::fallbacks::{LIMIT, NEVER, Place, owner, upgraded, without};
use crate::marker::{Form, Marker};
use crate::names::Names;
use crate::sys::pretend::{AT_EACH_MOVE, FAILING_MOVE, UNDELETABLE};
use crate::sys::{self, Attempt};
use crate::{News, PrefixError, Remains, find_changes, plan_uninstall, rollback};

/// What a file system can do: lock directories, exchange them.
const FILE_SYSTEMS: [(bool, bool); 4] =
    [(true, true), (true, false), (false, true), (false, false)];
/// More than any command renames.
const MANY: u32 = 40;

/// A prefix of version 2, version 1 as the previous one, a named environment, and a file system of that kind.
fn prepare((locks, exchange): (bool, bool)) -> Place {
    FAILING_MOVE.set(0);
    without(!locks, !exchange);
    upgraded()
}

fn names_of(place: &Place) -> Names {
    Names::new(&place.prefix, &owner("2")).unwrap()
}

/// Both prefixes' versions, markers, and what they have been changed in.
fn describe(place: &Place) -> Vec<(String, Option<Marker>, bool)> {
    let names = names_of(place);
    let describe = |directory: &PathBuf| {
        let version = fs::read_to_string(directory.join("version")).unwrap();
        let marker = Marker::read_ours(directory, &owner("2")).unwrap();
        let changes = marker
            .as_ref()
            .map(|marker| find_changes(directory, marker));
        (version, marker, changes.unwrap().unwrap().is_empty())
    };
    [&names.prefix, &names.previous].map(describe).into()
}

fn roll_back(place: &Place) -> Result<crate::RolledBack, PrefixError> {
    rollback(&place.prefix, &owner("2"), LIMIT, &mut |_| {}, &NEVER)
}

/// A settled marker says that there is nothing to look for.
fn assert_settled_means_clean(place: &Place) {
    let names = names_of(place);
    if place.prefix.exists() && Form::of(&names.marker_in(&names.prefix)).unwrap() == Form::Settled
    {
        assert!(!names.staging.exists(), "{:?}", place.names());
        assert!(place.prefix.join("envs/mine").is_dir());
    }
}

#[test]
fn a_rollback_that_fails_leaves_everything_as_it_was() {
    for kind in FILE_SYSTEMS {
        let is_done = (1..MANY).any(|number| {
            let place = prepare(kind);
            fs::write(place.prefix.join(".condarc"), "offline: true\n").unwrap();
            let settings = names_of(&place).previous.join(".condarc");
            let before = describe(&place);
            FAILING_MOVE.set(number);
            if roll_back(&place).is_ok() {
                return FAILING_MOVE.replace(0) > 0;
            }
            assert_eq!(describe(&place), before, "{kind:?} {number}");
            assert!(!settings.exists(), "{kind:?} {number}");
            assert!(place.prefix.join("envs/mine").is_dir(), "{kind:?} {number}");
            assert_settled_means_clean(&place);
            roll_back(&place).unwrap();
            assert_eq!(place.version(), "1");
            assert!(place.prefix.join("envs/mine").is_dir());
            false
        });
        assert!(is_done);
    }
}

#[test]
fn nobody_else_gets_the_claim_while_prefixes_are_exchanged() {
    for kind in [(true, true), (true, false)] {
        let place = prepare(kind);
        let staging = names_of(&place).staging;
        let attempts: Rc<RefCell<Vec<bool>>> = Rc::default();
        let seen = Rc::clone(&attempts);
        AT_EACH_MOVE.set(Box::new(move || {
            if staging.exists() {
                let attempt = sys::try_lock(&staging).unwrap();
                seen.borrow_mut().push(matches!(attempt, Attempt::Held));
            }
        }));
        roll_back(&place).unwrap();
        AT_EACH_MOVE.set(Box::new(|| ()));
        assert!(!attempts.borrow().is_empty(), "{kind:?}");
        assert!(attempts.borrow().iter().all(|held| *held), "{kind:?}");
    }
}

#[test]
fn a_rollback_to_where_no_whole_prefix_is_leaves_the_previous_one_when_it_fails() {
    for kind in FILE_SYSTEMS {
        let is_done = (1..MANY).any(|number| {
            let place = prepare(kind);
            fs::write(place.prefix.join(".demo.json"), "").unwrap();
            fs::create_dir(place.prefix.join("conda-meta")).unwrap();
            FAILING_MOVE.set(number);
            if roll_back(&place).is_ok() {
                return FAILING_MOVE.replace(0) > 0;
            }
            assert!(place.prefix.join("envs/mine").is_dir(), "{kind:?} {number}");
            let original = Marker::read_ours(&names_of(&place).previous, &owner("1")).unwrap();
            assert_eq!(original.unwrap().declined, Vec::<String>::new());
            roll_back(&place).unwrap();
            assert_eq!(place.version(), "1");
            assert!(place.prefix.join("envs/mine").is_dir());
            false
        });
        assert!(is_done);
    }
}

#[test]
fn an_upgrade_an_exchange_and_a_forced_bootstrap_that_fail_leave_a_prefix_and_its_environments() {
    for kind in FILE_SYSTEMS {
        for (version, force) in [("3", false), ("1", false), ("2", true), ("3", true)] {
            let is_done = (1..MANY).any(|number| {
                let place = prepare(kind);
                let previous = names_of(&place).previous;
                // Settings move along with an exchange, and only with one that is done.
                let is_exchange = version == "1";
                if is_exchange {
                    fs::write(place.prefix.join(".condarc"), "offline: true\n").unwrap();
                }
                FAILING_MOVE.set(number);
                let result = place.try_install(version, force, &mut |_| {});
                let is_through = FAILING_MOVE.replace(0) > 0;
                let case = format!("{kind:?} {version} {force} {number}");
                if is_exchange && result.is_err() {
                    assert!(!previous.join(".condarc").exists(), "{case}");
                }
                if place.prefix.exists() {
                    let expected = if result.is_ok() { version } else { "2" };
                    assert_eq!(place.version(), expected, "{case}");
                    assert!(place.prefix.join("envs/mine").is_dir(), "{case}");
                    assert_settled_means_clean(&place);
                } else {
                    // Emptied in place, because it could not be exchanged.
                    assert!(!kind.1 && force && result.is_err(), "{case}");
                }
                place.install(version, false);
                assert!(place.prefix.join("envs/mine").is_dir(), "{case}");
                let mut names = place.names();
                // The previous prefix, when it is its own rename that fails.
                names.retain(|name| name != ".demo.removed");
                assert_eq!(names, [".demo.previous", "demo"], "{case}");
                is_through
            });
            assert!(is_done);
        }
    }
}

#[test]
fn nothing_is_built_for_a_prefix_that_its_programs_hold_in_place() {
    for number in [1, 2] {
        let place = prepare((false, false));
        let before = describe(&place);
        FAILING_MOVE.set(number);
        let build = |_: &crate::Staging| -> Result<crate::Details, std::io::Error> {
            panic!("it was built")
        };
        let (policy, new) = (crate::Policy::default(), owner("3"));
        let result = crate::install(&place.prefix, &new, &policy, &mut |_| {}, &NEVER, build);
        assert!(matches!(result, Err(crate::InstallError::Prefix(_))));
        assert_eq!(describe(&place), before);
        assert_eq!(place.names(), [".demo.previous", "demo"]);
        place.install("3", false);
        assert_eq!(place.version(), "3");
    }
}

#[test]
fn a_prefix_that_a_killed_process_was_renaming_gets_its_name_back() {
    for kind in FILE_SYSTEMS {
        // Without a lock, a prefix that is whole is used before anybody knows that the process is gone.
        for &has_previous in &[true, false][..if kind.0 { 2 } else { 1 }] {
            let place = prepare(kind);
            let names = names_of(&place);
            fs::create_dir_all(&names.scratch).unwrap();
            // The only one, or the second of three renames was the last that was done.
            let (lost, kept) = (&names.prefix, &names.previous);
            fs::rename(lost, names.between()).unwrap();
            if !has_previous {
                fs::rename(kept, lost).unwrap();
            }
            place.install(if has_previous { "2" } else { "1" }, false);
            let found: Vec<String> = describe(&place)
                .into_iter()
                .map(|(version, ..)| version)
                .collect();
            assert_eq!(found, if has_previous { ["2", "1"] } else { ["1", "2"] });
            assert_eq!(place.names(), [".demo.previous", "demo"]);
        }
    }
}

/// Run a command while files called `stuck` cannot be deleted; returns what it reports.
fn while_stuck(command: impl FnOnce(&mut dyn FnMut(&News))) -> Vec<Remains> {
    let mut told = Vec::new();
    UNDELETABLE.set("stuck");
    command(&mut |news| {
        if let News::Remains(remains) = news {
            told.push((*remains).clone());
        }
    });
    UNDELETABLE.set("");
    told
}

#[test]
fn undeletable_files_are_moved_aside_reported_once_and_deleted_later() {
    for kind in FILE_SYSTEMS {
        let place = prepare(kind);
        // Compiled files are not the user's: the prefix is not kept for their sake.
        fs::create_dir_all(place.prefix.join("lib/__pycache__")).unwrap();
        fs::write(place.prefix.join("lib/__pycache__/stuck"), "x").unwrap();
        let told = while_stuck(|tell| {
            place.try_install("2", true, tell).unwrap();
        });
        let removed = place.directory.path().join(".demo.removed");
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].place, removed);
        assert!(told[0].file.is_file() && told[0].file.ends_with("lib/__pycache__/stuck"));
        assert_eq!(place.names(), [".demo.previous", ".demo.removed", "demo"]);
        assert_settled_means_clean(&place);
        let told = while_stuck(|tell| {
            place.try_install("3", false, tell).unwrap();
        });
        assert_eq!(told, []);
        assert_eq!(place.version(), "3");
        place.install("1", false);
        assert_eq!(place.names(), [".demo.previous", "demo"]);
    }
}

#[test]
fn an_uninstall_removes_all_else() {
    for kind in FILE_SYSTEMS {
        let place = prepare(kind);
        fs::write(place.prefix.join("stuck"), "x").unwrap();
        let uninstall = || {
            let plan = plan_uninstall(&place.prefix, &owner("2")).unwrap();
            plan.execute(&owner("2"), LIMIT, &mut |_| {}, &NEVER)
                .unwrap()
        };
        UNDELETABLE.set("stuck");
        let removed = uninstall();
        assert_eq!(removed.directories.len(), 2);
        assert_eq!(removed.remains.len(), 1);
        assert_eq!(place.names(), [".demo.removed"]);
        // All that is left is worth an uninstall of its own.
        assert_eq!(uninstall().remains, removed.remains);
        UNDELETABLE.set("");
        assert_eq!(uninstall().remains, []);
        assert!(place.names().is_empty());
    }
}

#[test]
fn a_directory_that_does_not_say_that_it_is_ours_is_left_alone() {
    let place = prepare(FILE_SYSTEMS[0]);
    let foreign = place.directory.path().join(".demo.removed");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("thesis.tex"), "x").unwrap();
    fs::create_dir(place.prefix.join("__pycache__")).unwrap();
    fs::write(place.prefix.join("__pycache__/stuck"), "x").unwrap();
    let told = while_stuck(|tell| {
        place.try_install("2", true, tell).unwrap();
    });
    assert!(told[0].place.ends_with(".demo.removed-2"));
    place.install("3", false);
    assert_eq!(place.names(), [".demo.previous", ".demo.removed", "demo"]);
    assert_eq!(fs::read_to_string(foreign.join("thesis.tex")).unwrap(), "x");
}
