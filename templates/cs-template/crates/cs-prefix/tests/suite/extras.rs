//! Files that users put into a prefix without a package: noticed, named, and never removed unnamed.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::common::{
    self, LIB, NEW, OLD, Place, SITE_PACKAGES, forced, install_as, installed, run, upgraded,
};
use cs_prefix::{
    Details, KeepReason, Outcome, Owner, Policy, find_changes, find_previous, inspect,
    plan_uninstall,
};

const NEWEST: Owner = Owner {
    stamp_hex: "00000000000000000000000000000000000000000000000000000000000000cc",
    runtime_version: "3.0",
    ..OLD
};

fn write(prefix: &Path, path: &str) {
    let path = prefix.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "mine").unwrap();
}

fn files(prefix: &Path) -> Vec<String> {
    let state = inspect(prefix, &OLD).unwrap();
    find_changes(prefix, state.marker().unwrap()).unwrap().files
}

fn previous_files(place: &Place) -> Vec<String> {
    let (_, _, changes) = find_previous(&place.prefix, &OLD).unwrap().unwrap();
    changes.files
}

#[test]
fn files_left_by_the_build_are_not_changes() {
    assert_eq!(files(&installed(&OLD).prefix), [""; 0]);
}

#[cfg(unix)]
#[test]
fn new_files_count_by_their_topmost_directory() {
    let place = installed(&OLD);
    for path in [
        "lib/R/library/foo/R/foo.rdb",
        "lib/R/library/bar/DESCRIPTION",
        "lib/python3.11/site-packages/mine.py",
        "bin/mine",
        "data.db",
    ] {
        write(&place.prefix, path);
    }
    symlink("/etc/passwd", place.prefix.join("bin/link")).unwrap();
    symlink("/", place.prefix.join("root")).unwrap();
    assert_eq!(
        files(&place.prefix),
        [
            "bin/link",
            "bin/mine",
            "data.db",
            "lib/R/",
            "lib/python3.11/site-packages/mine.py",
            "root"
        ]
    );
}

#[test]
fn files_that_move_along_or_that_programs_create_by_running_do_not_count() {
    let place = installed(&OLD);
    for path in [
        "envs/mine/bin/python",
        "pkgs/x.conda",
        "conda-meta/history",
        "conda-meta/pinned",
        "condarc.d/mine.yml",
        ".mambarc",
        ".demo.json.new",
        ".nonadmin",
        &format!("{SITE_PACKAGES}/__pycache__/tool.cpython-311.pyc"),
        &format!("{SITE_PACKAGES}/new/__pycache__/numba.nbi"),
        &format!("{LIB}/old.pyc"),
        "var/cache/fontconfig/x",
        "var/log/server.log",
        ".cache/x",
        "tmp/x",
    ] {
        write(&place.prefix, path);
    }
    fs::create_dir_all(place.prefix.join("empty/inner")).unwrap();
    assert_eq!(files(&place.prefix), [""; 0]);
}

#[test]
fn names_that_are_spared_at_the_top_count_elsewhere() {
    let place = installed(&OLD);
    for path in [
        "share/envs/x",
        "share/pkgs",
        "share/tmp/x",
        &format!("{LIB}/.condarc"),
    ] {
        write(&place.prefix, path);
    }
    let expected = [format!("{LIB}/.condarc"), "share/".to_owned()];
    assert_eq!(files(&place.prefix), expected);
}

