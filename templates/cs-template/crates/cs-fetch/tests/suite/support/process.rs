//! Fetching in a process of its own, which knows only the variables that a test gives it.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use cs_archive::Archives;
use cs_fetch::Event;

use super::{Fixture, Server, read_all, request};

pub const BODY: &[u8] = b"the archive";

/// A file in the home directory in which every tool of this system looks for mirrors.
pub const CONFIG: &str = if cfg!(target_os = "linux") {
    ".config/rattler/config.toml"
} else {
    ".pixi/config.toml"
};

/// The other side of [`fetch_with`]; prints what happened.
#[test]
#[ignore = "the others start it, as a process of its own"]
fn fetch_as_told() {
    let Ok(urls) = std::env::var("TEST_URL") else {
        return;
    };
    let fixture = Fixture::new();
    let make = |(index, url): (usize, &str)| request(index, url.to_owned(), BODY);
    let fetcher = fixture.fetch(urls.split(' ').enumerate().map(make).collect());
    loop {
        match fetcher.next() {
            Ok(Some(archive)) => {
                assert!(read_all(&*archive.bytes) == BODY);
                println!("\nARRIVED verified={}", archive.verified);
            }
            Ok(None) => break,
            Err(error) => {
                println!("\nFAILED {:?}: {error}", error.kind());
                break;
            }
        }
    }
    for event in fixture.events.lock().unwrap().iter() {
        match event {
            Event::Warning(warning) => println!("WARNING {warning}"),
            Event::Pause { wait, reason } => println!("PAUSE {} {reason}", wait.as_secs()),
            Event::Retry { reason, .. } => println!("RETRY {reason}"),
        }
    }
}

/// Fetch `url` (several, with spaces between them) in a process that knows only these
/// variables, with `home` as its home directory.
pub fn fetch_with(home: &Path, url: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "support::process::fetch_as_told",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ]);
    command
        .env_clear()
        .envs(place_home(home))
        .env("TEST_URL", url)
        .envs(variables.iter().copied());
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// The variables by which programs find the home directory, which is the one of temporary files too.
fn place_home(home: &Path) -> Vec<(&'static str, OsString)> {
    if cfg!(windows) {
        // Without the last one, Windows has no sockets.
        let system = std::env::var_os("SystemRoot").unwrap_or_default();
        vec![
            ("USERPROFILE", home.into()),
            ("TMP", home.into()),
            ("SystemRoot", system),
        ]
    } else {
        vec![("HOME", home.into()), ("TMPDIR", home.into())]
    }
}

/// What the system says when a file that does not exist is opened.
pub fn error_of_missing(path: &str) -> String {
    cs_file::describe_error(&fs::read(path).expect_err("it does not exist"))
}

pub fn write(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The same server under a second name, so that it is another host.
pub fn as_localhost(server: &Server, path: &str) -> String {
    format!("http://localhost:{}/{path}", server.address.port())
}

pub fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}
