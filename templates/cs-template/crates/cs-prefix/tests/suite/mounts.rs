//! What is mounted in a prefix, or next to it, is neither moved nor removed; each command
//! says so before it changes anything. These need root, to mount something.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::common::{
    self, Mounted, NEVER, NEW, OLD, Place, install_as, install_by, prefix_error, upgraded,
};
use cs_prefix::{
    InstallError, KeepReason, Outcome, Owner, Policy, PrefixError, plan_uninstall, rollback,
};

const NEWEST: Owner = Owner {
    stamp_hex: "00000000000000000000000000000000000000000000000000000000000000cc",
    runtime_version: "3.0",
    ..OLD
};
const LIMIT: Duration = Duration::from_secs(5);

/// Where something can be mounted, below the directory that holds the prefix.
const PLACES: [&str; 8] = [
    "demo/data",
    "demo/envs",
    "demo/envs/mine/lib",
    "demo/pkgs",
    "demo/lib/with blank\n and \\line/deep",
    ".demo.previous/data",
    ".demo.previous/envs",
    ".demo.staging/.demo.staging/data",
];

#[derive(Clone, Copy, Debug)]
enum Kind {
    Directory,
    File,
    FileSystem,
}

/// An upgraded prefix with something of the user's mounted in it.
fn with_mount(kind: Kind, at: &str) -> (Place, tempfile::TempDir, Mounted) {
    let place = upgraded();
    common::make_environment(&place.prefix, "mine");
    let precious = tempfile::tempdir_in(place.directory.path().parent().unwrap()).unwrap();
    fs::write(precious.path().join("thesis.tex"), "x").unwrap();
    let mount = place.directory.path().join(at);
    // So that a sweep would have something to remove first, whatever its order.
    let beside = mount.parent().unwrap();
    fs::create_dir_all(beside).unwrap();
    fs::write(beside.join("before"), "").unwrap();
    let mounted = match kind {
        Kind::Directory => Mounted::bind(precious.path(), &mount),
        Kind::File => Mounted::bind(&precious.path().join("thesis.tex"), &mount),
        Kind::FileSystem => {
            let mounted = Mounted::tmpfs(&mount, "size=64k");
            fs::create_dir(mounted.0.join("inner")).unwrap();
            fs::write(mounted.0.join("inner/thesis.tex"), "x").unwrap();
            mounted
        }
    };
    fs::write(beside.join("later"), "").unwrap();
    (place, precious, mounted)
}

