//! What is not a regular file any more, or cannot be read.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::{added, change, installed_from, problem, problems, put_link, report_of};
use crate::archive::Package;
use crate::sandbox::{Sandbox, tool_packages};

fn with_links() -> Sandbox {
    let mut packages = tool_packages("1.0");
    let linked = Package::new("linked", "1")
        .file("lib/real.txt", "real\n")
        .link("lib/link.txt", "real.txt")
        .file("dir/sub/one", "1")
        .build();
    packages.push(linked);
    installed_from(packages)
}

fn put_pipe(path: &Path) {
    fs::remove_file(path).unwrap();
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}

#[test]
fn a_link_is_compared_by_where_it_leads() {
    let sandbox = with_links();
    assert_eq!(problems(&sandbox), []);
    put_link(&sandbox.prefix().join("lib/link.txt"), "/etc/passwd");
    let report = report_of(&sandbox);
    let only = &report["problems"][0];
    assert_eq!(only["path"], "lib/link.txt");
    assert_eq!(
        (&only["expected"], &only["found"]),
        (&json!("link to real.txt"), &json!("link to /etc/passwd"))
    );
}

#[test]
fn what_is_in_the_place_of_a_file_is_neither_followed_nor_waited_for() {
    let sandbox = with_links();
    let (lib, dir) = (sandbox.prefix().join("lib"), sandbox.prefix().join("dir"));
    // The same bytes, by way of a link to the file, and of one to a directory above it.
    fs::rename(lib.join("real.txt"), sandbox.path("elsewhere.txt")).unwrap();
    put_link(
        &lib.join("real.txt"),
        sandbox.path("elsewhere.txt").to_str().unwrap(),
    );
    fs::rename(dir.join("sub"), sandbox.path("sub")).unwrap();
    put_link(&dir.join("sub"), sandbox.path("sub").to_str().unwrap());
    put_pipe(&sandbox.prefix().join("share/extra.txt"));
    let found = problems(&sandbox);
    for path in ["lib/real.txt", "dir/sub/one"] {
        assert!(
            found.contains(&problem("linked-1-0", path, "changed")),
            "{found:?}"
        );
    }
    assert!(found.contains(&problem("extra-2-0", "share/extra.txt", "changed")));
    let report = report_of(&sandbox);
    let kinds = report["problems"].as_array().unwrap().iter();
    let kinds = kinds.filter(|one| one["found"] == "another kind of file");
    assert_eq!(kinds.count(), 3);
}

#[test]
fn a_record_beyond_the_limit_or_elsewhere_is_said_and_not_read() {
    let sandbox = with_links();
    let record = |name: &str| format!("conda-meta/{name}-0.json");
    let at = |name: &str| sandbox.prefix().join(record(name));
    // More than there is memory for.
    let hole = fs::File::create(at("extra-2")).unwrap();
    hole.set_len(1 << 40).unwrap();
    put_pipe(&at("linked-1"));
    fs::write(sandbox.path("outside.json"), "{").unwrap();
    let marker = sandbox.prefix().join(".demo.json");
    let outside = ["../outside.json", "/etc/passwd", "conda-meta/../x", ""];
    for path in outside {
        change(
            &marker,
            "\"records\":{",
            &format!("\"records\":{{\"{path}\":\"00\","),
        );
    }
    let report = report_of(&sandbox);
    let found: Vec<_> = report["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
            (text("path"), text("problem"), text("found"))
        })
        .collect();
    let has = |path: &str, problem: &str, why: &str| {
        found
            .iter()
            .any(|one| one.0 == path && one.1 == problem && one.2.contains(why))
    };
    assert!(
        has(&record("extra-2"), "unreadable", "it is longer than "),
        "{found:?}"
    );
    assert!(
        has(&record("linked-1"), "changed", "another kind of file"),
        "{found:?}"
    );
    for path in outside {
        assert!(has(path, "record", ""), "{path:?}: {found:?}");
    }
}

#[test]
fn what_cannot_be_read_is_said_and_does_not_end_the_comparison() {
    let sandbox = with_links();
    let file = sandbox.prefix().join("share/extra.txt");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&file).is_err() {
        let message = sandbox.run(&["verify"]).fails_with(65);
        assert!(message.contains("error: 1 path of "), "{message}");
        assert!(message.contains(" cannot be read. Run "), "{message}");
    }
    fs::write(sandbox.prefix().join("lib/real.txt"), "unreal\n").unwrap();
    let mut expected = vec![problem("linked-1-0", "lib/real.txt", "changed")];
    if fs::read(&file).is_err() {
        expected.insert(0, problem("extra-2-0", "share/extra.txt", "unreadable"));
    }
    assert_eq!(problems(&sandbox), expected);
}

/// Python writes files there, and reads through links.
#[test]
fn a_link_in_the_place_of_a_compiled_module_is_an_addition() {
    let sandbox = with_links();
    let cache = sandbox.prefix().join("lib/__pycache__");
    fs::create_dir(&cache).unwrap();
    fs::write(cache.join("real.cpython-312.pyc"), "compiled").unwrap();
    assert_eq!(problems(&sandbox), []);
    put_link(&cache.join("x.cpython-312.pyc"), "/tmp/evil.pyc");
    assert_eq!(problems(&sandbox), [added("lib/__pycache__/")]);
}

#[test]
fn a_path_that_cannot_be_one_is_not_shown_in_full() {
    let sandbox = with_links();
    let path = sandbox.prefix().join("conda-meta/extra-2-0.json");
    let mut record: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let long = "\u{e9}".repeat(1 << 20);
    let row = json!({"_path": long, "path_type": "hardlink"});
    let paths = record["paths_data"]["paths"].as_array_mut().unwrap();
    paths.push(row);
    fs::write(&path, serde_json::to_vec(&record).unwrap()).unwrap();
    let run = sandbox.run(&["-v", "verify"]);
    assert_eq!(run.status, Some(65), "{}", run.stderr);
    assert!(
        run.stdout
            .contains("\u{e9}...: it lists a path that is too long")
    );
    assert!(run.stdout.len() < 2000);
}
