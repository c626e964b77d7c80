//! Modes and groups of what this crate makes itself; the packages' files are the build's.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{self, Place, place};

const UMASKS: [u32; 5] = [0o000, 0o002, 0o022, 0o027, 0o077];
const SET_GROUP_ID: u32 = 0o2000;

fn act_under(umask: u32, prefix: &Path, action: &str) {
    let result = run_under(umask, prefix, action);
    assert!(!result.starts_with("error"), "{result}");
}

/// Run `action` in a process with this umask; returns what came of it.
fn run_under(umask: u32, prefix: &Path, action: &str) -> String {
    let child = common::command(prefix, action);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("umask {umask:o}; exec \"$@\""), "sh"])
        .arg(child.get_program())
        .args(child.get_args())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (name, value) in child.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    common::result_of(shell.spawn().unwrap())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

/// What a first run, an upgrade, a repair and a rollback make under `root`, with the bits that directories inherit.
fn check_modes(place: &Place, umask: u32, inherited: u32) {
    let parent = place.directory.path().join("made");
    let prefix = parent.join("demo");
    for action in ["run-old", "run-new", "force-new", "rollback-new"] {
        act_under(umask, &prefix, action);
        for directory in [&parent, &prefix] {
            let expected = (0o775 & !umask) | inherited;
            assert_eq!(
                mode(directory),
                expected,
                "{umask:o} {}",
                directory.display()
            );
        }
        let marker = prefix.join(".demo.json");
        assert_eq!(mode(&marker), 0o664 & !umask, "{umask:o} {action}");
    }
}

#[test]
fn modes_follow_the_umask_and_never_let_everybody_write() {
    for umask in UMASKS {
        check_modes(&place(), umask, 0);
    }
}

#[test]
#[ignore = "needs root"]
fn a_set_group_id_parent_hands_down_its_group_and_the_bit() {
    for umask in UMASKS {
        let place = place();
        chown(place.directory.path(), None, Some(54321)).unwrap();
        let permissions = PermissionsExt::from_mode(0o2775);
        fs::set_permissions(place.directory.path(), permissions).unwrap();
        if umask & 0o020 == 0 {
            // Users of that group could exchange what root makes.
            let result = run_under(umask, &place.directory.path().join("made/demo"), "run-old");
            assert!(result.contains("a group other than root's"), "{result}");
            assert!(common::list(place.directory.path()).is_empty());
            continue;
        }
        check_modes(&place, umask, SET_GROUP_ID);
        for path in [
            "made",
            "made/demo",
            "made/demo/.demo.json",
            "made/.demo.previous",
        ] {
            let group = fs::metadata(place.directory.path().join(path))
                .unwrap()
                .gid();
            assert_eq!(group, 54321, "{path}");
        }
    }
}
