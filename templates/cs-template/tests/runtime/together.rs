//! Interrupted runs, and runs at the same time.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::Arc;

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
        let (sandbox, gate) = slow_sandbox();
        let child = spawn(&sandbox, &["x"]);
        gate.wait_for_visitor();
        send(signal, &child);
        let message = describe(&child.wait_with_output().unwrap()).fails_with(status);
        assert!(message.contains("interrupted"), "{message}");
        assert_eq!(sandbox.tree(), Vec::<String>::new(), "{signal}");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_that_is_ignored_stays_ignored() {
    let (sandbox, gate) = slow_sandbox();
    let script = format!("trap '' HUP; exec {} x", sandbox.runtime.display());
    let mut command = sandbox.command_of("/bin/sh".as_ref(), &["-c", &script]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    gate.wait_for_visitor();
    send("-HUP", &child);
    gate.open();
    let run = describe(&child.wait_with_output().unwrap()).ok();
    assert_eq!(run.stdout, "<x>\n");
}

#[test]
fn a_killed_run_leaves_nothing_that_the_next_does_not_remove() {
    let (sandbox, gate) = slow_sandbox();
    let mut child = spawn(&sandbox, &["x"]);
    gate.wait_for_visitor();
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
    gate.wait_for_visitor();
    let mut others: Vec<Child> = ["1", "2", "3", "4", "5"]
        .iter()
        .map(|word| spawn(&sandbox, &[word]))
        .collect();
    let waiting: Vec<_> = others.iter_mut().map(read_line).collect();
    gate.open();
    let first = describe(&first.wait_with_output().unwrap()).ok();
    assert_eq!(first.stdout, "<0>\n");
    assert!(
        first.stderr.contains("installed 2 packages"),
        "{}",
        first.stderr
    );
    for (index, (child, (line, mut rest))) in others.into_iter().zip(waiting).enumerate() {
        assert!(line.contains("another process is working on"), "{line}");
        let run = describe(&child.wait_with_output().unwrap()).ok();
        assert_eq!(run.stdout, format!("<{}>\n", index + 1));
        let mut more = String::new();
        rest.read_to_string(&mut more).unwrap();
        assert_eq!(more, "");
    }
}

/// The first line of a child's messages, and where the others come.
fn read_line(child: &mut Child) -> (String, impl Read + use<>) {
    let mut messages = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    messages.read_line(&mut line).unwrap();
    (line, messages)
}
