//! Full disks, missing permissions, other users. These need root: to mount a small file
//! system, and to become somebody else.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::common::{self, Mounted, NEW, OLD, install_as, install_by, installed, prefix_error};
use cs_prefix::{InstallError, Policy, PrefixError};

const NOBODY: u32 = 65534;

/// Let another user reach the prefix, and read but not write it.
fn share(directory: &Path) {
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Run this test program as nobody, from a copy that no user can read.
fn run_as_nobody(prefix: &Path, action: &str) -> String {
    let copy = tempfile::tempdir().unwrap();
    share(copy.path());
    let program = copy.path().join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    // It may have been compiled with a umask that keeps it from others.
    share(&program);
    let mut command = Command::new(&program);
    command
        .args([
            "--exact",
            "common::child_process",
            "--ignored",
            "--nocapture",
        ])
        .uid(NOBODY)
        .gid(NOBODY)
        .current_dir("/");
    command
        .env("CS_PREFIX_CHILD", action)
        .env("CS_PREFIX_PATH", prefix)
        .env("HOME", "/nonexistent");
    let output = command.output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
#[ignore = "needs root"]
fn a_user_without_write_permission_runs_a_shared_prefix() {
    let place = installed(&OLD);
    share(place.directory.path());
    let before = place.names();
    let text = run_as_nobody(&place.prefix, "run-old");
    assert!(text.contains("RESULT ready 0"), "{text}");
    assert_eq!(place.names(), before);
}

#[test]
#[ignore = "needs root"]
fn a_user_without_write_permission_keeps_the_prefix_of_an_older_stamp() {
    let place = installed(&OLD);
    share(place.directory.path());
    let text = run_as_nobody(&place.prefix, "run-new");
    assert!(text.contains("RESULT ready 0"), "{text}");
    assert_eq!(common::version_of(&place.prefix), "1.0");
}

#[test]
#[ignore = "needs root"]
fn a_user_without_write_permission_learns_which_directory_it_is() {
    let place = common::upgraded();
    share(place.directory.path());
    let missing = place.directory.path().join("sub/demo");
    let cases = [
        (&missing, "run-new"),
        (&place.prefix, "force-new"),
        (&place.prefix, "rollback-new"),
        (&place.prefix, "uninstall-new"),
    ];
    for (prefix, action) in cases {
        let text = run_as_nobody(prefix, action);
        let expected = format!(
            "no permission to write to {}",
            place.directory.path().display()
        );
        assert!(text.contains(&expected), "{action}: {text}");
    }
    assert_eq!(place.names(), [".demo.previous", "demo"]);
}

#[test]
#[ignore = "needs root"]
fn a_prefix_that_may_not_even_be_read_is_named() {
    let place = common::upgraded();
    share(place.directory.path());
    fs::set_permissions(&place.prefix, fs::Permissions::from_mode(0o700)).unwrap();
    let text = run_as_nobody(&place.prefix, "run-new");
    let expected = format!("no permission to read {}", place.prefix.display());
    assert!(text.contains(&expected), "{text}");
}

#[test]
#[ignore = "needs root"]
fn a_user_without_write_permission_waits_for_the_builder() {
    let place = common::place();
    share(place.directory.path());
    let builder = common::spawn(&place.prefix, "run-old");
    // The builder holds its claim before it writes anything.
    while !place.beside(".staging").join("share").exists() {
        std::thread::yield_now();
    }
    let text = run_as_nobody(&place.prefix, "run-old");
    assert_eq!(common::result_of(builder), "built");
    assert!(text.contains("RESULT ready"), "{text}");
    assert_eq!(place.names(), ["demo"]);
}

fn mounted(options: &str) -> (tempfile::TempDir, Mounted) {
    let directory = tempfile::tempdir().unwrap();
    let mounted = Mounted::tmpfs(&directory.path().join("disk"), options);
    (directory, mounted)
}

#[test]
#[ignore = "needs root"]
fn a_disk_that_fills_up_during_the_build_is_left_empty() {
    let (_directory, disk) = mounted("size=256k");
    let prefix = disk.0.join("a/demo");
    let outcome = install_as(&prefix, &OLD, |staging| {
        fs::write(staging.root.join("big"), vec![1_u8; 1 << 20]).map(|()| Default::default())
    });
    assert!(matches!(outcome, Err(InstallError::Build(_))));
    assert!(common::list(&disk.0).is_empty());
}

#[test]
#[ignore = "needs root"]
fn a_disk_that_is_full_when_the_marker_is_written_is_left_empty() {
    let (_directory, disk) = mounted("size=256k");
    let prefix = disk.0.join("demo");
    let outcome = install_as(&prefix, &OLD, |staging| {
        let details = common::build("1.0")(staging);
        let _ = fs::write(staging.root.join("big"), vec![1_u8; 1 << 20]);
        details
    });
    let error = prefix_error(outcome.unwrap_err());
    assert_eq!(error.kind(), cs_prefix::Kind::DiskFull, "{error}");
    assert!(
        common::list(&disk.0).is_empty(),
        "{:?}",
        common::list(&disk.0)
    );
}

#[test]
#[ignore = "needs root"]
fn a_disk_without_inodes_is_left_empty() {
    let (_directory, disk) = mounted("nr_inodes=12");
    let prefix = disk.0.join("a/demo");
    let outcome = common_run(&prefix);
    assert!(outcome.is_err());
    assert!(
        common::list(&disk.0).is_empty(),
        "{:?}",
        common::list(&disk.0)
    );
}

/// As `common::build`, with errors instead of panics.
fn common_run(prefix: &Path) -> Result<cs_prefix::Outcome, InstallError<std::io::Error>> {
    install_as(prefix, &OLD, |staging| {
        for index in 0..30 {
            fs::write(staging.root.join(index.to_string()), "")?;
        }
        Ok(Default::default())
    })
}

#[test]
#[ignore = "needs root"]
fn a_file_system_smaller_than_the_prefix_is_refused_before_anything_is_written() {
    let (_directory, disk) = mounted("size=256k");
    let policy = Policy {
        required_bytes: Some(1 << 20),
        ..Policy::default()
    };
    let outcome = install_by(&disk.0.join("demo"), &OLD, &policy, common::no_build);
    let error = prefix_error(outcome.unwrap_err());
    assert!(
        error
            .to_string()
            .contains("1.0 MB needed, only 0.3 MB free"),
        "{error}"
    );
    assert!(common::list(&disk.0).is_empty());
}

#[test]
#[ignore = "needs root"]
fn a_mount_point_is_refused_before_the_build() {
    let (_directory, disk) = mounted("size=256k");
    let outcome = install_as(&disk.0, &OLD, common::no_build);
    let error = prefix_error(outcome.unwrap_err());
    assert!(matches!(error, PrefixError::MountPoint { .. }), "{error}");
}

#[test]
#[ignore = "needs root"]
fn a_prefix_with_environments_on_a_file_system_of_their_own_is_kept() {
    let place = installed(&OLD);
    let _disk = Mounted::tmpfs(&place.prefix.join("envs"), "size=64k");
    let outcome = install_as(&place.prefix, &NEW, common::no_build).unwrap();
    assert!(matches!(
        outcome,
        cs_prefix::Outcome::Kept {
            reason: cs_prefix::KeepReason::MountPoint { path },
            ..
        } if path == place.prefix.join("envs")
    ));
}

#[test]
#[ignore = "needs root"]
fn another_users_finished_staging_directory_is_never_put_in_place() {
    let place = installed(&OLD);
    fs::rename(&place.prefix, place.beside(".staging")).unwrap();
    fs::write(place.beside(".staging").join("bin/tool"), "evil").unwrap();
    std::os::unix::fs::chown(place.beside(".staging"), Some(NOBODY), Some(NOBODY)).unwrap();
    let error = prefix_error(common::run(&place, &OLD, &Policy::default()).unwrap_err());
    assert!(matches!(error, PrefixError::Untrusted { .. }), "{error}");
    assert_eq!(place.names(), [".demo.staging"]);
}

#[test]
#[ignore = "needs root"]
fn a_prefix_on_a_read_only_file_system_runs_and_cannot_be_replaced() {
    let (_directory, disk) = mounted("size=1m");
    let prefix = disk.0.join("demo");
    install_as(&prefix, &OLD, common::build("1.0")).unwrap();
    let remount = Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(&disk.0)
        .status()
        .unwrap();
    assert!(remount.success());
    for owner in [OLD, NEW] {
        install_as(&prefix, &owner, common::no_build).unwrap();
    }
    let error =
        prefix_error(install_by(&prefix, &OLD, &common::forced(), common::no_build).unwrap_err());
    assert_eq!(error.kind(), cs_prefix::Kind::CannotWrite, "{error}");
}

#[test]
#[ignore = "needs root"]
fn a_link_to_a_directory_of_another_user_is_not_followed_when_things_are_removed() {
    let place = installed(&OLD);
    let outside = tempfile::tempdir().unwrap();
    fs::set_permissions(outside.path(), fs::Permissions::from_mode(0o500)).unwrap();
    symlink(outside.path(), place.prefix.join("envs")).unwrap();
    common::run(&place, &NEW, &Policy::default()).unwrap();
    assert!(outside.path().is_dir());
    assert_eq!(
        fs::metadata(outside.path()).unwrap().permissions().mode() & 0o777,
        0o500
    );
}
