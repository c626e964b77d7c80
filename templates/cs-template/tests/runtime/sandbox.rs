//! A directory of its own for each test, and runs of a runtime in it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::archive::{Archive, Package};
use crate::stamp::Stamp;

/// What the delegate of the tests does: it prints its arguments, or does what they say.
const TOOL: &str = r#"#!/bin/sh
case "$1" in
  environment) env ;;
  exit) exit "$2" ;;
  kill) kill -"$2" $$ ;;
  cat) cat ;;
  version) echo "tool VERSION" ;;
  *) for word in "$@"; do printf '<%s>' "$word"; done; echo ;;
esac
"#;

/// A home, a runtime in it, nothing else.
pub struct Sandbox {
    directory: TempDir,
    pub runtime: PathBuf,
}

/// In memory where there is such a file system: each test writes a runtime of some 50 MB.
fn make_directory() -> TempDir {
    match tempfile::tempdir_in("/dev/shm") {
        Ok(directory) => directory,
        Err(_) => tempfile::tempdir().unwrap(),
    }
}

/// The package of the delegate, and one more.
pub fn tool_packages(version: &str) -> Vec<Archive> {
    let tool = Package::new("tool", version)
        .script("bin/tool", TOOL.replace("VERSION", version))
        .file("share/tool/data.txt", "data\n");
    vec![
        Package::new("extra", "2")
            .file("share/extra.txt", "extra\n")
            .build(),
        tool.build(),
    ]
}

impl Sandbox {
    /// With the usual runtime: embedded, `demo`, delegate `tool`.
    pub fn new() -> Self {
        Self::with(&Stamp::new(tool_packages("1.0")))
    }

    pub fn with(stamp: &Stamp) -> Self {
        let directory = make_directory();
        let runtime = directory.path().join("bin/demo");
        stamp.write(&runtime);
        Self { directory, runtime }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Where the prefix is unless a test says otherwise.
    pub fn prefix(&self) -> PathBuf {
        self.path(".conda/demo")
    }

    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        self.command_of(&self.runtime, arguments)
    }

    pub fn command_of<S: AsRef<OsStr>>(&self, program: &Path, arguments: &[S]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.directory.path())
            .env("PATH", "/usr/bin:/bin")
            .current_dir(self.directory.path())
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        run(&mut self.command(arguments))
    }

    /// Every path below the sandbox's directory but the runtime, relative, sorted.
    pub fn tree(&self) -> Vec<String> {
        let mut found = Vec::new();
        list(self.directory.path(), Path::new(""), &mut found);
        found.retain(|path| !path.starts_with("bin"));
        found.sort();
        found
    }
}

fn list(root: &Path, relative: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(relative)).unwrap().flatten() {
        let path = relative.join(entry.file_name());
        found.push(path.to_string_lossy().into_owned());
        if entry.file_type().unwrap().is_dir() {
            list(root, &path, found);
        }
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    pub status: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

pub fn run(command: &mut Command) -> Run {
    describe(&command.output().unwrap())
}

pub fn describe(output: &Output) -> Run {
    use std::os::unix::process::ExitStatusExt;
    Run {
        status: output.status.code(),
        signal: output.status.signal(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Run {
    /// Insist on success.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, Some(0), "{self:#?}");
        self
    }

    /// Insist on a failure with this exit status, and return its message.
    #[track_caller]
    pub fn fails_with(self, status: i32) -> String {
        assert_eq!(self.status, Some(status), "{self:#?}");
        assert_eq!(
            self.stderr
                .lines()
                .filter(|line| line.contains(": error: "))
                .count(),
            1,
            "{self:#?}"
        );
        self.stderr
    }
}
