//! `verify`: whether a prefix is as it was installed.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::archive::Archive;
use crate::sandbox::{Sandbox, tool_packages};
use crate::stamp::Stamp;

#[cfg(unix)]
mod links;
#[cfg(unix)]
mod scripts;

fn installed() -> Sandbox {
    installed_from(tool_packages("1.0"))
}

fn installed_from(packages: Vec<Archive>) -> Sandbox {
    let sandbox = Sandbox::with(&Stamp::new(packages));
    sandbox.run(&["x"]).ok();
    sandbox
}

/// The report; whether it says that anything differs is its exit status.
#[track_caller]
fn report_of(sandbox: &Sandbox) -> Value {
    let run = sandbox.run(&["verify", "--json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let is_intact = report["problems"].as_array().unwrap().is_empty();
    assert_eq!(report["is_intact"], is_intact);
    let status = if is_intact { 0 } else { 65 };
    assert_eq!(run.status, Some(status), "{}", run.stderr);
    report
}

/// Package, path and problem of all that is reported.
#[track_caller]
fn problems(sandbox: &Sandbox) -> Vec<(Option<String>, String, String)> {
    let report = report_of(sandbox);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let problems = report["problems"].as_array().unwrap().iter();
    let described = problems.map(|one| {
        let path = text(&one["path"]).unwrap();
        (text(&one["package"]), path, text(&one["problem"]).unwrap())
    });
    described.collect()
}

fn problem(package: &str, path: &str, problem: &str) -> (Option<String>, String, String) {
    (
        Some(package.to_owned()),
        path.to_owned(),
        problem.to_owned(),
    )
}

fn added(path: &str) -> (Option<String>, String, String) {
    (None, path.to_owned(), "added".to_owned())
}

#[cfg(unix)]
fn put_link(path: &Path, target: &str) {
    let _ = fs::remove_file(path);
    std::os::unix::fs::symlink(target, path).unwrap();
}

fn change(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from:?} is not in {text}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn a_fresh_prefix_is_as_it_was_installed() {
    let sandbox = installed();
    let before = sandbox.tree();
    let run = sandbox.run(&["verify"]).ok();
    assert!(
        run.stdout.starts_with("demo 1.0 at ")
            && run.stdout.contains(" is as it was installed: ")
            && run.stdout.lines().count() == 1,
        "{}",
        run.stdout
    );
    assert_eq!(run.stderr, "");
    assert_eq!(sandbox.run(&["-q", "verify"]).ok().stdout, "");
    let report = report_of(&sandbox);
    assert_eq!(report["package_count"], 2);
    assert_eq!(report["problems"], json!([]));
    assert_eq!(report["installed"]["stamp"], report["stamp"]);
    assert_eq!(sandbox.tree(), before);
}

#[test]
fn what_differs_is_named_with_its_package_until_it_is_repaired() {
    let sandbox = installed();
    let prefix = sandbox.prefix();
    fs::write(prefix.join("share/extra.txt"), "extra").unwrap();
    fs::write(prefix.join("share/tool/data.txt"), "DATA\n").unwrap();
    fs::write(prefix.join("share/mine.txt"), "mine").unwrap();
    fs::create_dir(prefix.join("own")).unwrap();
    fs::write(prefix.join("own/file"), "mine").unwrap();
    assert_eq!(
        problems(&sandbox),
        [
            problem("extra-2-0", "share/extra.txt", "changed"),
            problem("tool-1.0-0", "share/tool/data.txt", "changed"),
            added("own/"),
            added("share/mine.txt"),
        ]
    );
    let run = sandbox.run(&["verify"]);
    assert_eq!(
        run.stdout.lines().take(3).collect::<Vec<_>>(),
        [
            "extra-2-0: 1 changed (share/extra.txt)",
            "tool-1.0-0: 1 changed (share/tool/data.txt)",
            "not from a package: 2 added (own/, share/mine.txt)",
        ]
    );
    let message = run.fails_with(65);
    assert!(
        message.contains(" is not as it was installed (4 paths). "),
        "{message}"
    );
    assert!(
        message.ends_with("Install it again with `demo bootstrap --force`.\n"),
        "{message}"
    );
    let quiet = sandbox.run(&["-q", "verify"]);
    assert_eq!(quiet.stdout, "");
    quiet.fails_with(65);
    let details = sandbox.run(&["-v", "verify"]).stdout;
    assert!(
        details.contains("\n  changed     share/extra.txt: 5 bytes instead of 6 bytes\n"),
        "{details}"
    );
    sandbox.run(&["bootstrap", "--force"]).ok();
    assert_eq!(problems(&sandbox), []);
}

#[test]
fn the_repair_is_that_of_the_prefix_that_the_command_named() {
    let sandbox = installed();
    let elsewhere = sandbox.prefix().with_file_name("else where");
    let named = elsewhere.to_str().unwrap();
    sandbox.run(&["--path", named, "bootstrap"]).ok();
    fs::write(elsewhere.join("share/extra.txt"), "extra").unwrap();
    let message = sandbox.run(&["--path", named, "verify"]).fails_with(65);
    let (_, advice) = message.split_once('`').unwrap();
    let quote = if cfg!(windows) { '"' } else { '\'' };
    assert_eq!(
        advice,
        format!("demo --path {quote}{named}{quote} bootstrap --force`.\n")
    );
    sandbox.run(&["--path", named, "bootstrap", "--force"]).ok();
    sandbox.run(&["--path", named, "verify"]).ok();
}

#[test]
fn a_missing_file_and_a_missing_record_are_named() {
    let sandbox = installed();
    fs::remove_file(sandbox.prefix().join("share/extra.txt")).unwrap();
    fs::remove_file(sandbox.prefix().join("conda-meta/tool-1.0-0.json")).unwrap();
    let found = problems(&sandbox);
    assert!(found.contains(&problem("extra-2-0", "share/extra.txt", "missing")));
    let record = "conda-meta/tool-1.0-0.json";
    assert!(found.contains(&problem("tool-1.0-0", record, "missing")));
    // Nothing says any more whose it is.
    assert!(found.contains(&added("share/tool/")), "{found:?}");
}

#[test]
fn a_record_that_hides_a_changed_file_is_noticed() {
    let sandbox = installed();
    let (file, record) = ("share/extra.txt", "conda-meta/extra-2-0.json");
    let was = report_of(&sandbox);
    let digest = |text: &str| crate::archive::hex(&crate::archive::sha256(text.as_bytes()));
    fs::write(sandbox.prefix().join(file), "EXTRA\n").unwrap();
    change(
        &sandbox.prefix().join(record),
        &digest("extra\n"),
        &digest("EXTRA\n"),
    );
    assert_eq!(was["is_intact"], true);
    assert_eq!(problems(&sandbox), [problem("extra-2-0", record, "record")]);
}

#[test]
fn a_record_and_a_marker_that_contradict_the_plan_are_noticed() {
    let sandbox = installed();
    let record = "conda-meta/extra-2-0.json";
    change(
        &sandbox.prefix().join(record),
        "\"depends\": []",
        "\"depends\": [\"x\"]",
    );
    let report = report_of(&sandbox);
    let found = report["problems"][0]["found"].as_str().unwrap();
    assert_eq!(found, "its \"depends\" is not what the runtime's plan says");
    // Without its entry in the marker, the record would be nobody's.
    let marker = sandbox.prefix().join(".demo.json");
    let text: Value = serde_json::from_str(&fs::read_to_string(&marker).unwrap()).unwrap();
    let seal = &text["records"][record];
    change(&marker, &format!("\"{record}\":{seal},"), "");
    let found = problems(&sandbox);
    assert!(
        found.contains(&problem("extra-2-0", record, "missing")),
        "{found:?}"
    );
}

#[test]
fn environments_caches_settings_and_compiled_modules_are_not_additions() {
    let sandbox = installed();
    let write = |path: &str| {
        let path = sandbox.prefix().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    };
    for path in [
        "envs/mine/conda-meta/history",
        "envs/mine/bin/x",
        "pkgs/x/y",
        ".condarc",
        "conda-meta/pinned",
        "lib/python3.11/__pycache__/x.cpython-311.pyc",
        "share/tool/__pycache__/y.cpython-311.opt-1.pyc",
    ] {
        write(path);
    }
    assert_eq!(problems(&sandbox), []);
    assert_eq!(report_of(&sandbox)["skipped"], json!(["envs", "pkgs"]));
    let text = sandbox.run(&["verify"]).ok().stdout;
    assert!(text.ends_with("\nnot compared: envs, pkgs\n"), "{text}");
    // Python imports these without any source.
    for path in ["share/tool/z.pyc", "share/tool/__pycache__/z.py"] {
        write(path);
    }
    assert_eq!(
        problems(&sandbox),
        [added("share/tool/__pycache__/"), added("share/tool/z.pyc")]
    );
}

#[test]
fn packages_that_came_since_are_additions() {
    let sandbox = installed();
    fs::write(sandbox.prefix().join("conda-meta/mine-1-0.json"), "{}").unwrap();
    assert_eq!(problems(&sandbox), [added("conda-meta/mine-1-0.json")]);
}

#[test]
fn without_a_whole_prefix_there_is_nothing_to_compare() {
    let sandbox = Sandbox::new();
    let message = sandbox.run(&["verify"]).fails_with(65);
    assert!(message.contains("nothing is installed at "), "{message}");
    assert!(
        message.ends_with("Install it with `demo bootstrap`.\n"),
        "{message}"
    );
    sandbox.run(&["x"]).ok();
    fs::write(sandbox.prefix().join(".demo.json"), "").unwrap();
    let message = sandbox.run(&["verify"]).fails_with(65);
    assert!(
        message.contains("an incomplete installation is at "),
        "{message}"
    );
}

#[test]
fn the_prefix_of_another_build_is_compared_with_its_own_marker() {
    let sandbox = installed();
    Stamp::new(tool_packages("2.0"))
        .with("runtime_version", "2.0")
        .with("on_upgrade", "keep")
        .write(&sandbox.runtime);
    let run = sandbox.run(&["verify"]).ok();
    assert!(run.stdout.starts_with("demo 1.0 at "), "{}", run.stdout);
    let report = report_of(&sandbox);
    assert_eq!(
        (&report["version"], &report["installed"]["version"]),
        (&json!("2.0"), &json!("1.0"))
    );
    fs::write(sandbox.prefix().join("share/extra.txt"), "other\n").unwrap();
    assert_eq!(
        problems(&sandbox),
        [problem("extra-2-0", "share/extra.txt", "changed")]
    );
}

#[test]
fn behind_self_verify_is_the_runtimes_and_alone_the_delegates() {
    let stamp = Stamp::new(tool_packages("1.0")).with("commands", "self");
    let sandbox = Sandbox::with(&stamp);
    assert!(sandbox.run(&["verify"]).ok().stdout.contains("verify"));
    let text = sandbox.run(&["self", "verify"]).ok().stdout;
    assert!(text.contains(" is as it was installed: "), "{text}");
}
