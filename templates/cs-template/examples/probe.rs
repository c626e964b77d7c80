//! A stand-in for Python in the tests of the launcher: prints its arguments, and does what the last one says.

#![allow(
    clippy::disallowed_methods,
    reason = "it is not part of the runtime, and tests read what it prints"
)]

use std::io::{Read, Write, stdin, stdout};
use std::process::exit;
use std::time::Duration;

fn main() {
    let words: Vec<_> = std::env::args_os().collect();
    let last = words[words.len() - 1].to_string_lossy().into_owned();
    match last.split_once('=') {
        Some(("exit", status)) => exit(status.parse().expect("a number")),
        Some(("copy", "in")) => copy(),
        Some(("wait", how)) => wait(how),
        _ => println!("{words:?}"),
    }
}

/// Write what comes in to standard output, and a line to standard error.
fn copy() {
    std::io::copy(&mut stdin(), &mut stdout()).expect("both are open");
    eprintln!("copied");
}

/// Wait for the end of standard input, with standard output open or closed. A process that
/// waits for this one does not wait for ever.
fn wait(how: &str) {
    println!("ready");
    stdout().flush().expect("it is open");
    if how == "closed" {
        close_output();
    }
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_secs(60));
        println!("not ended");
        exit(99);
    });
    let _ = stdin().read_to_end(&mut Vec::new());
}

#[cfg(windows)]
fn close_output() {
    use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
    // SAFETY: nothing is written to it afterwards.
    drop(unsafe { OwnedHandle::from_raw_handle(stdout().as_raw_handle()) });
}

#[cfg(not(windows))]
fn close_output() {}
