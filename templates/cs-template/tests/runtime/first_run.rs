//! The first run: bootstrap, then hand over.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::archive::Package;
use crate::sandbox::{Sandbox, run, tool_packages};
use crate::stamp::{Stamp, write_executable};

#[test]
fn a_first_run_installs_and_hands_over() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["one", "two words"]).ok();
    assert_eq!(run.stdout, "<one><two words>\n");
    let marker = fs::read_to_string(sandbox.prefix().join(".demo.json")).unwrap();
    assert!(
        marker.starts_with(r#"{"schema_version":1,"stamp":""#),
        "{marker}"
    );
    assert!(
        sandbox
            .prefix()
            .join("conda-meta/tool-1.0-0.json")
            .is_file()
    );
    assert!(sandbox.prefix().join("conda-meta/history").is_file());
}

#[test]
fn a_first_run_leaves_nothing_but_the_prefix() {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    let outside: Vec<String> = sandbox
        .tree()
        .into_iter()
        .filter(|path| !path.starts_with(".conda/demo"))
        .collect();
    assert_eq!(outside, [".conda"]);
    assert!(!sandbox.prefix().join(".demo.staging").exists());
}

#[test]
fn without_a_terminal_a_first_run_prints_two_lines() {
    let run = Sandbox::new().run(&["x"]).ok();
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].starts_with("demo: installing 2 packages ("),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with("demo: installed 2 packages in "),
        "{lines:?}"
    );
    assert!(!run.stderr.contains('\u{1b}'));
}

#[test]
fn a_quiet_first_run_says_nothing() {
    let sandbox = Sandbox::new();
    let first = sandbox.run(&["-q", "x"]).ok();
    assert_eq!(
        (first.stdout.as_str(), first.stderr.as_str()),
        ("<x>\n", "")
    );
    let sandbox = Sandbox::new();
    let first = run(sandbox.command(&["x"]).env("DEMO_QUIET", "1")).ok();
    assert_eq!(first.stderr, "");
}

#[test]
fn json_progress_is_one_event_a_line() {
    let sandbox = Sandbox::new();
    let first = run(sandbox.command(&["x"]).env("DEMO_PROGRESS", "json")).ok();
    let events: Vec<Value> = first
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events[0]["event"], "start");
    assert_eq!(events[0]["packages"], 2);
    let last = events.last().unwrap();
    assert_eq!(last["event"], "done");
    assert_eq!(last["outcome"], "installed");
    assert_eq!(last["prefix"], sandbox.prefix().to_str().unwrap());
}

#[test]
fn json_progress_reports_failures_too() {
    let sandbox = Sandbox::new();
    let failed = sandbox.run(&[
        "bootstrap",
        "--progress",
        "json",
        "--bundle",
        "/nowhere.tar.zst",
    ]);
    assert_eq!(failed.status, Some(66), "{failed:#?}");
    let last: Value = serde_json::from_str(failed.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["event"], &last["status"]),
        (&"error".into(), &66.into())
    );
}

#[test]
fn json_progress_reports_wrong_usage_too() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["bootstrap", "--fore"]);
    let failed = run(command.env("DEMO_PROGRESS", "json"));
    let event: Value = serde_json::from_str(failed.stderr.trim_end()).unwrap();
    assert_eq!(
        (&event["event"], &event["status"]),
        (&"error".into(), &64.into())
    );
}

#[test]
fn a_form_of_progress_that_is_none_stops_whoever_could_show_it() {
    let sandbox = Sandbox::new();
    let run_odd = |word| run(sandbox.command(&[word]).env("DEMO_PROGRESS", "dots"));
    let message = run_odd("x").fails_with(64);
    assert!(
        message.contains(
            "invalid value dots for DEMO_PROGRESS: use json or text. See `demo help bootstrap`"
        ),
        "{message}"
    );
    sandbox.run(&["x"]).ok();
    assert_eq!(run_odd("x").ok().stdout, "<x>\n");
}

#[test]
fn bootstrap_reports_its_result() {
    let sandbox = Sandbox::new();
    let prefix = sandbox.spell(&sandbox.prefix());
    let first = sandbox.run(&["bootstrap"]).ok();
    assert_eq!(first.stdout, format!("demo 1.0 is installed at {prefix}\n"));
    let second = sandbox.run(&["bootstrap"]).ok();
    assert_eq!(
        second.stdout,
        format!("demo 1.0 is already installed at {prefix}\n")
    );
    assert_eq!(second.stderr, "");
}

#[test]
fn bootstrap_with_force_repairs_the_prefix() {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    fs::remove_file(sandbox.delegate()).unwrap();
    let message = sandbox.run(&["x"]).fails_with(66);
    let named = format!("{} is missing", Path::new("bin").join("tool").display());
    assert!(message.contains(&named), "{message}");
    assert!(message.contains("`demo bootstrap --force`"), "{message}");
    sandbox.run(&["bootstrap", "--force"]).ok();
    assert_eq!(sandbox.run(&["x"]).ok().stdout, "<x>\n");
}

