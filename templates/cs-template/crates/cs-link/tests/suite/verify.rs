//! What was linked, compared with its records.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use cs_archive::{sha256, to_hex};
use cs_link::{Change, Difference, Installed, Seals, Verified, verify};
use serde_json::{Value, json};

use crate::support::{Bench, Item, bench, file, recipe};

/// A file whose list states its true SHA-256.
fn true_file(path: &str, data: &str) -> Item {
    file(path, data).with("sha256", to_hex(&sha256(data.as_bytes())))
}

fn compare(bench: &Bench, seals: &Seals) -> Verified {
    let prefix = bench.staging();
    let installed = Installed {
        prefix: &prefix,
        seals,
        packages: None,
        threads: 3,
    };
    let verified = verify(&installed, &bench.cancel).expect("a prefix");
    verified.expect("it was not cancelled")
}

/// Path and change of all differences.
fn differences(bench: &Bench, seals: &Seals) -> Vec<(String, Change)> {
    let differences = compare(bench, seals).differences.into_iter();
    differences.map(|one| (one.path, one.change)).collect()
}

/// Put a record in place of a package's, with its true seal.
fn forge(bench: &Bench, entries: Value) -> Seals {
    let text = json!({"paths_data": {"paths": entries, "paths_version": 1}}).to_string();
    let path = "conda-meta/demo-1.0-0.json";
    fs::create_dir_all(bench.path("conda-meta")).unwrap();
    fs::write(bench.path(path), &text).unwrap();
    BTreeMap::from([(path.to_owned(), to_hex(&sha256(text.as_bytes())))])
}

fn entry(path: &str) -> Value {
    json!({"_path": path, "path_type": "hardlink", "sha256": "ab".repeat(32), "size_in_bytes": 1})
}

#[test]
fn every_byte_of_every_file_counts() {
    let bench = bench();
    let files = [("a", "one"), ("d/b", "two and more"), ("d/e/c", "x")];
    let items = files.map(|(path, data)| true_file(path, data));
    let report = bench
        .link(&[recipe("demo", items.into()), recipe("none", Vec::new())])
        .unwrap();
    assert_eq!(report.records.len(), 2);
    let verified = compare(&bench, &report.records);
    assert_eq!((verified.differences, verified.files), (vec![], 3));
    for (path, data) in files {
        for index in 0..data.len() {
            let mut changed = data.as_bytes().to_vec();
            changed[index] ^= 1;
            fs::write(bench.path(path), &changed).unwrap();
            let expected = Difference {
                record: "conda-meta/demo-1.0-0.json".to_owned(),
                path: path.to_owned(),
                change: Change::Sha256 {
                    expected: to_hex(&sha256(data.as_bytes())),
                    found: to_hex(&sha256(&changed)),
                },
            };
            let found = compare(&bench, &report.records).differences;
            assert_eq!(found, [expected], "byte {index} of {path}");
        }
        fs::write(bench.path(path), data).unwrap();
    }
}

#[test]
fn a_record_that_leads_out_of_the_prefix_is_not_obeyed() {
    let bench = bench();
    fs::write(bench.directory.path().join("outside"), "x").unwrap();
    for path in ["../outside", "/etc/passwd", "a/../../outside", "", "a/\0/b"] {
        let seals = forge(&bench, json!([entry(path)]));
        match &differences(&bench, &seals)[..] {
            [(found, Change::Record(_))] => assert_eq!(found, path),
            other => panic!("{path:?}: {other:?}"),
        }
    }
}

#[test]
fn records_that_are_no_records_are_reported_as_such() {
    let bench = bench();
    let seals = forge(&bench, json!([]));
    let record = seals.keys().next().unwrap();
    for text in [
        "",
        "[]",
        "{}",
        "{\"paths_data\": {\"paths\": 1, \"paths_version\": 1}}",
        &"[".repeat(10_000),
    ] {
        fs::write(bench.path(record), text).unwrap();
        match &differences(&bench, &seals)[..] {
            [(path, Change::Record(_))] => assert_eq!(path, record),
            other => panic!("{text:.20}: {other:?}"),
        }
    }
    fs::remove_file(bench.path(record)).unwrap();
    fs::create_dir(bench.path(record)).unwrap();
    assert_eq!(
        differences(&bench, &seals),
        [(record.clone(), Change::Kind)]
    );
    fs::remove_dir(bench.path(record)).unwrap();
    assert_eq!(
        differences(&bench, &seals),
        [(record.clone(), Change::Missing)]
    );
}

#[test]
fn seals_of_paths_outside_the_prefix_read_nothing() {
    let bench = bench();
    fs::write(bench.directory.path().join("outside.json"), "{}").unwrap();
    for record in [
        "../outside.json",
        "a/../../outside.json",
        "conda-meta/../../outside.json",
    ] {
        let seals = BTreeMap::from([(record.to_owned(), String::new())]);
        match &differences(&bench, &seals)[..] {
            [(_, Change::Record(why))] => assert_eq!(why, "the path leads upwards"),
            other => panic!("{record}: {other:?}"),
        }
    }
}

#[test]
fn a_comparison_writes_nothing_and_ends_when_it_is_cancelled() {
    let bench = bench();
    let seals = forge(&bench, json!([entry("not/here/at/all")]));
    let found = differences(&bench, &seals);
    assert_eq!(found, [("not/here/at/all".to_owned(), Change::Missing)]);
    assert!(!bench.path("not").exists());
    bench.cancel.store(true, Ordering::Relaxed);
    let prefix = bench.staging();
    let installed = Installed {
        prefix: &prefix,
        seals: &seals,
        packages: None,
        threads: 1,
    };
    assert!(verify(&installed, &bench.cancel).unwrap().is_none());
    let gone = Installed {
        prefix: &bench.path("gone"),
        ..installed
    };
    assert!(verify(&gone, &AtomicBool::new(false)).is_err());
}

#[test]
fn what_no_digest_is_recorded_of_has_to_be_there() {
    let bench = bench();
    let compiled = json!({"_path": "x.pyc", "path_type": "pyc_file"});
    let linked_nowhere = json!({"_path": "no", "path_type": "hardlink", "no_link": true});
    let seals = forge(&bench, json!([compiled, linked_nowhere]));
    let missing = ("x.pyc".to_owned(), Change::Missing);
    assert_eq!(differences(&bench, &seals), [missing]);
    fs::write(bench.path("x.pyc"), "anything").unwrap();
    let verified = compare(&bench, &seals);
    assert_eq!((verified.uncompared, verified.differences), (1, vec![]));
}
