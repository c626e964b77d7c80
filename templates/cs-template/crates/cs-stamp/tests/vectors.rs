//! The vectors that the Python suite reads too: both must accept and refuse the same files, for the same reasons.

use std::path::{Path, PathBuf};

use cs_stamp::{Part, PlanFormat, PlanPackage, Stamp, StampError, template_mark};
use serde_json::Value;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../packages/cs-stamp/vectors")
}

fn read_cases(group: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(vectors().join("vectors.json")).expect("vectors.json");
    let index: Value = serde_json::from_str(&text).expect("JSON");
    index[group].as_array().expect("a list of cases").clone()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Open the stamp and read all of it: the first thing that is wrong, if anything is.
fn read_everything(path: &Path) -> Result<Option<Stamp>, StampError> {
    let Some(stamp) = Stamp::open(path)? else {
        return Ok(None);
    };
    for part in Part::ALL {
        stamp.read_part(part)?;
    }
    let header = stamp.header()?;
    stamp.plan(&header)?;
    stamp.launch(&header)?;
    Ok(Some(stamp))
}

/// What an outcome is called in `vectors.json`.
fn name_outcome(
    outcome: &Result<Option<Stamp>, StampError>,
) -> (&'static str, Option<&'static str>) {
    match outcome {
        Ok(Some(_)) => ("accepted", None),
        Ok(None) => ("not-stamped", None),
        Err(StampError::Misplaced { .. }) => ("misplaced", None),
        Err(StampError::Footer { .. } | StampError::Cut { .. }) => ("damaged", Some("footer")),
        Err(StampError::Part { part, .. }) => ("damaged", Some(part.name())),
        Err(StampError::Version { .. }) => ("unsupported-version", Some("footer")),
        Err(StampError::Schema { part, .. }) => ("unsupported-version", Some(part.name())),
        Err(StampError::Io { .. }) => ("unreadable", None),
    }
}

#[test]
fn good_vectors_are_read_as_their_writer_meant_them() {
    let cases = read_cases("good");
    assert!(cases.len() > 5);
    for case in cases {
        let file = case["file"].as_str().expect("a file");
        let stamp = read_everything(&vectors().join(file))
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        let stamp = stamp.unwrap_or_else(|| panic!("{file}: not stamped"));
        assert_eq!(stamp.identity_hex(), case["identity"], "{file}");
        assert_parts(&stamp, &case);
        assert_plan(&stamp, &case);
        assert_launch(&stamp, &case);
    }
}

fn assert_parts(stamp: &Stamp, case: &Value) {
    for part in Part::ALL {
        let (span, expected) = (stamp.part(part), &case["parts"][part.name()]);
        assert_eq!(span.offset, expected["offset"], "{part} of {case}");
        assert_eq!(span.length, expected["size_bytes"], "{part} of {case}");
        assert_eq!(hex(&span.sha256), expected["sha256"], "{part} of {case}");
    }
}

fn assert_plan(stamp: &Stamp, case: &Value) {
    let (plan, expected) = (
        stamp
            .plan(&stamp.header().expect("a header"))
            .expect("a plan"),
        &case["plan"],
    );
    assert_eq!(plan.platform, expected["platform"]);
    assert_eq!(
        plan.python
            .as_ref()
            .map_or(Value::Null, |python| python.version.clone().into()),
        match &expected["python"] {
            Value::Null => Value::Null,
            python => python["version"].clone(),
        }
    );
    let packages = expected["packages"].as_array().expect("packages");
    assert_eq!(plan.packages.len(), packages.len());
    for (package, expected) in plan.packages.iter().zip(packages) {
        assert_package(package, expected);
    }
    let kinds = packages.iter().filter(|package| package["kind"] == "wheel");
    assert_eq!(plan.wheels().len(), kinds.count());
    let requirements = expected["requirements"].as_array();
    assert_eq!(
        plan.requirements.len(),
        requirements.map_or(0, |requirements| requirements.len())
    );
    for (requirement, expected) in plan
        .requirements
        .iter()
        .zip(requirements.into_iter().flatten())
    {
        assert_eq!(requirement.package, expected["package"]);
        assert_eq!(requirement.spec, expected["spec"]);
        assert_eq!(requirement.name, expected["name"]);
        assert_eq!(requirement.is_needed, expected["is_needed"]);
        assert_eq!(
            Value::from(requirement.versions.clone()),
            expected["versions"]
        );
        assert_eq!(
            Value::from(requirement.x86_64_level),
            expected["x86_64_level"]
        );
    }
}

fn assert_package(package: &PlanPackage, expected: &Value) {
    assert_eq!(package.name, expected["name"]);
    assert_eq!(package.version, expected["version"]);
    let archive = &package.archive;
    assert_eq!(archive.file_name, expected["file_name"]);
    assert_eq!(Value::from(archive.url.clone()), expected["url"]);
    assert_eq!(hex(&archive.sha256), expected["sha256"]);
    assert_eq!(Value::from(archive.size), expected["size"]);
    match &package.format {
        PlanFormat::Conda(conda) => {
            assert_eq!(conda.build, expected["build"]);
            assert_eq!(conda.noarch.is_some(), !expected["noarch"].is_null());
            assert_eq!(
                serde_json::from_str::<Value>(conda.record.get()).expect("JSON"),
                expected["record"]
            );
        }
        PlanFormat::Wheel(wheel) => {
            assert_eq!(expected["kind"], "wheel");
            assert_eq!(
                Value::from(wheel.direct_url.clone()),
                expected["direct_url"]
            );
        }
    }
}

fn assert_launch(stamp: &Stamp, case: &Value) {
    let (launch, expected) = (
        stamp
            .launch(&stamp.header().expect("a header"))
            .expect("a launch part"),
        &case["launch"],
    );
    let entry = launch.as_entry();
    assert_eq!(entry.flags, expected["flags"]);
    assert_eq!(
        launch.marker_start.as_bytes(),
        [entry.marker_start, stamp.identity_hex().as_bytes(), b"\""].concat()
    );
    let strings = [
        entry.prefix,
        entry.delegate,
        entry.marker,
        entry.marker_start,
        entry.prefix_variable,
        entry.words,
    ]
    .map(|bytes| str::from_utf8(bytes).expect("text"));
    assert_eq!(Value::from(strings.to_vec()), expected["strings"]);
}

#[test]
fn bad_vectors_are_refused_with_the_reason_that_their_names_give() {
    let cases = read_cases("bad");
    assert!(cases.len() > 20);
    for case in cases {
        let file = case["file"].as_str().expect("a file");
        let outcome = read_everything(&vectors().join(file));
        let expected = (
            case["error"]["kind"].as_str().expect("a kind"),
            case["error"]["part"].as_str(),
        );
        assert_eq!(
            name_outcome(&outcome),
            expected,
            "{file}: {:?}",
            outcome.err().map(|error| error.to_string())
        );
    }
}

#[test]
fn marks_are_the_bytes_that_the_index_says() {
    let cases = read_cases("marks");
    // The others are of templates that read other stamps than this one.
    let known = |case: &&Value| case["stamp_formats"] == serde_json::json!([1]);
    assert!(cases.iter().filter(known).count() > 1);
    for case in cases.iter().filter(known) {
        let text = |key: &str| case[key].as_str().expect("a string");
        let mark = template_mark(text("name"), text("version"), text("target"));
        assert_eq!(hex(&mark), text("hex"), "{case}");
    }
}

#[test]
fn a_stamp_that_no_signature_covers_is_refused_with_the_reason() {
    for (file, why) in [
        (
            "pe-bytes-behind-the-table",
            ": its certificate table is not the end of the file",
        ),
        (
            "macho-byte-behind-the-signature",
            ": its code signature is not the end of the file",
        ),
        (
            "universal",
            ": it is a universal executable, which has no place for a stamp",
        ),
        ("pe-stamp-in-the-table-only", ""),
    ] {
        let path = vectors().join(format!("bad/{file}.bin"));
        let error = Stamp::open(&path).expect_err("no signature covers it");
        let expected = format!(
            "{}: the stamp is not where the signed bytes of this file end{why}",
            path.display()
        );
        assert_eq!(error.to_string(), expected);
    }
}

/// Numbers, and what is found from each of them on.
fn runs_of(case: &Value, name: &str) -> Vec<(usize, String)> {
    serde_json::from_value(case[name].clone()).expect("a list of runs")
}

fn kind_at(runs: &[(usize, String)], number: usize) -> &str {
    let run = runs.iter().rev().find(|(first, _)| *first <= number);
    &run.expect("a run from 0 on").1
}

/// One file for many contents: to create thousands takes much longer than to read them.
struct Scratch(tempfile::NamedTempFile);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::NamedTempFile::new().expect("a temporary file"))
    }

    fn kind_of(&self, bytes: &[u8]) -> &'static str {
        std::fs::write(self.0.path(), bytes).expect("room");
        name_outcome(&Stamp::open(self.0.path())).0
    }
}

