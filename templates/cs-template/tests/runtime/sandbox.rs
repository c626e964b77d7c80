//! A directory of its own for each test, and runs of a runtime in it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::archive::{Archive, Package};
use crate::stamp::Stamp;

/// What the delegate of the tests does: it prints its arguments, or does what they say.
#[cfg(unix)]
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
        Ok(directory) if cfg!(unix) => directory,
        _ => tempfile::tempdir().unwrap(),
    }
}

/// The delegate, which says that it has this version.
#[cfg(unix)]
fn tool(version: &str) -> Package {
    let script = TOOL.replace("VERSION", version);
    Package::new("tool", version).script("bin/tool", script)
}

/// The example `tool` of this package: `cargo test` builds examples, unless it is given the tests to build.
#[cfg(windows)]
fn tool(version: &str) -> Package {
    let tests = std::env::current_exe().unwrap();
    let profile = tests.parent().unwrap().parent().unwrap();
    let program = fs::read(profile.join("examples/tool.exe")).expect("the example was built");
    Package::new("tool", version)
        .script("tool.exe", program)
        .file("tool.version", version)
}

/// The package of the delegate, and one more.
pub fn tool_packages(version: &str) -> Vec<Archive> {
    let tool = tool(version).file("share/tool/data.txt", "data\n");
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
        let name = if cfg!(windows) { "demo.exe" } else { "demo" };
        let runtime = directory.path().join("bin").join(name);
        stamp.write(&runtime);
        Self { directory, runtime }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        let mut path = self.directory.path().to_owned();
        path.extend(name.split('/'));
        path
    }

    /// A path as messages name it: from the home directory, where shells read that.
    pub fn spell(&self, path: &Path) -> String {
        match path.strip_prefix(self.directory.path()) {
            Ok(below) if cfg!(unix) => format!("~/{}", below.display()),
            _ => path.display().to_string(),
        }
    }

    /// Where the prefix is unless a test says otherwise.
    pub fn prefix(&self) -> PathBuf {
        self.path(".conda/demo")
    }

    /// The delegate's file.
    pub fn delegate(&self) -> PathBuf {
        let name = if cfg!(windows) {
            "tool.exe"
        } else {
            "bin/tool"
        };
        self.prefix().join(name)
    }

    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        self.command_of(&self.runtime, arguments)
    }

    pub fn command_of<S: AsRef<OsStr>>(&self, program: &Path, arguments: &[S]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env(HOME, self.directory.path())
            .envs(system_variables())
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

/// Names the home directory.
pub const HOME: &str = if cfg!(windows) { "USERPROFILE" } else { "HOME" };

/// What programs of the system need.
fn system_variables() -> Vec<(&'static str, OsString)> {
    if cfg!(windows) {
        let names = ["SystemRoot", "COMSPEC", "PATH", "TEMP"];
        let set = names.map(|name| (name, std::env::var_os(name).unwrap_or_default()));
        set.to_vec()
    } else {
        vec![("PATH", "/usr/bin:/bin".into())]
    }
}

fn list(root: &Path, relative: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(relative)).unwrap().flatten() {
        let path = relative.join(entry.file_name());
        found.push(path.to_string_lossy().replace('\\', "/"));
        if entry.file_type().unwrap().is_dir() {
            list(root, &path, found);
        }
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    pub status: Option<i32>,
    #[cfg(unix)]
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

pub fn run(command: &mut Command) -> Run {
    describe(&command.output().unwrap())
}

pub fn describe(output: &Output) -> Run {
    let text = |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if cfg!(windows) {
            // A command is named as it was called: here by its path, by people without the ending.
            text.replace("\r\n", "\n").replace("demo.exe", "demo")
        } else {
            text.into_owned()
        }
    };
    Run {
        status: output.status.code(),
        #[cfg(unix)]
        signal: std::os::unix::process::ExitStatusExt::signal(&output.status),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
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
