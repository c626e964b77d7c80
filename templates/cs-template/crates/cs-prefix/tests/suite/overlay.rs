//! A prefix that comes from the image of a container: overlayfs does not rename directories of lower layers.
//!
//! The law: whatever commands follow each other, they leave the same tree as on a file system that renames everything.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::common::{
    self, NEVER, NEW, OLD, Place, forced, install_by, is_whole, result_of, run, spawn, version_of,
};
use cs_prefix::{Owner, Policy};
use tempfile::TempDir;

/// An overlay over a directory that others have filled.
struct Container {
    directory: TempDir,
}

impl Container {
    fn lower(&self) -> PathBuf {
        self.directory.path().join("lower")
    }

    fn merged(&self) -> PathBuf {
        self.directory.path().join("merged")
    }

    /// Where the prefix is, as seen in the container.
    fn prefix(&self) -> PathBuf {
        self.merged().join("demo")
    }

    fn start(fill_image: impl FnOnce(&Path)) -> Self {
        let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let container = Self {
            directory: directory.unwrap(),
        };
        for name in ["lower", "upper", "work", "merged"] {
            fs::create_dir(container.directory.path().join(name)).unwrap();
        }
        fill_image(&container.lower());
        let path = container.directory.path().display();
        let options = format!(
            "lowerdir={path}/lower,upperdir={path}/upper,workdir={path}/work,redirect_dir=off"
        );
        let mut mount = Command::new("mount");
        mount.args(["-t", "overlay", "overlay", "-o", &options]);
        let status = mount.arg(container.merged()).status();
        assert!(status.unwrap().success(), "an overlay can be mounted");
        let refused = fs::rename(container.prefix(), container.merged().join("moved"));
        assert_eq!(
            refused.unwrap_err().kind(),
            std::io::ErrorKind::CrossesDevices,
            "the test shows nothing"
        );
        container
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .args(["-l".as_ref(), self.merged().as_os_str()])
            .stderr(std::process::Stdio::null())
            .status();
    }
}

fn install(prefix: &Path, owner: &Owner, policy: &Policy) {
    let version = owner.runtime_version;
    install_by(prefix, owner, policy, common::build(version)).unwrap();
}

/// One of the commands, by the runtime of `owner`; whether it succeeds is part of what is compared.
fn perform(verb: &str, owner: &Owner, prefix: &Path) -> String {
    let limit = Duration::from_secs(5);
    match verb {
        "run" => install(prefix, owner, &Policy::default()),
        "force" => install(prefix, owner, &forced()),
        "rollback" => {
            let result = cs_prefix::rollback(prefix, owner, limit, &mut |_| {}, &NEVER);
            return result.map_or_else(
                |error| format!("{:?}", error.kind()),
                |done| done.now.runtime_version,
            );
        }
        _ => {
            let plan = cs_prefix::plan_uninstall(prefix, owner).unwrap();
            let removed = plan.execute(owner, limit, &mut |_| {}, &NEVER).unwrap();
            return removed.directories.len().to_string();
        }
    }
    String::new()
}

/// All that a user may have in a prefix: environments, a package cache that shares files with them, settings.
fn add_things(prefix: &Path) {
    let environment = prefix.join("envs/mine");
    fs::create_dir_all(environment.join("conda-meta")).unwrap();
    fs::create_dir_all(environment.join("deep/er")).unwrap();
    fs::create_dir_all(prefix.join("pkgs/tool-1.0-0")).unwrap();
    fs::write(prefix.join("pkgs/tool-1.0-0/file"), "shared").unwrap();
    fs::hard_link(
        prefix.join("pkgs/tool-1.0-0/file"),
        environment.join("deep/er/file"),
    )
    .unwrap();
    symlink("deep/er/file", environment.join("link")).unwrap();
    symlink("nowhere", environment.join("dangling")).unwrap();
    fs::write(environment.join("script"), "run").unwrap();
    fs::set_permissions(
        environment.join("script"),
        PermissionsExt::from_mode(0o4751),
    )
    .unwrap();
    std::os::unix::fs::chown(environment.join("conda-meta"), Some(12345), Some(54321)).unwrap();
    fs::set_permissions(environment.join("deep"), PermissionsExt::from_mode(0o2750)).unwrap();
    fs::write(prefix.join(".condarc"), "channels: [mine]\n").unwrap();
}