#[test]
fn one_flipped_bit_in_an_executables_headers_gives_what_the_index_says() {
    let scratch = Scratch::new();
    for case in read_cases("damage") {
        let file = case["file"].as_str().expect("a file");
        let bytes = std::fs::read(vectors().join(file)).expect("a vector");
        let runs = runs_of(&case, "flipped_bits");
        let (last, _) = runs.last().expect("a run");
        assert!(*last > 100);
        // Every fifth meets each byte, and each place in a byte.
        for bit in (0..last + 64).step_by(5) {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                scratch.kind_of(&changed),
                kind_at(&runs, bit),
                "bit {bit} of {file}"
            );
        }
    }
}

#[test]
fn an_executable_that_is_cut_off_gives_what_the_index_says() {
    let scratch = Scratch::new();
    for case in read_cases("damage") {
        let file = case["file"].as_str().expect("a file");
        let bytes = std::fs::read(vectors().join(file)).expect("a vector");
        let runs = runs_of(&case, "truncated_to");
        // All of the headers and of the footer, and each place where another kind starts; of the rest a part.
        let near = |size| {
            runs.iter()
                .any(|(first, _)| usize::abs_diff(*first, size) < 3)
        };
        let (headers, footer) = (0x260, bytes.len() - 600);
        for size in (0..bytes.len())
            .filter(|&size| size < headers || size > footer || size % 97 == 0 || near(size))
        {
            let expected = kind_at(&runs, size);
            assert_eq!(
                scratch.kind_of(&bytes[..size]),
                expected,
                "{size} bytes of {file}"
            );
        }
    }
}

#[test]
fn headers_of_random_bytes_are_read_without_a_panic() {
    let scratch = Scratch::new();
    let mut dice = 0x9E37_79B9_7F4A_7C15_u64;
    let mut roll = |limit: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice % limit
    };
    let mut refused = 0;
    for case in read_cases("damage") {
        let file = case["file"].as_str().expect("a file");
        let bytes = std::fs::read(vectors().join(file)).expect("a vector");
        for _ in 0..500 {
            let mut changed = bytes.clone();
            for _ in 0..1 + roll(8) {
                changed[4 + roll(0x260) as usize] = roll(256) as u8;
            }
            refused += usize::from(scratch.kind_of(&changed) != "accepted");
        }
    }
    assert!(refused > 100);
}
