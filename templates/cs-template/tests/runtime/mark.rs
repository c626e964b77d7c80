//! The mark that `cs build` looks for in a template.

use std::fs;

/// conda's names of the platforms that have templates, by Rust's.
const SUBDIRS: [(&str, &str, &str); 6] = [
    ("linux", "x86_64", "linux-64"),
    ("linux", "aarch64", "linux-aarch64"),
    ("macos", "x86_64", "osx-64"),
    ("macos", "aarch64", "osx-arm64"),
    ("windows", "x86_64", "win-64"),
    ("windows", "aarch64", "win-arm64"),
];

#[test]
fn the_template_has_one_mark_that_names_its_release_and_its_platform() {
    use std::env::consts::{ARCH, OS};

    let (_, _, subdir) = SUBDIRS
        .into_iter()
        .find(|(system, architecture, _)| (*system, *architecture) == (OS, ARCH))
        .expect("a platform with a template");
    let template = fs::read(env!("CARGO_BIN_EXE_cs-template")).unwrap();
    let mark = cs_stamp::template_mark("cs-template", env!("CARGO_PKG_VERSION"), subdir);
    let found = template
        .windows(mark.len())
        .filter(|window| *window == mark)
        .count();
    assert_eq!(found, 1);
}