/// Every path below `root`: what it is, whose, with which mode and contents.
fn describe(root: &Path) -> BTreeMap<String, String> {
    fn visit(root: &Path, path: &Path, found: &mut BTreeMap<String, String>) {
        let metadata = path.symlink_metadata().unwrap();
        let contents = if metadata.is_symlink() {
            fs::read_link(path).unwrap().display().to_string()
        } else if metadata.is_file() {
            fs::read_to_string(path).unwrap()
        } else {
            String::new()
        };
        let name = path.strip_prefix(root).unwrap().display().to_string();
        let (mode, uid, gid) = (metadata.mode(), metadata.uid(), metadata.gid());
        found.insert(name, format!("{mode:o} {uid}:{gid} {contents}"));
        if metadata.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                visit(root, &entry.unwrap().path(), found);
            }
        }
    }
    let mut found = BTreeMap::new();
    visit(root, root, &mut found);
    found
}

type Step = (&'static str, Owner<'static>);

fn start_installed(root: &Path) {
    install(&root.join("demo"), &OLD, &Policy::default());
    add_things(&root.join("demo"));
}

fn start_upgraded(root: &Path) {
    start_installed(root);
    install(&root.join("demo"), &NEW, &Policy::default());
}

fn start_torn(root: &Path) {
    start_upgraded(root);
    fs::write(root.join("demo/.demo.json"), "").unwrap();
}

fn start_without_prefix(root: &Path) {
    start_upgraded(root);
    fs::remove_dir_all(root.join("demo")).unwrap();
    fs::create_dir(root.join("demo")).unwrap();
}

const STEPS: [Step; 6] = [
    ("run", OLD),
    ("run", NEW),
    ("force", OLD),
    ("force", NEW),
    ("rollback", NEW),
    ("uninstall", NEW),
];

/// Hold every sequence of two commands against the same one where directories can be renamed.
fn compare_every_sequence(start: fn(&Path)) {
    for first in &STEPS {
        for second in &STEPS {
            let container = Container::start(start);
            let plain = common::place();
            start(plain.directory.path());
            for (verb, owner) in [first, second] {
                let answers =
                    [&container.prefix(), &plain.prefix].map(|prefix| perform(verb, owner, prefix));
                let case = format!("{first:?}, {second:?}, at {verb}");
                assert_eq!(answers[0], answers[1], "{case}");
                let trees = [container.merged().as_path(), plain.directory.path()].map(describe);
                let [mut merged, mut expected] = trees;
                // The directory that holds it all is the test's own.
                merged.remove("");
                expected.remove("");
                assert_eq!(merged, expected, "{case}");
            }
        }
    }
}

#[test]
#[ignore = "needs root"]
fn commands_treat_an_installed_prefix_as_on_other_file_systems() {
    compare_every_sequence(start_installed);
}

#[test]
#[ignore = "needs root"]
fn commands_treat_an_upgraded_prefix_as_on_other_file_systems() {
    compare_every_sequence(start_upgraded);
}

#[test]
#[ignore = "needs root"]
fn commands_treat_a_torn_prefix_as_on_other_file_systems() {
    compare_every_sequence(start_torn);
}

#[test]
#[ignore = "needs root"]
fn commands_treat_an_empty_prefix_as_on_other_file_systems() {
    compare_every_sequence(start_without_prefix);
}

#[test]
#[ignore = "needs root"]
fn copies_keep_times_and_hard_links() {
    let container = Container::start(start_installed);
    let prefix = container.prefix();
    let file = prefix.join("envs/mine/deep/er/file");
    let before = file.metadata().unwrap();
    install(&prefix, &NEW, &Policy::default());
    let after = file.metadata().unwrap();
    assert_eq!(before.modified().unwrap(), after.modified().unwrap());
    assert_eq!(after.nlink(), before.nlink());
    assert_eq!(
        after.ino(),
        prefix
            .join("pkgs/tool-1.0-0/file")
            .metadata()
            .unwrap()
            .ino()
    );
}

#[test]
#[ignore = "needs root"]
fn an_image_is_not_changed() {
    let container = Container::start(start_upgraded);
    let before = describe(&container.lower());
    for (verb, owner) in [("rollback", NEW), ("force", NEW), ("uninstall", NEW)] {
        perform(verb, &owner, &container.prefix());
    }
    assert!(fs::read_dir(container.merged()).unwrap().next().is_none());
    assert_eq!(describe(&container.lower()), before);
}

