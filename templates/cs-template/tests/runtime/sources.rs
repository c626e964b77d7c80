//! Where archives come from, and what happens when they do not.

use std::fs;
use std::path::Path;

use crate::archive::{Archive, bundle};
use crate::sandbox::{Sandbox, run, tool_packages};
use crate::server::{online, serve};
use crate::stamp::Stamp;

fn write_directory(path: &Path, archives: &[Archive]) {
    fs::create_dir_all(path).unwrap();
    for archive in archives {
        fs::write(path.join(&archive.file_name), &archive.bytes).unwrap();
    }
}

fn without_bundle() -> Stamp {
    Stamp::new(tool_packages("1.0")).with("layout", "online")
}

#[test]
fn a_bundle_directory_may_hold_other_things() {
    let sandbox = Sandbox::with(&without_bundle());
    let directory = sandbox.path("bundle");
    write_directory(&directory, &tool_packages("1.0"));
    fs::write(directory.join("README"), "hello").unwrap();
    sandbox
        .run(&[
            "bootstrap",
            "--offline",
            "--bundle",
            directory.to_str().unwrap(),
        ])
        .ok();
    assert_eq!(sandbox.run(&["x"]).ok().stdout, "<x>\n");
}

#[test]
fn a_bundle_file_is_taken_as_it_is() {
    let sandbox = Sandbox::with(&without_bundle());
    let file = sandbox.path("some.bundle.tar.zst");
    fs::write(
        &file,
        bundle(&tool_packages("1.0").iter().collect::<Vec<_>>()),
    )
    .unwrap();
    run(sandbox
        .command(&["x"])
        .env("DEMO_BUNDLE", &file)
        .env("DEMO_OFFLINE", "1"))
    .ok();
}

#[cfg(unix)]
#[test]
fn a_sibling_bundle_is_found_even_through_a_link() {
    let stamp = Stamp::new(tool_packages("1.0"))
        .with("layout", "external")
        .with("bundle_file_name", "demo.bundle.tar.zst");
    let sandbox = Sandbox::with(&stamp);
    fs::write(
        sandbox.path("bin/demo.bundle.tar.zst"),
        bundle(&stamp.archives.iter().collect::<Vec<_>>()),
    )
    .unwrap();
    let link = sandbox.path("link");
    std::os::unix::fs::symlink(&sandbox.runtime, &link).unwrap();
    run(sandbox.command_of(&link, &["x"]).env("DEMO_OFFLINE", "1")).ok();
}

#[test]
fn offline_without_a_bundle_says_what_to_do() {
    let sandbox = Sandbox::with(&without_bundle());
    let message = sandbox.run(&["bootstrap", "--offline"]).fails_with(66);
    assert!(
        message.contains("the network is switched off (--offline)"),
        "{message}"
    );
    assert!(
        message.contains("`demo bootstrap --bundle PATH`"),
        "{message}"
    );
    let message = run(sandbox.command(&["x"]).env("DEMO_OFFLINE", "1")).fails_with(66);
    assert!(message.contains("(DEMO_OFFLINE)"), "{message}");
    assert_eq!(sandbox.tree(), Vec::<String>::new());
}

#[test]
fn a_bundle_that_lacks_packages_names_them_when_offline() {
    let sandbox = Sandbox::with(&without_bundle());
    let directory = sandbox.path("bundle");
    write_directory(&directory, &tool_packages("1.0")[..1]);
    let message = sandbox
        .run(&[
            "bootstrap",
            "--offline",
            "--bundle",
            directory.to_str().unwrap(),
        ])
        .fails_with(66);
    assert!(
        message.contains("1 of 2 packages needed are not in"),
        "{message}"
    );
    assert!(message.contains("tool-1.0-0.conda"), "{message}");
}

#[test]
fn a_named_bundle_is_completed_from_the_embedded_one() {
    let sandbox = Sandbox::new();
    let directory = sandbox.path("bundle");
    write_directory(&directory, &tool_packages("1.0")[..1]);
    sandbox
        .run(&[
            "bootstrap",
            "--offline",
            "--bundle",
            directory.to_str().unwrap(),
        ])
        .ok();
}

#[test]
fn a_missing_bundle_is_named() {
    let sandbox = Sandbox::new();
    let message = sandbox
        .run(&["bootstrap", "--bundle", "/no/where"])
        .fails_with(66);
    assert!(message.contains("/no/where"), "{message}");
    assert_eq!(sandbox.tree(), Vec::<String>::new());
}

#[test]
fn a_damaged_archive_in_a_bundle_is_named() {
    let sandbox = Sandbox::with(&without_bundle());
    let directory = sandbox.path("bundle");
    let mut archives = tool_packages("1.0");
    let middle = archives[1].bytes.len() / 2;
    archives[1].bytes[middle] ^= 1;
    write_directory(&directory, &archives);
    let message = sandbox
        .run(&[
            "bootstrap",
            "--offline",
            "--bundle",
            directory.to_str().unwrap(),
        ])
        .fails_with(66);
    assert!(message.contains("tool-1.0-0.conda"), "{message}");
    let origin = format!("It was read from {}:", sandbox.spell(&directory));
    assert!(message.contains(&origin), "{message}");
    assert!(!sandbox.prefix().exists());
    assert!(!sandbox.path(".conda").exists());
}

#[test]
fn an_online_runtime_downloads_its_packages() {
    let address = serve(tool_packages("1.0"));
    let sandbox = Sandbox::with(&online(Stamp::new(tool_packages("1.0")), &address));
    assert_eq!(sandbox.run(&["x"]).ok().stdout, "<x>\n");
    let outside = sandbox
        .tree()
        .into_iter()
        .find(|path| !path.starts_with(".conda"));
    assert_eq!(outside, None);
}

