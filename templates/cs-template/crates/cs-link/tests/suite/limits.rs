//! What an archive costs is bounded by what it is.

use std::convert::Infallible;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(unix)]
use crate::support::symlink;
use crate::support::{
    Item, Recipe, are_one, bench, file, hard_link, package_of, recipe, script_of,
};
use cs_archive::{Archive, Archives, ReadAt};
use cs_link::{Fault, Kind};
use serde_json::{Value, json};

const MIB: usize = 1 << 20;

/// Bytes that cannot be compressed.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut byte = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(|_| byte()).collect()
}

fn refusal(recipe: Recipe) -> String {
    let error = bench().link(&[recipe]).unwrap_err();
    assert_eq!(error.kind(), Kind::Archive, "{error}");
    assert!(matches!(error.fault, Fault::Hostile { .. }), "{error}");
    error.to_string()
}

/// Hard links to one file, each with a placeholder of its own.
fn links(count: usize, target: &str, size: usize) -> Vec<Item> {
    let link = |number| {
        hard_link(&format!("share/link-{number}"), target, size)
            .with("file_mode", "text")
            .with("prefix_placeholder", format!("/placeholder-{number}/"))
    };
    (0..count).map(link).collect()
}

#[test]
fn copies_of_hard_links_hold_each_its_own_bytes() {
    let big = "x /placeholder-0/ /placeholder-1/ y\n".repeat(5_000);
    let mut items = vec![file("share/big", &big)];
    items.extend(links(3, "share/big", big.len()));
    // One more with the placeholder of the second, one with that of the file itself, and one that leads to a link.
    items.push(links(2, "share/big", big.len()).remove(1));
    items[4].path = "share/again".into();
    items[4].set("_path", "share/again".into());
    items.push(hard_link("share/same", "share/big", big.len()));
    items.push(hard_link("share/chain", "share/link-0", big.len()));
    for recipe in [
        recipe("demo", items.clone()),
        recipe("demo", items).tar_bz2(),
    ] {
        let bench = bench();
        bench.link(&[recipe]).unwrap();
        assert_eq!(bench.text("share/big"), big);
        for number in [0, 1, 2] {
            let expected = big.replace(&format!("/placeholder-{number}/"), "/opt/final");
            assert_eq!(bench.text(&format!("share/link-{number}")), expected);
        }
        for (one, other) in [
            ("share/again", "share/link-1"),
            ("share/same", "share/big"),
            ("share/chain", "share/big"),
        ] {
            assert!(are_one(&bench.path(one), &bench.path(other)), "{one}");
        }
        let records = bench.record("demo");
        assert_eq!(records["files"].as_array().unwrap().len(), 7);
        let names = std::fs::read_dir(bench.path("conda-meta")).unwrap();
        assert!(
            names
                .map(Result::unwrap)
                .all(|name| !name.file_name().to_string_lossy().starts_with(".aside"))
        );
    }
}

#[test]
fn copies_of_hard_links_count_by_the_bytes_written() {
    let mut items = vec![file("share/big", vec![0; 24 * MIB])];
    items.extend(links(5, "share/big", 0));
    let error = refusal(recipe("evil", items));
    assert!(
        error.contains("more bytes than its own list of files adds up to"),
        "{error}"
    );
    let mut items = vec![file("share/big", vec![0; 24 * MIB]).with("size_in_bytes", Value::Null)];
    items.extend(links(5, "share/big", 0));
    let error = refusal(recipe("evil", items));
    assert!(error.contains("two hundred times its own size"), "{error}");
}

#[test]
fn copies_that_are_listed_with_their_size_are_made() {
    let mut items = vec![file("share/big", vec![0; 2 * MIB])];
    items.extend(links(30, "share/big", 2 * MIB));
    let report = bench().link(&[recipe("demo", items)]).unwrap();
    assert_eq!(report.bytes, 31 * 2 * MIB as u64);
}

/// An archive that counts the bytes that are read of it, and hands itself out once.
struct Counted {
    bytes: Vec<u8>,
    read: AtomicU64,
}