#[test]
fn settings_are_written_when_they_are_configured() {
    let stamp = Stamp::new(tool_packages("1.0"))
        .with("condarc", "channels: [x]\n")
        .with("installer", "homebrew")
        .with("freeze_base", true);
    let sandbox = Sandbox::with(&stamp);
    sandbox.run(&["x"]).ok();
    let read = |name: &str| fs::read_to_string(sandbox.prefix().join(name)).unwrap();
    assert_eq!(read(".condarc"), "channels: [x]\n");
    let installer: Value = serde_json::from_str(&read(".installer.info")).unwrap();
    let expected =
        json!({"name": "demo", "version": "1.0", "platform": "linux-64", "type": "homebrew"});
    assert_eq!(installer, expected);
    let frozen: Value = serde_json::from_str(&read("conda-meta/frozen")).unwrap();
    assert!(frozen["message"].as_str().unwrap().contains("demo 1.0"));
}

#[test]
fn settings_are_never_written_through_a_packages_link() {
    let mut packages = tool_packages("1.0");
    let links = [".condarc", ".installer.info", ".demo.json.new"];
    let package = links.iter().fold(Package::new("links", "1"), |it, name| {
        it.link(name, "../../victim")
    });
    packages.push(package.link("conda-meta/frozen", "../../../victim").build());
    let stamp = Stamp::new(packages)
        .with("condarc", "channels: [x]\n")
        .with("installer", "homebrew")
        .with("freeze_base", true);
    let sandbox = Sandbox::with(&stamp);
    fs::write(sandbox.path("victim"), "mine").unwrap();
    sandbox.run(&["x"]).ok();
    assert_eq!(fs::read_to_string(sandbox.path("victim")).unwrap(), "mine");
    let condarc = fs::read_to_string(sandbox.prefix().join(".condarc")).unwrap();
    assert_eq!(condarc, "channels: [x]\n");
}

#[test]
fn settings_are_not_written_when_they_are_not() {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    for name in [".condarc", ".installer.info", "conda-meta/frozen"] {
        assert!(!sandbox.prefix().join(name).exists(), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn conda_with_only_the_rattler_solver_is_configured_to_use_it() {
    let mut packages = tool_packages("1.0");
    packages.push(
        Package::new("conda", "25")
            .script("bin/conda", "#!/bin/sh\n")
            .build(),
    );
    packages.push(
        Package::new("conda-rattler-solver", "1")
            .file("x", "x")
            .build(),
    );
    let sandbox = Sandbox::with(&Stamp::new(packages).with("delegate", "conda"));
    sandbox.run(&["info"]).ok();
    let text = fs::read_to_string(sandbox.prefix().join(".condarc")).unwrap();
    assert_eq!(text, "solver: rattler\n");
}

#[test]
fn a_delegate_that_no_package_has_is_noticed_before_anything_is_in_place() {
    let sandbox = Sandbox::with(&Stamp::new(tool_packages("1.0")).with("delegate", "other"));
    let message = sandbox.run(&["x"]).fails_with(66);
    assert!(
        message.contains("none of its packages installs bin/other"),
        "{message}"
    );
    assert_eq!(sandbox.tree(), Vec::<String>::new());
}

#[test]
fn an_unstamped_template_refuses_to_run() {
    let sandbox = Sandbox::new();
    let template = std::path::Path::new(env!("CARGO_BIN_EXE_cs-template"));
    for arguments in [&[][..], &["status"], &["--version"]] {
        let message = run(&mut sandbox.command_of(template, arguments)).fails_with(78);
        assert!(message.contains("is an unstamped template"), "{message}");
        assert!(message.contains("`cs build`"), "{message}");
        assert!(message.contains("the download is incomplete"), "{message}");
    }
}

#[cfg(unix)]
#[test]
fn a_flipped_byte_is_refused_by_the_name_of_its_part() {
    use std::os::unix::fs::FileExt;
    let names = ["header", "plan", "lock", "", "bundle", "launch"];
    let sandbox = Sandbox::new();
    let parts = Stamp::new(tool_packages("1.0")).write(&sandbox.runtime);
    for (name, (offset, length)) in names
        .iter()
        .zip(parts)
        .filter(|(_, (_, length))| *length > 0)
    {
        let file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(&sandbox.runtime)
            .unwrap();
        let (mut byte, place) = ([0], offset + length / 2);
        file.read_exact_at(&mut byte, place).unwrap();
        file.write_all_at(&[byte[0] ^ 1], place).unwrap();
        drop(file);
        let status = if *name == "bundle" { 66 } else { 78 };
        let message = sandbox.run(&["x"]).fails_with(status);
        assert!(
            *name == "bundle" || message.contains(&format!("the stamp's {name} is damaged")),
            "{name}: {message}"
        );
        assert_eq!(sandbox.tree(), Vec::<String>::new(), "{name}");
        let file = fs::OpenOptions::new()
            .write(true)
            .open(&sandbox.runtime)
            .unwrap();
        file.write_all_at(&byte, place).unwrap();
    }
    sandbox.run(&["x"]).ok();
}

#[test]
fn a_runtime_that_was_cut_short_says_so_wherever_it_was_cut() {
    let sandbox = Sandbox::new();
    let whole = fs::read(&sandbox.runtime).unwrap();
    let template = fs::metadata(env!("CARGO_BIN_EXE_cs-template"))
        .unwrap()
        .len() as usize;
    for length in [
        whole.len() - 1,
        whole.len() - 200,
        (whole.len() + template) / 2,
        template + 1,
        template - 1,
    ] {
        write_executable(&sandbox.runtime, &whole[..length]);
        let message = sandbox.run(&["x"]).fails_with(78);
        assert!(
            message.contains("is incomplete: its end is missing. Download the file again."),
            "{length}: {message}"
        );
    }
    assert_eq!(sandbox.tree(), Vec::<String>::new());
}
