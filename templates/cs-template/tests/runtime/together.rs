//! Interrupted runs, and runs at the same time.

use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::sandbox::{Sandbox, describe, tool_packages};
use crate::server::{Gate, online, serve_behind};
use crate::stamp::Stamp;

/// A sandbox whose first run stands still until the gate is opened.
fn slow_sandbox() -> (Sandbox, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let address = serve_behind(tool_packages("1.0"), Arc::clone(&gate));
    let stamp = online(Stamp::new(tool_packages("1.0")), &address);
    (Sandbox::with(&stamp), gate)
}

fn spawn(sandbox: &Sandbox, arguments: &[&str]) -> Child {
    let mut command = sandbox.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn wait_for(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "it does not happen"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn wait_for_staging(sandbox: &Sandbox) {
    let staging = sandbox.path(".conda/.demo.staging");
    wait_for(|| staging.is_dir());
    // The handlers stand before the directory does; a moment more, and the downloads have begun.
    std::thread::sleep(Duration::from_millis(50));
}

fn send(signal: &str, child: &Child) {
    let id = child.id().to_string();
    let status = std::process::Command::new("kill")
        .args([signal, &id])
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn a_signal_ends_the_installation_at_once_and_leaves_nothing() {
    for (signal, status) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let (sandbox, _gate) = slow_sandbox();
        let child = spawn(&sandbox, &["x"]);
        wait_for_staging(&sandbox);
        let sent = Instant::now();
        send(signal, &child);
        let message = describe(&child.wait_with_output().unwrap()).fails_with(status);
        assert!(
            sent.elapsed() < Duration::from_secs(5),
            "{:?}",
            sent.elapsed()
        );
        assert!(message.contains("interrupted"), "{message}");
        assert_eq!(sandbox.tree(), Vec::<String>::new(), "{signal}");
    }
}

#[test]
fn a_signal_that_is_ignored_stays_ignored() {
    let (sandbox, gate) = slow_sandbox();
    let script = format!("trap '' HUP; exec {} x", sandbox.runtime.display());
    let mut command = sandbox.command_of("/bin/sh".as_ref(), &["-c", &script]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    wait_for_staging(&sandbox);
    send("-HUP", &child);
    gate.open();
    let run = describe(&child.wait_with_output().unwrap()).ok();
    assert_eq!(run.stdout, "<x>\n");
}

#[test]
fn a_killed_run_leaves_nothing_that_the_next_does_not_remove() {
    let (sandbox, gate) = slow_sandbox();
    let mut child = spawn(&sandbox, &["x"]);
    wait_for_staging(&sandbox);
    child.kill().unwrap();
    child.wait().unwrap();
    gate.open();
    sandbox.run(&["x"]).ok();
    let left: Vec<String> = sandbox
        .tree()
        .into_iter()
        .filter(|path| !path.starts_with(".conda/demo"))
        .collect();
    assert_eq!(left, [".conda"]);
}

#[test]
fn of_many_first_runs_one_installs_and_the_others_wait() {
    let (sandbox, gate) = slow_sandbox();
    let first = spawn(&sandbox, &["0"]);
    wait_for_staging(&sandbox);
    let others: Vec<Child> = ["1", "2", "3", "4", "5"]
        .iter()
        .map(|word| spawn(&sandbox, &[word]))
        .collect();
    std::thread::sleep(Duration::from_millis(200));
    gate.open();
    let first = describe(&first.wait_with_output().unwrap()).ok();
    assert_eq!(first.stdout, "<0>\n");
    assert!(
        first.stderr.contains("installed 2 packages"),
        "{}",
        first.stderr
    );
    for (index, child) in others.into_iter().enumerate() {
        let run = describe(&child.wait_with_output().unwrap()).ok();
        assert_eq!(run.stdout, format!("<{}>\n", index + 1));
        assert!(
            run.stderr.contains("another process is working on"),
            "{}",
            run.stderr
        );
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
}
