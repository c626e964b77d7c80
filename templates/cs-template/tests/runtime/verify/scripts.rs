//! What link scripts have left of the packages' files.

use std::fs;

use serde_json::Value;

use super::{added, installed_from, problem, problems, put_link};
use crate::archive::{Archive, Package};
use crate::sandbox::{Sandbox, tool_packages};

/// A prefix of these packages and one more, whose link script comes last.
fn installed_with_script(script: &str, mut packages: Vec<Archive>) -> Sandbox {
    let script = format!("#!/bin/sh\n{script}");
    let scripted = Package::new("zz", "1").script("bin/.zz-post-link.sh", script);
    packages.push(scripted.build());
    installed_from(packages)
}

#[test]
fn what_link_scripts_have_made_of_files_is_what_was_installed() {
    let script = "echo more >> \"$PREFIX/share/extra.txt\"; echo own > \"$PREFIX/share/own.txt\"\n";
    let sandbox = installed_with_script(script, tool_packages("1.0"));
    assert_eq!(
        fs::read_to_string(sandbox.prefix().join("share/extra.txt")).unwrap(),
        "extra\nmore\n"
    );
    assert_eq!(problems(&sandbox), []);
    fs::write(sandbox.prefix().join("share/extra.txt"), "extra\n").unwrap();
    assert_eq!(
        problems(&sandbox),
        [problem("extra-2-0", "share/extra.txt", "changed")]
    );
}

#[test]
fn what_link_scripts_have_removed_or_made_another_kind_of_is_not_listed_any_more() {
    let mut packages = tool_packages("1.0");
    let files = Package::new("files", "1")
        .file("gone/all/one", "1")
        .file("gone/all/two", "2")
        .file("share/file", "3")
        .file("share/linked", "4")
        .file("share/directory", "5")
        .file("share/pipe", "6")
        .file("share/kept", "7")
        .link("share/link", "kept")
        .link("share/moved", "kept");
    packages.push(files.build());
    let script = "cd \"$PREFIX\" && rm -r gone share/file share/extra.txt && ln -sf kept share/linked && \
        rm share/directory share/pipe share/link && mkdir share/directory && mkfifo share/pipe && \
        echo file > share/link && ln -sfn file share/moved\n";
    let sandbox = installed_with_script(script, packages);
    assert_eq!(problems(&sandbox), []);
    // Nothing has been made again only because it was looked for.
    assert!(!sandbox.prefix().join("gone").exists());
    let record = sandbox.prefix().join("conda-meta/files-1-0.json");
    let record: Value = serde_json::from_str(&fs::read_to_string(record).unwrap()).unwrap();
    let paths = record["paths_data"]["paths"].as_array().unwrap().iter();
    let kinds: Vec<_> = paths
        .map(|one| format!("{} {}", one["_path"], one["path_type"]).replace('"', ""))
        .collect();
    assert_eq!(
        kinds,
        [
            "share/directory directory",
            "share/kept hardlink",
            "share/link hardlink",
            "share/linked softlink",
            "share/moved softlink",
        ]
    );
    fs::write(sandbox.prefix().join("share/link"), "other\n").unwrap();
    put_link(&sandbox.prefix().join("share/linked"), "link");
    assert_eq!(
        problems(&sandbox),
        [
            problem("files-1-0", "share/link", "changed"),
            problem("files-1-0", "share/linked", "changed"),
        ]
    );
    fs::write(sandbox.prefix().join("share/file"), "3").unwrap();
    assert!(problems(&sandbox).contains(&added("share/file")));
}
