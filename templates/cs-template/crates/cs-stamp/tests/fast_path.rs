//! The launch fast path gives no other answer than the full program for any vector. It reads footer and launch part
//! only, and starts nothing but what the full program has installed for the same identity.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use cs_entry::footer::{TAIL_LENGTH, read_end};
use cs_entry::launch::Launch;
use cs_stamp::{Part, Stamp};
use serde_json::Value;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../packages/cs-stamp/vectors")
}

/// The cases of a group whose files are not for Windows or macOS, where there is no fast path; each with its bytes.
fn read_cases(group: &str) -> Vec<(Value, Vec<u8>)> {
    let text = std::fs::read_to_string(vectors().join("vectors.json")).expect("vectors.json");
    let index: Value = serde_json::from_str(&text).expect("JSON");
    let cases = index[group].as_array().expect("a list of cases").clone();
    let read = |case: Value| {
        let bytes = std::fs::read(vectors().join(case["file"].as_str().expect("a file")));
        (case, bytes.expect("a vector"))
    };
    let others: [&[u8]; 3] = [b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba"];
    let cases = cases.into_iter().map(read);
    cases
        .filter(|(_, bytes)| !others.iter().any(|magic| bytes.starts_with(magic)))
        .collect()
}

/// Identity and launch part that the fast path takes from a file, in hex and as bytes.
fn take(bytes: &[u8]) -> Option<(String, Vec<u8>)> {
    let tail = &bytes[bytes.len().saturating_sub(TAIL_LENGTH)..];
    let end = read_end(tail, bytes.len() as u64)?;
    Launch::parse(end.launch)?;
    let identity = end.identity.iter().map(|byte| format!("{byte:02x}"));
    Some((identity.collect(), end.launch.to_vec()))
}

#[test]
fn what_it_takes_of_a_good_file_is_what_the_full_program_reads() {
    let cases = read_cases("good");
    assert!(cases.len() > 5);
    for (case, bytes) in cases {
        let file = case["file"].as_str().expect("a file");
        let stamp = Stamp::open(&vectors().join(file)).expect("a good file");
        let stamp = stamp.expect("a stamp");
        let launch = stamp.read_part(Part::Launch).expect("a launch part");
        // With bytes behind the footer it is the full program that looks for the stamp.
        let is_end = case["trailing_size_bytes"] == 0;
        let expected = is_end.then(|| (stamp.identity_hex(), launch));
        assert_eq!(take(&bytes), expected, "{file}");
    }
}

/// The launch parts of all good files, by identity.
fn list_launch_parts() -> HashMap<String, Vec<u8>> {
    let taken = read_cases("good").into_iter();
    taken.filter_map(|(_, bytes)| take(&bytes)).collect()
}

#[test]
fn of_a_bad_file_it_takes_what_is_good_in_it_or_what_nobody_has_installed() {
    let (good, cases) = (list_launch_parts(), read_cases("bad"));
    assert!(!good.is_empty() && cases.len() > 20);
    for (case, bytes) in cases {
        let file = case["file"].as_str().expect("a file");
        let Some((identity, launch)) = take(&bytes) else {
            continue;
        };
        let part = case["error"]["part"].as_str();
        assert!(!matches!(part, None | Some("footer")), "{file}");
        // The full program refuses the file, so no prefix has the marker of an identity that no good file has.
        assert!(
            good.get(&identity).is_none_or(|known| *known == launch),
            "{file}"
        );
    }
}

#[test]
fn it_takes_no_delegate_that_is_not_in_the_prefix() {
    let file = std::fs::read(vectors().join("bad/launch-out-of-the-prefix.bin"));
    assert_eq!(take(&file.expect("a vector")), None);
}
