//! Runtimes with wheels among their packages.

use std::fs;

use serde_json::Value;

use crate::archive::{Archive, Package, bundle};
use crate::sandbox::Sandbox;
use crate::server::{online, serve};
use crate::stamp::{SITE_PACKAGES, Stamp};
use crate::wheel::Wheel;

/// What stands for Python: it says which script it was to run.
const PYTHON: &str = "#!/bin/sh\necho \"python runs ${1##*/}, $2\"\n";

/// A conda package that stands for Python, and two wheels: `six`, and `tool`, which has the command of that name.
fn packages(version: &str) -> Vec<Archive> {
    let python = Package::new("python", "3.11.7")
        .script("bin/python3.11", PYTHON)
        .file("lib/python3.11/os.py", "");
    let tool = Wheel::new("tool", version)
        .file("tool.py", "def main(): pass\n")
        .file(&format!("tool_{}.txt", version.replace('.', "_")), "data\n")
        .command("tool");
    vec![
        python.build(),
        Wheel::new("six", "1.17.0")
            .file("six.py", "x = 1\n")
            .build(),
        tool.build(),
    ]
}

fn embedded(version: &str) -> Stamp {
    Stamp::new(packages(version)).with("runtime_version", version)
}

fn external() -> Stamp {
    embedded("1.0")
        .with("layout", "external")
        .with("bundle_file_name", "demo.bundle.tar.zst")
}

/// Let the wheel `tool` have no address.
fn with_local_wheel(mut stamp: Stamp) -> Stamp {
    stamp.archives[2].entry["url"] = Value::Null;
    stamp
}

fn assert_installed(sandbox: &Sandbox) {
    let said = sandbox.run(&["x"]).ok();
    assert_eq!(said.stdout, "python runs tool, x\n");
    assert_eq!(said.stderr, "");
    let site_packages = sandbox.prefix().join(SITE_PACKAGES);
    assert_eq!(
        fs::read_to_string(site_packages.join("six.py")).unwrap(),
        "x = 1\n"
    );
    let installer = site_packages.join("tool-1.0.dist-info/INSTALLER");
    assert_eq!(fs::read_to_string(installer).unwrap(), "conda-ship");
}

#[test]
fn an_embedded_runtime_installs_its_wheels_without_the_network() {
    let sandbox = Sandbox::with(&embedded("1.0"));
    sandbox.run(&["bootstrap", "--offline"]).ok();
    assert_installed(&sandbox);
}

#[test]
fn an_external_runtime_takes_its_wheels_from_the_bundle() {
    let stamp = with_local_wheel(external());
    let sandbox = Sandbox::with(&stamp);
    let all: Vec<&Archive> = stamp.archives.iter().collect();
    fs::write(sandbox.path("bin/demo.bundle.tar.zst"), bundle(&all)).unwrap();
    sandbox.run(&["bootstrap", "--offline"]).ok();
    assert_installed(&sandbox);
}

#[test]
fn an_online_runtime_downloads_its_wheels() {
    let address = serve(packages("1.0"));
    let sandbox = Sandbox::with(&online(embedded("1.0"), &address));
    sandbox.run(&["bootstrap"]).ok();
    assert_installed(&sandbox);
}

#[test]
fn an_online_runtime_carries_a_wheel_that_has_no_address() {
    let address = serve(packages("1.0")[..2].iter().map(copy).collect());
    let sandbox = Sandbox::with(&with_local_wheel(online(embedded("1.0"), &address)));
    sandbox.run(&["bootstrap"]).ok();
    assert_installed(&sandbox);
}

fn copy(archive: &Archive) -> Archive {
    Archive {
        file_name: archive.file_name.clone(),
        bytes: archive.bytes.clone(),
        entry: archive.entry.clone(),
    }
}

#[test]
fn a_wheel_without_an_address_is_asked_for_whatever_the_network() {
    let address = serve(packages("1.0"));
    let stamp = with_local_wheel(online(external(), &address)).with("layout", "external");
    let sandbox = Sandbox::with(&stamp);
    for arguments in [&["bootstrap"][..], &["bootstrap", "--offline"], &["x"]] {
        let message = sandbox.run(arguments).fails_with(66);
        let expected =
            "tool-1.0-py3-none-any.whl is missing: it comes only with this runtime's bundle";
        assert!(message.contains(expected), "{message}");
        assert_eq!(sandbox.tree(), Vec::<String>::new());
    }
}

