//! Suppliers of archives and the linker meet in this crate alone.

use std::fs;
use std::path::Path;

/// The crates of this workspace that a manifest names, in the order of the alphabet.
fn read_dependencies(crate_name: &str) -> Vec<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let manifest = fs::read_to_string(crates.join(crate_name).join("Cargo.toml")).unwrap();
    let name = |line: &str| Some(line.split(['.', ' ']).next()?.to_owned());
    let mut found: Vec<String> = manifest
        .lines()
        .filter(|line| line.starts_with("cs-"))
        .filter_map(name)
        .collect();
    found.sort_unstable();
    found
}

#[test]
fn suppliers_and_the_linker_know_nothing_of_each_other() {
    for user in ["cs-bundle", "cs-fetch", "cs-link"] {
        assert_eq!(read_dependencies(user), ["cs-archive", "cs-file"], "{user}");
    }
    assert_eq!(read_dependencies("cs-archive"), Vec::<String>::new());
}
