//! The launchers of commands on Windows, with a stand-in for Python.
#![cfg(windows)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::windows::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

const COMMAND: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/cs-launcher.exe"));
const WINDOW: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/cs-launcherw.exe"));

/// A prefix with a space and other letters in its path, and a command in it.
struct Prefix {
    directory: TempDir,
}

impl Prefix {
    fn new(launcher: &[u8], python: &str) -> Self {
        let directory = tempfile::Builder::new()
            .prefix("a prefix ü名 ")
            .tempdir()
            .unwrap();
        let prefix = Self { directory };
        fs::create_dir(prefix.path("Scripts")).unwrap();
        fs::write(prefix.path("Scripts/my tool.exe"), launcher).unwrap();
        fs::copy(probe(), prefix.path(python)).expect("the example probe was built");
        prefix
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn command(&self) -> Command {
        Command::new(self.path("Scripts/my tool.exe"))
    }

    /// Start the command with pipes, and wait until the stand-in is there.
    fn start(&self, word: &str) -> (Child, BufReader<std::process::ChildStdout>) {
        let mut command = self.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.arg(word).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line.trim_end(), "ready");
        (child, output)
    }
}

/// The example `probe` of this package: `cargo test` builds examples, unless it is given the tests to build.
fn probe() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let profile = tests.parent().unwrap().parent().unwrap();
    profile.join("examples/probe.exe")
}

/// The arguments that the stand-in gets when these are written behind the command.
fn arguments(prefix: &Prefix, written: &str) -> String {
    let output = prefix.command().raw_arg(written).output().unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}

#[test]
fn a_script_runs_with_the_python_of_its_prefix() {
    for (launcher, python, script) in [
        (COMMAND, "python.exe", "Scripts\\my tool-script.py"),
        (WINDOW, "pythonw.exe", "Scripts\\my tool-script.pyw"),
    ] {
        let prefix = Prefix::new(launcher, python);
        let expected = [prefix.path(python), prefix.path(script)];
        assert_eq!(arguments(&prefix, ""), format!("{expected:?}"));
    }
}

#[test]
fn arguments_arrive_as_they_were_written() {
    let prefix = Prefix::new(COMMAND, "python.exe");
    for (written, expected) in [
        (r#"a "b c" "" d"#, r#""a", "b c", "", "d"]"#),
        (
            r#"back\ "a space\\" q\"x"#,
            r#""back\\", "a space\\", "q\"x"]"#,
        ),
        (r"%PATH% ^&|<> ünï名", r#""%PATH%", "^&|<>", "ünï名"]"#),
    ] {
        let actual = arguments(&prefix, written);
        assert!(actual.ends_with(expected), "{actual}");
    }
}

#[test]
fn the_exit_status_is_the_scripts() {
    let prefix = Prefix::new(COMMAND, "python.exe");
    for status in [0, 7, 300, -1, -1_073_741_819] {
        let word = format!("exit={status}");
        let ended = prefix.command().arg(word).status().unwrap();
        assert_eq!(ended.code(), Some(status));
    }
}

#[test]
fn the_standard_streams_are_the_scripts() {
    let prefix = Prefix::new(COMMAND, "python.exe");
    let mut command = prefix.command();
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.arg("copy=in").spawn().unwrap();
    let text = vec![b'x'; 100_000];
    let mut input = child.stdin.take().unwrap();
    let written = text.clone();
    let writer = std::thread::spawn(move || input.write_all(&written));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert_eq!(output.stdout, text);
    assert_eq!(output.stderr, b"copied\n");
}

#[test]
fn output_that_the_script_closes_is_closed() {
    let prefix = Prefix::new(COMMAND, "python.exe");
    let (mut child, mut output) = prefix.start("wait=closed");
    assert_eq!(output.read_to_end(&mut Vec::new()).unwrap(), 0);
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_script_ends_with_its_launcher() {
    let prefix = Prefix::new(COMMAND, "python.exe");
    let (mut child, mut output) = prefix.start("wait=open");
    child.kill().unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn a_python_that_is_not_there_is_named() {
    let prefix = Prefix::new(COMMAND, "another.exe");
    let output = prefix.command().output().unwrap();
    assert_eq!(output.status.code(), Some(101));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        format!(
            "error: cannot start {} (Windows error 2)\r\n",
            prefix.path("python.exe").display()
        )
    );
}
