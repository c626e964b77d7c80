//! A newer runtime meets an older prefix.

use std::fs;

use crate::archive::Package;
use crate::sandbox::{Sandbox, run, tool_packages};
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
    let lines: Vec<&str> = run.stderr.lines().collect();
    let [work, end] = lines[..] else {
        panic!("{}", run.stderr);
    };
    assert!(
        work.starts_with("demo: upgrading 1.0 -> 2.0: 2 packages ("),
        "{work}"
    );
    assert!(end.starts_with("demo: upgraded in "), "{end}");
    assert!(end.ends_with("; undo with `demo rollback`"), "{end}");
    assert!(sandbox.path(".conda/.demo.previous/.demo.json").is_file());
}

#[test]
fn a_rollback_puts_the_older_prefix_back_and_is_respected() {
    let sandbox = upgraded();
    sandbox.run(&["version"]).ok();
    let text = sandbox.run(&["rollback"]).ok().stdout;
    assert!(text.starts_with("rolled back to demo 1.0 at "), "{text}");
    assert!(
        text.ends_with("; `demo rollback` again returns to 2.0\n"),
        "{text}"
    );
    assert_eq!(sandbox.run(&["-q", "version"]).ok().stderr, "");
    let run = sandbox.run(&["version"]).ok();
    assert_eq!(run.stdout, "tool 1.0\n");
    assert_eq!(
        run.stderr,
        "demo: keeping demo 1.0 (rolled back from 2.0); upgrade with `demo bootstrap --force`\n"
    );
    assert_eq!(sandbox.run(&["version"]).ok().stderr, "");
    let detailed = sandbox.run(&["-v", "version"]).ok().stderr;
    assert!(
        detailed.starts_with("demo: keeping demo 1.0 "),
        "{detailed}"
    );
    sandbox.run(&["rollback"]).ok();
    assert_eq!(sandbox.run(&["version"]).ok().stdout, "tool 2.0\n");
}