/// Every path, what it is, and when it was changed.
fn describe(directory: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut left = vec![directory.to_path_buf()];
    while let Some(path) = left.pop() {
        let metadata = path.symlink_metadata().unwrap();
        let content = if metadata.is_file() {
            fs::read(&path).unwrap()
        } else {
            Vec::new()
        };
        if metadata.is_dir() {
            left.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
        let (seconds, nanoseconds) = (metadata.ctime(), metadata.ctime_nsec());
        let what = format!("{} {seconds}.{nanoseconds} {content:?}", metadata.ino());
        found.push((path, what));
    }
    found.sort();
    found
}

fn try_install(place: &Place, owner: &Owner, policy: &Policy) -> Result<Outcome, PrefixError> {
    let build = common::no_build;
    let result = install_by(&place.prefix, owner, policy, build);
    result.map_err(|error: InstallError<String>| prefix_error(error))
}

/// Each command that moves or removes something, with how it is refused.
fn refusals(place: &Place) -> Vec<(&'static str, PrefixError)> {
    let forced = common::forced();
    vec![
        (
            "uninstall",
            plan_uninstall(&place.prefix, &NEW).map(drop).unwrap_err(),
        ),
        (
            "rollback",
            rollback(&place.prefix, &NEW, LIMIT, &mut |_| {}, &NEVER).unwrap_err(),
        ),
        ("repair", try_install(place, &NEW, &forced).unwrap_err()),
        ("force", try_install(place, &NEWEST, &forced).unwrap_err()),
    ]
}

#[test]
#[ignore = "needs root"]
fn every_command_refuses_every_mount_and_changes_nothing() {
    for (at, kind) in PLACES
        .iter()
        .flat_map(|at| [Kind::Directory, Kind::File, Kind::FileSystem].map(|kind| (at, kind)))
    {
        if matches!(
            (*at, kind),
            ("demo/envs" | ".demo.previous/envs", Kind::File)
        ) {
            continue; // A directory is there.
        }
        let (place, precious, mounted) = with_mount(kind, at);
        let before = (describe(place.directory.path()), describe(precious.path()));
        for (command, error) in refusals(&place) {
            let PrefixError::MountPoint { path } = error else {
                panic!("{command} {kind:?}: {error}")
            };
            assert_eq!(path, mounted.0, "{command}");
        }
        // A newer version goes on with what is there, and the one in place runs.
        let kept = try_install(&place, &NEWEST, &Policy::default()).unwrap();
        let Outcome::Kept { reason, .. } = kept else {
            panic!("{kept:?}")
        };
        let path = mounted.0.clone();
        assert_eq!(reason, KeepReason::MountPoint { path });
        let ready = try_install(&place, &NEW, &Policy::default()).unwrap();
        assert!(matches!(ready, Outcome::AlreadyComplete { .. }));
        let after = (describe(place.directory.path()), describe(precious.path()));
        assert!(before == after, "{at} {kind:?}");
    }
}

#[test]
#[ignore = "needs root"]
fn a_torn_or_missing_prefix_is_not_built_over_a_mount() {
    for (at, tear) in [("demo/data", true), (".demo.previous/envs/mine", false)] {
        let (place, _precious, mounted) = with_mount(Kind::Directory, at);
        if tear {
            fs::write(place.prefix.join(".demo.json"), [0; 40]).unwrap()
        } else {
            fs::rename(&place.prefix, place.directory.path().join("away")).unwrap()
        }
        let before = describe(place.directory.path());
        let error = try_install(&place, &NEW, &Policy::default()).unwrap_err();
        assert!(matches!(&error, PrefixError::MountPoint { path } if *path == mounted.0));
        assert!(before == describe(place.directory.path()));
    }
}

#[test]
#[ignore = "needs root"]
fn a_mount_during_a_build_stops_it_and_stays() {
    for at in ["demo/data", ".demo.previous/data", ".demo.staging/data"] {
        let place = upgraded();
        let disk = place.directory.path().join(at);
        let mut mounted = None;
        let outcome = install_as(&place.prefix, &NEWEST, |staging| {
            mounted = Some(Mounted::tmpfs(&disk, "size=64k"));
            fs::write(disk.join("thesis.tex"), "x").unwrap();
            common::build("3.0")(staging)
        });
        let mounted = mounted.unwrap();
        let error = prefix_error(outcome.unwrap_err());
        assert!(matches!(error, PrefixError::MountPoint { .. }), "{error}");
        assert_eq!(fs::read_to_string(disk.join("thesis.tex")).unwrap(), "x");
        assert_eq!(common::version_of(&place.prefix), "2.0");
        // Unmounted, nothing stands in the way any more.
        drop(mounted);
        common::run(&place, &NEWEST, &Policy::default()).unwrap();
        assert_eq!(common::version_of(&place.prefix), "3.0");
        assert_eq!(place.names(), [".demo.previous", "demo"]);
    }
}

#[test]
#[ignore = "needs root"]
fn an_empty_directory_where_something_is_mounted_needs_no_uninstall() {
    let place = common::place();
    let _mounted = Mounted::tmpfs(&place.prefix, "size=64k");
    assert!(plan_uninstall(&place.prefix, &NEW).unwrap().is_empty());
}

#[test]
#[ignore = "needs root"]
fn a_prefix_on_a_file_system_of_its_own_parent_is_like_any_other() {
    let mut place = common::place();
    place.prefix = place.directory.path().join("volume/demo");
    let _mounted = Mounted::tmpfs(place.prefix.parent().unwrap(), "size=4m");
    for owner in [&OLD, &NEW, &NEWEST] {
        common::run(&place, owner, &Policy::default()).unwrap();
    }
    rollback(&place.prefix, &NEWEST, LIMIT, &mut |_| {}, &NEVER).unwrap();
    let plan = plan_uninstall(&place.prefix, &NEW).unwrap();
    plan.execute(&NEW, LIMIT, &mut |_| {}, &NEVER).unwrap();
    assert!(common::list(place.prefix.parent().unwrap()).is_empty());
}
