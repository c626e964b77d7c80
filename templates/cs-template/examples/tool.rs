//! A delegate for the tests of whole runs on Windows, which has no scripts that every system would run: it prints its
//! arguments, or does what they say.

#![allow(
    clippy::disallowed_methods,
    reason = "it is not part of the runtime, and tests read what it prints"
)]

use std::io::{stdin, stdout};
use std::path::Path;
use std::process::exit;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let word = |index: usize| words.get(index).map_or("", String::as_str);
    match word(1) {
        "environment" => std::env::vars().for_each(|(name, value)| println!("{name}={value}")),
        "exit" => exit(word(2).parse().expect("a number")),
        "cat" => drop(std::io::copy(&mut stdin(), &mut stdout())),
        "version" => println!("tool {}", read_version()),
        _ => {
            let shown: String = words[1..].iter().map(|word| format!("<{word}>")).collect();
            println!("{shown}");
        }
    }
}

/// What is in the file next to this program.
fn read_version() -> String {
    let program = std::env::current_exe().expect("a path");
    std::fs::read_to_string(Path::new(&program).with_extension("version")).expect("a version")
}