#[test]
fn a_wheel_that_is_not_the_one_of_the_lock_is_refused() {
    let mut changed = packages("1.0");
    changed[1].bytes[40] ^= 1;
    let name = changed[1].file_name.clone();
    let directory = Sandbox::with(&embedded("1.0"));
    let bundle_path = directory.path("some.bundle.tar.zst");
    fs::write(&bundle_path, bundle(&changed.iter().collect::<Vec<_>>())).unwrap();
    let address = serve(changed);
    let stamp = online(embedded("1.0"), &address);
    let sandbox = Sandbox::with(&stamp);
    let named = bundle_path.to_str().unwrap();
    for arguments in [&["bootstrap"][..], &["bootstrap", "--bundle", named]] {
        let message = sandbox.run(arguments).fails_with(66);
        assert!(message.contains(&name), "{message}");
        assert_eq!(sandbox.tree(), Vec::<String>::new());
    }
}

#[test]
fn while_sizes_are_unknown_no_total_is_stated() {
    let address = serve(packages("1.0"));
    let sandbox = Sandbox::with(&online(embedded("1.0"), &address));
    let text = sandbox
        .run(&["bootstrap", "--progress", "json"])
        .ok()
        .stderr;
    let start: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(start["packages"], 3, "{text}");
    assert_eq!(start["archive_bytes"], Value::Null, "{text}");
}

#[test]
fn status_distinguishes_wheels_from_conda_packages() {
    let sandbox = Sandbox::with(&embedded("1.0"));
    let before = sandbox.run(&["status"]).ok().stdout;
    assert!(before.contains("packages    3 (2 from PyPI)\n"), "{before}");
    sandbox.run(&["bootstrap"]).ok();
    let after = sandbox.run(&["-v", "status"]).ok().stdout;
    assert!(after.contains("packages    3 (2 from PyPI)\n"), "{after}");
    assert!(after.contains("six 1.17.0 (from PyPI)\n"), "{after}");
    let status = sandbox.run(&["status", "--json"]).ok().stdout;
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["package_count"], 3);
    assert_eq!(status["wheel_count"], 2);
    assert_eq!(status["installed"]["package_count"], 3);
    let kinds: Vec<&Value> = status["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["kind"])
        .collect();
    assert_eq!(kinds, ["conda", "wheel", "wheel"]);
    assert_eq!(status["packages"][0]["build"], "0");
    assert_eq!(status["packages"][1]["build"], Value::Null);
    assert_eq!(status["packages"][1]["subdir"], Value::Null);
}

#[test]
fn the_prefix_records_where_its_wheels_are_from() {
    let sandbox = Sandbox::with(&with_local_wheel(online(
        embedded("1.0"),
        &serve(packages("1.0")),
    )));
    sandbox.run(&["bootstrap"]).ok();
    let meta = sandbox.prefix().join("conda-meta");
    let explicit = fs::read_to_string(meta.join("initial-state.explicit.txt")).unwrap();
    let lines: Vec<&str> = explicit.lines().collect();
    let six = lines.iter().find(|line| line.contains("six")).unwrap();
    assert!(
        six.starts_with("# wheel: six 1.17.0 http://127.0.0.1:"),
        "{explicit}"
    );
    let local = "# wheel: tool 1.0 tool-1.0-py3-none-any.whl sha256:";
    assert!(
        lines.iter().any(|line| line.starts_with(local)),
        "{explicit}"
    );
    let history = fs::read_to_string(meta.join("history")).unwrap();
    assert!(
        history.contains("::python-3.11.7-0\n") && !history.contains("six"),
        "{history}"
    );
}

#[test]
fn the_marker_lists_the_distributions_and_no_file_of_theirs() {
    let sandbox = Sandbox::with(&embedded("1.0"));
    sandbox.run(&["bootstrap"]).ok();
    let marker = fs::read_to_string(sandbox.prefix().join(".demo.json")).unwrap();
    let marker: Value = serde_json::from_str(&marker).unwrap();
    assert_eq!(marker["packages"], serde_json::json!(["python-3.11.7-0"]));
    let distributions =
        ["six-1.17.0", "tool-1.0"].map(|name| format!("{SITE_PACKAGES}/{name}.dist-info"));
    assert_eq!(marker["distributions"], serde_json::json!(distributions));
    let unrecorded = marker["unrecorded"].as_array().unwrap();
    assert!(
        unrecorded
            .iter()
            .all(|path| !path.as_str().unwrap().contains("site-packages")),
        "{unrecorded:?}"
    );
    assert!(!unrecorded.contains(&"bin/tool".into()), "{unrecorded:?}");
}

