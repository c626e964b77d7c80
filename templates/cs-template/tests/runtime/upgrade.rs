//! A newer runtime meets an older prefix.

use std::fs;

use crate::sandbox::{Sandbox, tool_packages};
use crate::stamp::Stamp;

fn version_2() -> Stamp {
    Stamp::new(tool_packages("2.0")).with("runtime_version", "2.0")
}

fn upgraded() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    version_2().write(&sandbox.runtime);
    sandbox
}

#[test]
fn a_newer_runtime_replaces_the_prefix_and_keeps_the_one_before() {
    let sandbox = upgraded();
    let run = sandbox.run(&["version"]).ok();
    assert_eq!(run.stdout, "tool 2.0\n");
    assert!(
        run.stderr
            .contains("`demo rollback` puts back the one before"),
        "{}",
        run.stderr
    );
    assert!(sandbox.path(".conda/.demo.previous/.demo.json").is_file());
}

#[test]
fn a_rollback_puts_the_older_prefix_back_and_is_respected() {
    let sandbox = upgraded();
    sandbox.run(&["version"]).ok();
    let text = sandbox.run(&["rollback"]).ok().stdout;
    assert!(text.starts_with("demo 1.0 is back at "), "{text}");
    let run = sandbox.run(&["version"]).ok();
    assert_eq!(run.stdout, "tool 1.0\n");
    assert!(
        run.stderr
            .contains("using demo 1.0 as installed instead of 2.0: it was rolled back to"),
        "{}",
        run.stderr
    );
    assert_eq!(sandbox.run(&["-q", "version"]).ok().stderr, "");
    sandbox.run(&["rollback"]).ok();
    assert_eq!(sandbox.run(&["version"]).ok().stdout, "tool 2.0\n");
}

#[test]
fn a_rollback_without_an_upgrade_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    let message = sandbox.run(&["rollback"]).fails_with(64);
    assert!(message.contains("no earlier prefix"), "{message}");
}

#[test]
fn a_prefix_that_its_user_has_changed_stays_until_forced() {
    let sandbox = upgraded();
    fs::write(sandbox.prefix().join("conda-meta/mine-1-0.json"), "{}").unwrap();
    let run = sandbox.run(&["version"]).ok();
    assert_eq!(run.stdout, "tool 1.0\n");
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    assert!(
        run.stderr
            .contains("(mine-1-0 added); `demo bootstrap --force` replaces it"),
        "{}",
        run.stderr
    );
    sandbox.run(&["bootstrap", "--force"]).ok();
    assert_eq!(sandbox.run(&["version"]).ok().stdout, "tool 2.0\n");
}

#[test]
fn a_runtime_made_to_keep_prefixes_keeps_them() {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    version_2()
        .with("on_upgrade", "keep")
        .write(&sandbox.runtime);
    let run = sandbox.run(&["version"]).ok();
    assert_eq!(run.stdout, "tool 1.0\n");
    assert!(
        run.stderr.contains("it keeps installed versions"),
        "{}",
        run.stderr
    );
}

#[test]
fn named_environments_survive_an_upgrade() {
    let sandbox = upgraded();
    let environment = sandbox.prefix().join("envs/mine");
    fs::create_dir_all(environment.join("conda-meta")).unwrap();
    fs::write(environment.join("conda-meta/history"), "").unwrap();
    sandbox.run(&["version"]).ok();
    assert!(environment.join("conda-meta/history").is_file());
}

#[test]
fn uninstall_removes_what_an_upgrade_has_kept() {
    let sandbox = upgraded();
    sandbox.run(&["version"]).ok();
    let text = sandbox.run(&["uninstall", "-y"]).ok().stdout;
    assert!(
        text.contains(".demo.previous (kept by the last upgrade)\n"),
        "{text}"
    );
    assert_eq!(sandbox.tree(), Vec::<String>::new());
}
