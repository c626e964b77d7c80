//! `docs/reference/runtime.md` says all that runtimes say.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::sandbox::{Sandbox, run};

fn page() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap();
    std::fs::read_to_string(root.join("docs/reference/runtime.md")).unwrap()
}

/// All keys of a document, however deep.
fn collect_keys(value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            keys.extend(object.keys().cloned());
            object.values().for_each(|value| collect_keys(value, keys));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_keys(value, keys)),
        _ => {}
    }
}

/// The section of the page has every word.
#[track_caller]
fn insist(heading: &str, words: impl IntoIterator<Item = String>) {
    let page = page();
    let section = page
        .split("\n## ")
        .find(|section| section.lines().next() == Some(heading))
        .unwrap();
    let missing: Vec<String> = words
        .into_iter()
        .filter(|word| !section.contains(&format!("`{word}`")))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/reference/runtime.md, {heading}, lacks {missing:?}"
    );
}

#[test]
fn every_key_of_the_status_is_documented() {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    let text = sandbox.run(&["status", "--json"]).ok().stdout;
    let mut keys = BTreeSet::new();
    collect_keys(&serde_json::from_str(&text).unwrap(), &mut keys);
    insist("`status --json`", keys);
}

#[test]
fn every_event_and_its_keys_are_documented() {
    let sandbox = Sandbox::new();
    let text = run(sandbox.command(&["x"]).env("DEMO_PROGRESS", "json"))
        .ok()
        .stderr;
    let mut words = BTreeSet::new();
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        words.insert(event["event"].as_str().unwrap().to_owned());
        collect_keys(&event, &mut words);
    }
    insist("JSON events", words);
}

#[test]
fn every_option_and_variable_of_the_help_is_documented() {
    let sandbox = Sandbox::new();
    let page = page();
    for topic in [
        "help",
        "bootstrap",
        "status",
        "shell",
        "rollback",
        "uninstall",
    ] {
        let text = sandbox.run(&["help", topic]).ok().stdout;
        let words =
            text.split(|letter: char| letter.is_whitespace() || "[](),;:=`".contains(letter));
        let is_name = |word: &&str| {
            let is_option = word.starts_with('-') && word.len() > 1 && *word != "--";
            is_option || word.starts_with("DEMO_") || word.starts_with("CONDA_")
        };
        for word in words.filter(is_name) {
            assert!(page.contains(word), "{topic}: {word} is not documented");
        }
    }
}