fn upgraded(change: impl FnOnce(&Sandbox)) -> Sandbox {
    let sandbox = Sandbox::with(&embedded("1.0"));
    sandbox.run(&["bootstrap"]).ok();
    change(&sandbox);
    embedded("2.0").write(&sandbox.runtime);
    sandbox
}

fn data_file(sandbox: &Sandbox, version: &str) -> bool {
    let path = format!("{SITE_PACKAGES}/tool_{version}.txt");
    sandbox.prefix().join(path).is_file()
}

#[test]
fn an_upgrade_brings_other_wheels_and_a_rollback_the_old_ones() {
    let sandbox = upgraded(|_| {});
    sandbox.run(&["x"]).ok();
    assert!(data_file(&sandbox, "2_0") && !data_file(&sandbox, "1_0"));
    sandbox.run(&["rollback"]).ok();
    assert!(data_file(&sandbox, "1_0") && !data_file(&sandbox, "2_0"));
    sandbox.run(&["x"]).ok();
}

#[test]
fn another_version_of_a_wheel_counts_as_a_change_of_its_users() {
    let sandbox = upgraded(|sandbox| {
        let site_packages = sandbox.prefix().join(SITE_PACKAGES);
        let [old, new] = ["1.17.0", "1.18.0"]
            .map(|version| site_packages.join(format!("six-{version}.dist-info")));
        fs::rename(old, new).unwrap();
    });
    let said = sandbox.run(&["x"]).ok().stderr;
    assert!(
        said.contains("(six-1.18.0 added, six-1.17.0 removed)"),
        "{said}"
    );
    assert!(data_file(&sandbox, "1_0"));
    sandbox.run(&["bootstrap", "--force"]).ok();
    assert!(data_file(&sandbox, "2_0"));
}

#[test]
fn a_file_beside_those_of_a_wheel_counts_as_its_users() {
    let sandbox = upgraded(|sandbox| {
        fs::write(sandbox.prefix().join(SITE_PACKAGES).join("mine.py"), "").unwrap();
    });
    let said = sandbox.run(&["x"]).ok().stderr;
    assert!(said.contains(&format!("{SITE_PACKAGES}/mine.py")), "{said}");
    assert!(data_file(&sandbox, "1_0"));
}

#[test]
fn an_unchanged_prefix_with_wheels_is_complete() {
    let sandbox = Sandbox::with(&embedded("1.0"));
    sandbox.run(&["bootstrap"]).ok();
    let status: Value =
        serde_json::from_str(&sandbox.run(&["status", "--json"]).ok().stdout).unwrap();
    assert_eq!(status["state"], "installed");
    for list in ["added", "removed", "files"] {
        assert_eq!(status["installed"][list], serde_json::json!([]), "{list}");
    }
}

#[test]
fn an_uninstallation_leaves_nothing_of_the_wheels() {
    let sandbox = Sandbox::with(&embedded("1.0"));
    sandbox.run(&["bootstrap"]).ok();
    sandbox.run(&["uninstall", "-y"]).ok();
    assert!(!sandbox.prefix().exists());
}

#[test]
fn a_conda_package_that_has_the_project_of_a_wheel_is_named_on_request() {
    let mut archives = packages("1.0");
    let old = format!("{SITE_PACKAGES}/six-1.16.0.dist-info");
    let conda = Package::new("python-six", "1.16.0")
        .file(&format!("{SITE_PACKAGES}/six.py"), "x = 0\n")
        .file(&format!("{old}/METADATA"), "Name: six\n")
        .file(&format!("{old}/RECORD"), "six.py,,\n");
    archives.insert(1, conda.build());
    let sandbox = Sandbox::with(&Stamp::new(archives));
    let details = sandbox.run(&["-v", "bootstrap"]).ok().stderr;
    let expected =
        "the conda package python-six also has the project six; the one from PyPI is used";
    assert!(details.contains(expected), "{details}");
    assert!(!sandbox.prefix().join(old).exists());
    assert_installed(&sandbox);
}
