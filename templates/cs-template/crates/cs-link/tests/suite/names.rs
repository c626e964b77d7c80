//! Names that some systems take for one: upper and lower case letters.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{Bench, Recipe, bench, file, hard_link, recipe};

/// Every file of the prefix, but for those that say what is there, as a listing of its directories has them.
fn list(directory: &Path, start: &str, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{start}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            list(&entry.path(), &format!("{path}/"), found);
        } else if !path.starts_with("conda-meta/") {
            found.insert(path);
        }
    }
}

/// Link the packages, and return what is in the prefix after comparing it with what their records say.
///
/// Of directories the records have the spelling of each package, the system that of the first.
fn link(bench: &Bench, recipes: &[Recipe]) -> BTreeSet<String> {
    bench.link(recipes).unwrap();
    let mut found = BTreeSet::new();
    list(&bench.staging(), "", &mut found);
    let mut recorded = Vec::new();
    for recipe in recipes {
        let record = bench.record(&recipe.name);
        let files = record["files"].as_array().unwrap().iter();
        recorded.extend(files.map(|path| path.as_str().unwrap().to_owned()));
    }
    recorded.sort();
    let there: Vec<&String> = found.iter().collect();
    assert_eq!(recorded.iter().collect::<Vec<_>>(), there);
    found
}

/// Whether the file system has one file by the names `a` and `A`.
fn is_one(bench: &Bench) -> bool {
    let probe = bench.directory.path().join("probe");
    std::fs::write(&probe, "").unwrap();
    bench.directory.path().join("PROBE").exists()
}

#[test]
fn of_two_spellings_in_one_package_the_record_has_the_one_that_is_there() {
    for reversed in [false, true] {
        let bench = bench();
        let mut items = vec![
            file("share/Case.txt", "first"),
            file("share/other", "x"),
            file("share/case.TXT", "second"),
        ];
        if reversed {
            items.reverse();
        }
        let found = link(&bench, &[recipe("demo", items)]);
        assert_eq!(found.len(), if is_one(&bench) { 2 } else { 3 });
        let last = if reversed { "Case.txt" } else { "case.TXT" };
        let text = if reversed { "first" } else { "second" };
        assert_eq!(bench.text(&format!("share/{last}")), text);
    }
}

#[test]
fn a_hard_link_to_another_spelling_of_itself_is_the_file() {
    let bench = bench();
    let items = vec![
        file("share/Case.txt", "text"),
        hard_link("share/case.TXT", "share/Case.txt", 4),
    ];
    let found = link(&bench, &[recipe("demo", items)]);
    assert_eq!(found.len(), if is_one(&bench) { 1 } else { 2 });
    assert_eq!(bench.text("share/case.TXT"), "text");
}

#[test]
fn of_two_spellings_in_two_packages_one_package_records_it() {
    for reversed in [false, true] {
        let bench = Bench {
            reversed,
            ..bench()
        };
        let one = recipe(
            "one",
            vec![file("share/Case.txt", "first"), file("share/one", "x")],
        );
        let two = recipe(
            "two",
            vec![file("share/case.TXT", "second"), file("share/two", "x")],
        );
        let found = link(&bench, &[one, two]);
        assert_eq!(found.len(), if is_one(&bench) { 3 } else { 4 });
        assert_eq!(bench.text("share/case.TXT"), "second");
    }
}

#[test]
fn a_later_file_for_the_same_target_is_the_one_that_is_recorded() {
    let bench = bench();
    let target = "lib/python3.11/site-packages/a.py";
    let items = vec![file("site-packages/a.py", "first"), file(target, "second")];
    let found = link(&bench, &[recipe("demo", items).python(&[])]);
    assert_eq!(found, BTreeSet::from([target.to_owned()]));
}
