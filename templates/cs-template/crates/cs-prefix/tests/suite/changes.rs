//! What counts as a change of the user, and how often.

use std::fs;

use crate::common::{OLD, Place, SITE_PACKAGES, installed};
use cs_prefix::{Changes, State, find_changes, inspect};

fn changes(place: &Place) -> Changes {
    let state = inspect(&place.prefix, &OLD).unwrap();
    let State::Complete { marker } = state else {
        panic!("{state:?}")
    };
    find_changes(&place.prefix, &marker).unwrap()
}

/// Add a distribution, and return its path in the prefix.
fn add_distribution(place: &Place, name: &str) -> String {
    let path = format!("{SITE_PACKAGES}/{name}.dist-info");
    fs::create_dir_all(place.prefix.join(&path)).unwrap();
    path
}

/// Add the record of a conda package that holds the distributions.
fn add_record(place: &Place, stem: &str, distributions: &[&str]) {
    let files: Vec<String> = distributions
        .iter()
        .map(|path| format!("{path}/METADATA"))
        .collect();
    let record = serde_json::json!({ "name": stem, "files": files });
    let path = place.prefix.join(format!("conda-meta/{stem}.json"));
    fs::write(path, record.to_string()).unwrap();
}

#[test]
fn a_conda_package_counts_once_however_many_distributions_it_holds() {
    let place = installed(&OLD);
    let one = add_distribution(&place, "rich-13.0");
    let other = add_distribution(&place, "rich_extras-13.0");
    add_record(&place, "rich-13.0-pyh_0", &[&one, &other]);
    assert_eq!(changes(&place).added, ["rich-13.0-pyh_0"]);
    let by_pip = add_distribution(&place, "attrs-26.0");
    assert_eq!(changes(&place).added, ["rich-13.0-pyh_0", &by_pip]);
}

/// Remove the record of a package, and the distribution that belongs to it.
fn remove_tool(place: &Place) {
    let distribution = format!("{SITE_PACKAGES}/tool-1.0.dist-info");
    fs::remove_file(place.prefix.join("conda-meta/tool-1.0-0.json")).unwrap();
    fs::remove_dir(place.prefix.join(distribution)).unwrap();
}

#[test]
fn a_conda_package_that_is_gone_counts_once() {
    let place = installed(&OLD);
    remove_tool(&place);
    assert_eq!(changes(&place).removed, ["tool-1.0-0"]);
}

#[test]
fn a_package_that_conda_has_exchanged_counts_once_on_either_side() {
    let place = installed(&OLD);
    remove_tool(&place);
    let distribution = add_distribution(&place, "tool-1.1");
    add_record(&place, "tool-1.1-0", &[&distribution]);
    let changes = changes(&place);
    assert_eq!(
        (changes.added.as_slice(), changes.removed.as_slice()),
        (
            ["tool-1.1-0".to_owned()].as_slice(),
            ["tool-1.0-0".to_owned()].as_slice(),
        )
    );
}

#[test]
fn a_distribution_that_pip_has_exchanged_is_named_itself() {
    let place = installed(&OLD);
    let gone = format!("{SITE_PACKAGES}/tool-1.0.dist-info");
    fs::remove_dir(place.prefix.join(&gone)).unwrap();
    let added = add_distribution(&place, "tool-1.1");
    let changes = changes(&place);
    assert_eq!((changes.added, changes.removed), (vec![added], vec![gone]));
}

#[test]
fn changes_list_the_packages_that_conda_was_asked_for() {
    let place = installed(&OLD);
    let history = "==> 2026-01-01 00:00:00 <==\n# update specs: [\"tool\"]\n\
                   ==> 2026-02-02 00:00:00 <==\n# update specs: ['rich>=13']\n";
    fs::write(place.prefix.join("conda-meta/history"), history).unwrap();
    assert_eq!(changes(&place), Changes::default());
    add_record(&place, "rich-13.0-pyh_0", &[]);
    assert_eq!(changes(&place).requested, ["rich>=13"]);
}