#[test]
fn packages_added_by_conda_and_pip_have_their_names() {
    let place = installed(&OLD);
    write(&place.prefix, "share/new/a.txt");
    write(&place.prefix, "bin/new");
    let record = serde_json::json!({ "files": ["share/new/a.txt", "bin/new"] });
    let path = place.prefix.join("conda-meta/new-1-0.json");
    fs::write(path, record.to_string()).unwrap();
    let site_packages = SITE_PACKAGES;
    for path in ["rich/a.py", "rich-13.0.dist-info/METADATA"] {
        write(&place.prefix, &format!("{site_packages}/{path}"));
    }
    write(&place.prefix, "bin/rich");
    let up = "../".repeat(SITE_PACKAGES.split('/').count());
    let record = format!("rich/a.py,sha256=x,1\n{up}bin/rich,,\n{up}../../escape,,\n");
    fs::write(
        place
            .prefix
            .join(format!("{site_packages}/rich-13.0.dist-info/RECORD")),
        record,
    )
    .unwrap();
    assert_eq!(files(&place.prefix), [""; 0]);
    write(&place.prefix, &format!("{site_packages}/rich/mine.py"));
    assert_eq!(
        files(&place.prefix),
        [format!("{site_packages}/rich/mine.py")]
    );
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_looked_into_counts() {
    let place = installed(&OLD);
    let closed = place.prefix.join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let is_closed = fs::read_dir(&closed).is_err();
    let found = files(&place.prefix);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(found.len(), usize::from(is_closed), "{found:?}");
}

#[test]
fn the_marker_lists_all_files_that_link_scripts_created() {
    for count in [1, 2000] {
        let place = common::place();
        let outcome = install_as(&place.prefix, &OLD, |staging| {
            common::fill(staging.root, "1.0");
            for number in 0..count {
                write(staging.root, &format!("share/made/{number}"));
            }
            Ok::<_, String>(Details::default())
        });
        assert!(outcome.is_ok());
        assert_eq!(files(&place.prefix), [""; 0]);
        write(&place.prefix, "share/mine");
        assert_eq!(files(&place.prefix), ["share/mine"]);
        // Where the directory is listed as a whole, what comes into it later looks the same.
        write(&place.prefix, "share/made/mine");
        assert_eq!(files(&place.prefix).len(), if count == 1 { 2 } else { 1 });
    }
}

#[test]
fn a_newer_version_keeps_the_prefix_and_force_keeps_it_as_the_previous_one() {
    for owner in [OLD, NEW] {
        let place = installed(&OLD);
        write(&place.prefix, &format!("{LIB}/R/library/foo/x"));
        if owner == NEW {
            let kept = run(&place, &owner, &Policy::default()).unwrap();
            let Outcome::Kept {
                reason: KeepReason::Changed(changes),
                ..
            } = kept
            else {
                panic!("{kept:?}")
            };
            assert_eq!(changes.files, [format!("{LIB}/R/")]);
        }
        run(&place, &owner, &forced()).unwrap();
        assert_eq!(files(&place.prefix), [""; 0]);
        assert_eq!(previous_files(&place), [format!("{LIB}/R/")]);
    }
}

#[test]
fn an_upgrade_that_would_remove_a_previous_prefix_with_such_files_keeps() {
    let place = upgraded();
    write(&place.beside(".previous"), "thesis.tex");
    let kept = run(&place, &NEWEST, &Policy::default()).unwrap();
    let Outcome::Kept {
        marker,
        reason: KeepReason::PreviousHolds { files, .. },
    } = kept
    else {
        panic!("{kept:?}")
    };
    assert_eq!(
        (marker.runtime_version.as_str(), files),
        ("2.0", vec!["thesis.tex".to_owned()])
    );
    // Going back to it loses nothing.
    let back = run(&place, &OLD, &Policy::default()).unwrap();
    assert!(matches!(back, Outcome::Replaced { .. }));
    assert!(place.prefix.join("thesis.tex").is_file());
}

#[test]
fn a_marker_that_lists_nothing_is_compared_by_packages() {
    let place = installed(&OLD);
    let path = place.prefix.join(".demo.json");
    let mut marker: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    marker.as_object_mut().unwrap().remove("unrecorded");
    fs::write(&path, marker.to_string()).unwrap();
    write(&place.prefix, "mine");
    assert_eq!(files(&place.prefix), [""; 0]);
}

#[test]
fn an_uninstall_names_them_first() {
    let place = upgraded();
    write(&place.prefix, "mine");
    write(&place.beside(".previous"), "share/old/mine");
    let plan = plan_uninstall(&place.prefix, &NEW).unwrap();
    assert_eq!(
        plan.files,
        [
            place.prefix.join("mine"),
            place.beside(".previous").join("share/")
        ]
    );
}