#[test]
fn a_bundle_that_lacks_packages_is_completed_from_the_network() {
    let address = serve(tool_packages("1.0"));
    let sandbox = Sandbox::with(&online(Stamp::new(tool_packages("1.0")), &address));
    let directory = sandbox.path("bundle");
    write_directory(&directory, &tool_packages("1.0")[..1]);
    let text = sandbox
        .run(&["bootstrap", "--bundle", directory.to_str().unwrap()])
        .ok()
        .stderr;
    assert!(text.contains("1 package not in"), "{text}");
    assert!(text.contains("tool-1.0-0.conda; downloading"), "{text}");
}

#[test]
fn a_package_that_no_server_has_is_a_network_failure() {
    let address = serve(Vec::new());
    let sandbox = Sandbox::with(&online(Stamp::new(tool_packages("1.0")), &address));
    let message = sandbox.run(&["x"]).fails_with(69);
    assert!(message.contains("404"), "{message}");
    assert_eq!(sandbox.tree(), Vec::<String>::new());
}

#[test]
fn a_channel_on_this_machine_is_not_the_network() {
    let directory = tempfile::tempdir().unwrap();
    write_directory(&directory.path().join("linux-64"), &tool_packages("1.0"));
    let address = format!("file://{}", directory.path().display());
    let sandbox = Sandbox::with(&online(Stamp::new(tool_packages("1.0")), &address));
    sandbox.run(&["bootstrap", "--offline"]).ok();
}

/// A stamp as `cs build` makes it of local archives: they have no URL, and their records a place that need not exist.
fn with_local(mut stamp: Stamp, names: &[&str]) -> Stamp {
    for archive in &mut stamp.archives {
        if names.contains(&archive.file_name.as_str()) {
            let place = format!("file:///local/linux-64/{}", archive.file_name);
            archive.entry["url"] = serde_json::Value::Null;
            archive.entry["record"]["url"] = place.into();
            archive.entry["record"]["channel"] = "file:///local".into();
        }
    }
    stamp
}

#[test]
fn an_online_runtime_carries_packages_that_the_network_lacks() {
    let local = "tool-1.0-0.conda";
    let mut remote = tool_packages("1.0");
    remote.retain(|archive| archive.file_name != local);
    let address = serve(remote);
    let stamp = online(Stamp::new(tool_packages("1.0")), &address);
    let sandbox = Sandbox::with(&with_local(stamp, &[local]));
    let outcome = sandbox.run(&["bootstrap"]).ok();
    assert!(!outcome.stderr.contains("not in"), "{}", outcome.stderr);
    assert_eq!(sandbox.run(&["x"]).ok().stdout, "<x>\n");
    let meta = sandbox.prefix().join("conda-meta");
    let record = fs::read_to_string(meta.join("tool-1.0-0.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    assert_eq!(record["url"], format!("file:///local/linux-64/{local}"));
    assert_eq!(record["channel"], "file:///local");
    let explicit = fs::read_to_string(meta.join("initial-state.explicit.txt")).unwrap();
    let comment = format!("# local: linux-64/{local} sha256:");
    assert!(explicit.contains(&comment), "{explicit}");
    let addresses = explicit.lines().filter(|line| line.contains("://"));
    assert!(addresses.clone().count() > 0, "{explicit}");
    assert!(
        addresses.clone().all(|line| line.starts_with("http://")),
        "{explicit}"
    );
}

#[test]
fn an_online_runtime_that_carries_everything_needs_no_network() {
    let archives = tool_packages("1.0");
    let names: Vec<&str> = archives.iter().map(|one| one.file_name.as_str()).collect();
    let sandbox = Sandbox::with(&with_local(without_bundle(), &names));
    sandbox.run(&["bootstrap", "--offline"]).ok();
}

#[test]
fn the_archives_in_an_online_runtime_are_not_called_an_incomplete_bundle() {
    let stamp = with_local(without_bundle(), &["tool-1.0-0.conda"]);
    let sandbox = Sandbox::with(&stamp);
    let message = sandbox.run(&["bootstrap", "--offline"]).fails_with(66);
    assert!(
        message.contains("there is no bundle to install from"),
        "{message}"
    );
}

#[test]
fn a_local_archive_without_its_bundle_is_asked_for_whatever_the_network() {
    let address = serve(tool_packages("1.0"));
    let stamp = with_local(
        online(Stamp::new(tool_packages("1.0")), &address),
        &["tool-1.0-0.conda"],
    )
    .with("layout", "external")
    .with("bundle_file_name", "demo.bundle.tar.zst");
    let sandbox = Sandbox::with(&stamp);
    for arguments in [&["bootstrap"][..], &["bootstrap", "--offline"], &["x"]] {
        let message = sandbox.run(arguments).fails_with(66);
        for part in [
            "tool-1.0-0.conda is missing: it comes only with this runtime's bundle",
            "Put demo.bundle.tar.zst next to",
            "`demo bootstrap --bundle PATH`",
        ] {
            assert!(message.contains(part), "{message}");
        }
        assert_eq!(sandbox.tree(), Vec::<String>::new());
    }
    let directory = sandbox.path("bundle");
    write_directory(&directory, &tool_packages("1.0"));
    sandbox
        .run(&["bootstrap", "--bundle", directory.to_str().unwrap()])
        .ok();
}