#[test]
#[ignore = "needs root"]
fn a_copy_that_does_not_fit_is_refused_before_it_starts() {
    let container = Container::start(|root| {
        start_installed(root);
        let file = fs::File::create(root.join("demo/large")).unwrap();
        file.set_len(1 << 50).unwrap();
    });
    let place = Place {
        prefix: container.prefix(),
        directory: common::place().directory,
    };
    let error = common::prefix_error(run(&place, &NEW, &common::forced()).unwrap_err());
    assert_eq!(error.kind(), cs_prefix::Kind::NoSpace, "{error}");
    assert_eq!(version_of(&container.prefix()), "1.0");
    assert_eq!(common::list(&container.merged()), ["demo"]);
}

/// Kill `action` after each of many delays, let `repair` follow, and look at what is there.
fn kill_often(start: fn(&Path), action: &str, repair: &str, check: impl Fn(&Path, &str)) {
    for index in 0..20_u64 {
        let container = Container::start(start);
        let mut child = spawn(&container.prefix(), action);
        std::thread::sleep(Duration::from_micros(2000 + index * 6000));
        child.kill().unwrap();
        child.wait().unwrap();
        let result = result_of(spawn(&container.prefix(), repair));
        check(
            &container.merged(),
            &format!("{action}, kill {index}: {result}"),
        );
    }
}

#[test]
#[ignore = "needs root"]
fn an_upgrade_killed_at_any_instant_is_finished_by_the_next_run() {
    kill_often(start_installed, "run-new", "run-new", |root, case| {
        assert!(is_whole(&root.join("demo")), "{case}");
        assert_eq!(version_of(&root.join("demo")), "2.0", "{case}");
        assert_eq!(version_of(&root.join(".demo.previous")), "1.0", "{case}");
        assert_eq!(common::list(root), [".demo.previous", "demo"], "{case}");
        assert_environment(root, case);
    });
}

#[test]
#[ignore = "needs root"]
fn a_rollback_killed_at_any_instant_leaves_both_prefixes() {
    kill_often(start_upgraded, "rollback-new", "run-new", |root, case| {
        assert_eq!(common::list(root), [".demo.previous", "demo"], "{case}");
        let versions = ["demo", ".demo.previous"].map(|name| version_of(&root.join(name)));
        assert!(
            versions == ["1.0", "2.0"] || versions == ["2.0", "1.0"],
            "{case}: {versions:?}"
        );
        assert_environment(root, case);
    });
}

#[test]
#[ignore = "needs root"]
fn a_repair_killed_at_any_instant_is_finished_by_the_next_run() {
    kill_often(start_torn, "force-new", "run-new", |root, case| {
        assert!(is_whole(&root.join("demo")), "{case}");
        assert_eq!(version_of(&root.join(".demo.previous")), "1.0", "{case}");
        assert_eq!(common::list(root), [".demo.previous", "demo"], "{case}");
        assert_environment(root, case);
    });
}

#[test]
#[ignore = "needs root"]
fn an_uninstall_killed_at_any_instant_is_finished_by_the_next() {
    kill_often(
        start_upgraded,
        "uninstall-new",
        "uninstall-new",
        |root, case| {
            assert!(
                common::list(root).is_empty(),
                "{case}: {:?}",
                common::list(root)
            );
        },
    );
}

fn assert_environment(root: &Path, case: &str) {
    let environment = root.join("demo/envs/mine");
    assert_eq!(common::list(&environment).len(), 5, "{case}");
    assert_eq!(
        fs::read_to_string(environment.join("link")).unwrap(),
        "shared",
        "{case}"
    );
    for name in [".demo.previous", ".demo.staging"] {
        assert!(!root.join(name).join("envs").exists(), "{case}");
    }
}

#[test]
#[ignore = "needs root"]
fn of_eight_upgrades_at_once_one_builds_and_all_find_a_whole_prefix() {
    let container = Container::start(start_installed);
    let children: Vec<_> = (0..8)
        .map(|_| spawn(&container.prefix(), "run-new"))
        .collect();
    let results: Vec<String> = children.into_iter().map(result_of).collect();
    let built = results.iter().filter(|result| *result == "built").count();
    assert_eq!(built, 1, "{results:?}");
    assert!(
        results
            .iter()
            .all(|result| result == "built" || result.starts_with("ready")),
        "{results:?}"
    );
    assert!(is_whole(&container.prefix()));
    assert_eq!(
        common::list(&container.merged()),
        [".demo.previous", "demo"]
    );
    assert_environment(&container.merged(), "eight at once");
}