impl ReadAt for Counted {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let count = self.bytes.read_at(buffer, offset)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

struct One(Mutex<Option<&'static Counted>>);

impl Archives for One {
    type Error = Infallible;

    fn next(&self) -> Result<Option<Archive>, Infallible> {
        let counted = self.0.lock().unwrap().take();
        Ok(counted.map(|counted| Archive {
            index: 0,
            bytes: Box::new(counted),
            verified: true,
        }))
    }
}

/// How often an archive is read from its beginning to its end.
fn count_readings(recipe: &Recipe) -> f64 {
    let bytes = recipe.bytes();
    let package = package_of(recipe, &bytes);
    let read = AtomicU64::new(0);
    let counted: &Counted = Box::leak(Box::new(Counted { bytes, read }));
    let archives = One(Mutex::new(Some(counted)));
    bench().link_from(&[package], &archives).unwrap();
    counted.read.load(Ordering::Relaxed) as f64 / counted.len() as f64
}

#[test]
fn an_archive_is_read_once_more_for_all_its_hard_links_together() {
    // Nearly all of the archive is the file before the one that the links lead to: every reading passes it.
    let readings = |links_count| {
        let mut items = vec![file("share/large", noise(MIB)), file("share/small", "x")];
        items.extend(links(links_count, "share/small", 1));
        let conda = count_readings(&recipe("demo", items.clone()));
        [conda, count_readings(&recipe("demo", items).tar_bz2())]
    };
    for (count, most) in [(0, 1.2), (1, 2.2), (150, 2.2)] {
        for times in readings(count) {
            assert!(
                (most - 0.2..=most).contains(&times),
                "{count} links: {times} readings"
            );
        }
    }
}

#[test]
fn of_two_commands_with_one_name_the_later_one_stays() {
    let items = vec![file("python-scripts/one", "a script")];
    let bench = bench();
    let points = ["one = a:first", "two = a:second", "one = a:third"];
    bench
        .link(&[recipe("demo", items).python(&points)])
        .unwrap();
    assert!(bench.text(&script_of("one")).contains("third"));
    let files = &bench.record("demo")["files"];
    let expected = if cfg!(windows) {
        json!([
            "Scripts/one",
            "Scripts/one-script.py",
            "Scripts/one.exe",
            "Scripts/two-script.py",
            "Scripts/two.exe"
        ])
    } else {
        json!(["bin/one", "bin/two"])
    };
    assert_eq!(files, &expected);
}

#[test]
fn text_does_not_grow_without_end() {
    let text = |placeholder: &str, count: usize| {
        file("share/text", placeholder.repeat(count))
            .with("file_mode", "text")
            .with("prefix_placeholder", placeholder)
    };
    let mut bench = bench();
    bench.prefix = format!("/{}", "prefix".repeat(20)).into();
    let error = bench
        .link(&[recipe("evil", vec![text("a", 4 * MIB)])])
        .unwrap_err();
    assert!(
        error.to_string().contains("more than four times larger"),
        "{error}"
    );
    let written = bench.path("share/text").metadata().unwrap().len();
    assert!(written < 36 * MIB as u64, "{written}");
    // As many as real packages have, and many more.
    for (placeholder, count) in [
        ("/usr", 100_000),
        ("/opt/anaconda1anaconda2anaconda3", 500_000),
    ] {
        bench.directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(bench.staging()).unwrap();
        bench
            .link(&[recipe("demo", vec![text(placeholder, count)])])
            .unwrap();
        assert_eq!(bench.read("share/text").len(), 121 * count);
    }
}

/// A package with these metadata and no files.
fn described(info: &[(&str, String)]) -> Recipe {
    let mut recipe = recipe("evil", vec![]);
    let defaults = [
        ("index.json", r#"{"name": "evil"}"#),
        ("about.json", "{}"),
        ("paths.json", r#"{"paths": []}"#),
    ];
    let is_default = |&(name, _): &(&str, &str)| info.iter().all(|(other, _)| *other != name);
    let defaults = defaults.into_iter().filter(is_default);
    let all = defaults.map(|(name, text)| (name.to_owned(), text.into()));
    let given = info
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.clone().into()));
    recipe.info = Some(all.chain(given).collect());
    recipe
}

#[test]
fn entries_of_every_kind_are_counted_together() {
    let list = |count: usize, path: &dyn Fn(usize) -> String| {
        let paths: Vec<Value> = (0..count)
            .map(|number| json!({"_path": path(number)}))
            .collect();
        json!({"paths": paths}).to_string()
    };
    let files: String = (0..40_000).map(|number| format!("f/{number}\n")).collect();
    for info in [
        [("paths.json", list(40_000, &|number| format!("f/{number}")))],
        // A hundred and fifty paths, and all the directories that they are in.
        [(
            "paths.json",
            list(150, &|number| format!("{number}{}/x", "/d".repeat(250))),
        )],
        [("files", files)],
    ] {
        let mut recipe = described(&info);
        if info[0].0 == "files" {
            recipe
                .info
                .as_mut()
                .unwrap()
                .retain(|(name, _)| name != "paths.json");
        }
        let error = refusal(recipe);
        assert!(
            error.contains("files, links, directories and commands"),
            "{error}"
        );
    }
    let points = vec!["one = module:main"; 40_000];
    let error = refusal(recipe("evil", vec![]).python(&points));
    assert!(
        error.contains("files, links, directories and commands"),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn a_larger_archive_may_have_more_entries() {
    let mut items: Vec<Item> = (0..21_000)
        .map(|number| symlink(&format!("l/{number}"), "x"))
        .collect();
    // What makes it larger cannot be compressed.
    items.push(file("share/noise", noise(100_000)));
    let report = bench().link(&[recipe("demo", items)]).unwrap();
    assert_eq!(report.files, 21_001);
}

#[test]
fn metadata_files_have_a_size_limit() {
    let padded = |name: &str, length: usize| refusal(described(&[(name, " ".repeat(length))]));
    for name in ["index.json", "link.json"] {
        let error = padded(name, 4 * MIB + 1);
        assert!(error.contains("larger than 4 MiB"), "{error}");
    }
    for name in ["paths.json", "has_prefix"] {
        let error = padded(name, 128 * MIB + 1);
        assert!(error.contains("more than 128 MiB"), "{error}");
    }
}