#[test]
fn a_rollback_without_an_upgrade_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    let message = sandbox.run(&["rollback"]).fails_with(64);
    assert!(message.contains("no previous prefix"), "{message}");
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
        run.stderr.contains("automatic upgrades are off"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_note_is_not_repeated_until_there_is_something_new_to_say() {
    let sandbox = upgraded();
    for name in ["mine", "yours"] {
        fs::write(
            sandbox.prefix().join(format!("conda-meta/{name}-1-0.json")),
            "{}",
        )
        .unwrap();
        let first = sandbox.run(&["version"]).ok().stderr;
        assert!(first.contains(&format!("{name}-1-0 added")), "{first}");
        assert_eq!(sandbox.run(&["version"]).ok().stderr, "");
    }
    // A question is answered each time.
    let asked = sandbox.run(&["bootstrap"]).ok().stderr;
    assert!(asked.contains("you have changed it"), "{asked}");
    let events = run(sandbox.command(&["version"]).env("DEMO_PROGRESS", "json"));
    assert!(events.ok().stderr.contains("you have changed it"));
    let status = sandbox.run(&["status"]).ok().stdout;
    assert!(!status.contains("files without a package"), "{status}");
}

#[test]
fn status_says_what_an_upgrade_would_do() {
    let sandbox = upgraded();
    let text = sandbox.run(&["status"]).ok().stdout;
    for expected in [
        "state       other build: demo 1.0; the next run upgrades 1.0 to 2.0\n",
        "upgrade     to demo 2.0: changes tool 1.0 -> 2.0\n",
        "on disk     ",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
    let json = sandbox.run(&["status", "--json"]).ok().stdout;
    let status: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(status["state"], "other-build");
    assert_eq!(status["upgrade"]["is_next"], true);
    assert_eq!(status["upgrade"]["changed"][0]["name"], "tool");
    assert_eq!(sandbox.run(&["version"]).ok().stdout, "tool 2.0\n");
    sandbox.run(&["rollback"]).ok();
    let text = sandbox.run(&["status"]).ok().stdout;
    let expected = "demo 1.0; kept: you rolled back to it; upgrade with `demo bootstrap --force`\n";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn an_older_runtime_says_that_it_downgrades() {
    let sandbox = Sandbox::with(&version_2());
    sandbox.run(&["x"]).ok();
    Stamp::new(tool_packages("1.0")).write(&sandbox.runtime);
    let text = sandbox.run(&["version"]).ok().stderr;
    assert!(text.contains("downgrading 2.0 -> 1.0: "), "{text}");
    assert!(text.contains("demo: downgraded in "), "{text}");
    // The previous prefix is this one's.
    version_2().write(&sandbox.runtime);
    let text = sandbox.run(&["version"]).ok().stderr;
    assert!(text.starts_with("demo: upgraded 1.0 -> 2.0 in "), "{text}");
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
fn uninstall_removes_the_prefix_that_an_upgrade_kept() {
    let sandbox = upgraded();
    sandbox.run(&["version"]).ok();
    let text = sandbox.run(&["uninstall", "-y"]).ok().stdout;
    assert!(
        text.contains(".demo.previous (kept by the last upgrade)\n"),
        "{text}"
    );
    assert_eq!(sandbox.tree(), Vec::<String>::new());
}

/// What a user does in a prefix: a plugin by conda, with its record, its request and its distribution, and one by pip.
fn add_packages(sandbox: &Sandbox, spec: &str) {
    let prefix = sandbox.prefix();
    let site_packages = "lib/python3.11/site-packages";
    for name in ["plugin-1.0", "by_pip-2.0"] {
        fs::create_dir_all(prefix.join(format!("{site_packages}/{name}.dist-info"))).unwrap();
    }
    let record = format!(r#"{{"files": ["{site_packages}/plugin-1.0.dist-info/METADATA"]}}"#);
    fs::write(prefix.join("conda-meta/plugin-1.0-0.json"), record).unwrap();
    let path = prefix.join("conda-meta/history");
    let history = fs::read_to_string(&path).unwrap();
    let revision = format!("==> 2026-02-02 00:00:00 <==\n# update specs: [\"{spec}\"]\n");
    fs::write(path, history + &revision).unwrap();
}

#[cfg(unix)]
#[test]
fn the_users_packages_are_listed_once_with_commands_that_add_them_again() {
    let sandbox = upgraded();
    add_packages(&sandbox, "plugin >=1");
    let prefix = sandbox.spell(&sandbox.prefix());
    let add_again = format!(
        "`conda install --prefix {prefix} 'plugin >=1'` and \
         `{prefix}/bin/python -m pip install by_pip==2.0` adds "
    );
    let run = sandbox.run(&["version"]).ok();
    assert_eq!(run.stdout, "tool 1.0\n");
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    assert!(
        run.stderr.contains("(plugin-1.0-0, by_pip-2.0 added)"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains(&add_again), "{}", run.stderr);
    let status = sandbox.run(&["status"]).ok().stdout;
    assert!(
        status.contains("2 added, 0 removed; requested: plugin >=1"),
        "{status}"
    );

    let forced = sandbox.run(&["bootstrap", "--force"]).ok().stderr;
    let lines: Vec<&str> = forced.lines().collect();
    assert!(
        lines[0].contains(
            "replacing demo 1.0, which you have changed since it was installed (plugin-1.0-0, by_pip-2.0 added)"
        ),
        "{forced}"
    );
    assert!(lines.last().unwrap().contains(&add_again), "{forced}");
    assert_eq!(sandbox.run(&["version"]).ok().stdout, "tool 2.0\n");
    sandbox.run(&["rollback"]).ok();
    assert!(
        sandbox
            .prefix()
            .join("conda-meta/plugin-1.0-0.json")
            .is_file()
    );
}

#[test]
fn a_forced_repair_of_the_same_build_also_lists_what_is_removed() {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    add_packages(&sandbox, "plugin");
    let forced = sandbox.run(&["bootstrap", "--force"]).ok().stderr;
    assert!(
        forced.contains("replacing demo 1.0, which you have changed since"),
        "{forced}"
    );
    let quiet = sandbox.run(&["-q", "bootstrap", "--force"]).ok();
    assert_eq!(quiet.stderr, "");
    let again = sandbox.run(&["bootstrap", "--force"]).ok().stderr;
    assert!(!again.contains("changed since it was installed"), "{again}");
}

/// A runtime whose delegate is conda, with these packages besides.
#[cfg(unix)]
fn conda_with(more: &[&str], is_frozen: bool) -> Sandbox {
    let conda = Package::new("conda", "26.7").script("bin/conda", "#!/bin/sh\necho conda\n");
    let mut archives = vec![conda.build()];
    for name in more {
        archives.push(Package::new(name, "1").file("share/x", *name).build());
    }
    let stamp = Stamp::new(archives).with("delegate", "conda");
    let sandbox = Sandbox::with(&stamp.with("freeze_base", is_frozen));
    sandbox.run(&["x"]).ok();
    sandbox
}

#[cfg(unix)]
#[test]
fn the_command_that_adds_again_is_one_that_the_prefix_accepts() {
    for (more, is_frozen, command) in [
        (vec![], false, "`demo install plugin`"),
        (vec!["conda-self"], false, "`demo install plugin`"),
        (vec!["conda-self"], true, "`demo self install plugin`"),
        (vec![], true, "`demo install --override-frozen plugin`"),
    ] {
        let sandbox = conda_with(&more, is_frozen);
        add_packages(&sandbox, "plugin");
        let forced = sandbox.run(&["bootstrap", "--force"]).ok().stderr;
        assert!(forced.contains(command), "{forced}");
    }
}

#[test]
fn an_upgrade_that_cannot_be_prepared_goes_on_with_the_prefix_that_is_there() {
    let sandbox = upgraded();
    let mut stamp = version_2();
    // Only the network has it, which is switched off.
    stamp.left_out.push(Package::new("missing", "1").build());
    stamp.write(&sandbox.runtime);
    let before = sandbox.tree();
    let offline = |words: &[&str]| run(sandbox.command(words).env("DEMO_OFFLINE", "1"));
    for _ in 0..2 {
        let run = offline(&["version"]).ok();
        assert_eq!(run.stdout, "tool 1.0\n");
        let kept = "using the installed demo 1.0 instead of 2.0: the upgrade failed (";
        assert!(
            run.stderr.lines().last().unwrap().contains(kept),
            "{}",
            run.stderr
        );
    }
    assert_eq!(offline(&["-q", "version"]).ok().stderr, "");
    let message = offline(&["bootstrap"]).fails_with(66);
    assert!(!message.contains("as installed"), "{message}");
    assert_eq!(sandbox.tree(), before);
}
