//! What an upgrade would do: from the packages that were installed to those of this runtime.

use std::collections::BTreeMap;

use cs_prefix::Marker;
use cs_stamp::Plan;

use super::document::{PackageChange, Upgrade};
use crate::commands::verify::RECORDS;

/// What is known of packages: versions by kind and name.
type Versions = BTreeMap<(bool, String), String>;

/// What replacing the prefix of another build would change; `reason` says why the next run does not.
pub fn compare(marker: &Marker, plan: &Plan, to: &str, reason: Option<String>) -> Upgrade {
    let (before, after) = (list_installed(marker), list_planned(plan));
    let mut upgrade = Upgrade {
        version: to.to_owned(),
        is_next: reason.is_none(),
        reason,
        added: Vec::new(),
        removed: Vec::new(),
        changed: Vec::new(),
    };
    for (key, version) in &after {
        match before.get(key) {
            None => upgrade.added.push(format!("{} {version}", key.1)),
            Some(old) if old != version => upgrade.changed.push(PackageChange {
                name: key.1.clone(),
                from: old.clone(),
                to: version.clone(),
            }),
            Some(_) => {}
        }
    }
    let gone = before.iter().filter(|(key, _)| !after.contains_key(key));
    upgrade
        .removed
        .extend(gone.map(|((_, name), version)| format!("{name} {version}")));
    upgrade
}

/// By the records that the marker lists: `conda-meta/NAME-VERSION-BUILD.json`, `.../NAME-VERSION.dist-info/RECORD`.
fn list_installed(marker: &Marker) -> Versions {
    let records = marker.extra.get(RECORDS);
    let paths = records.and_then(|records| records.as_object());
    let paths = paths.into_iter().flat_map(|records| records.keys());
    paths.filter_map(|path| read_path(path)).collect()
}

fn read_path(path: &str) -> Option<((bool, String), String)> {
    if let Some(rest) = path.strip_prefix("conda-meta/") {
        let (name, version, build) = split_conda(rest.strip_suffix(".json")?)?;
        return Some(((false, name.to_owned()), format!("{version} {build}")));
    }
    let (_, name) = path.strip_suffix(".dist-info/RECORD")?.rsplit_once('/')?;
    let (name, version) = name.rsplit_once('-')?;
    Some(((true, normalize(name)), version.to_owned()))
}

fn split_conda(stem: &str) -> Option<(&str, &str, &str)> {
    let (rest, build) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    Some((name, version, build))
}

fn list_planned(plan: &Plan) -> Versions {
    let packages = plan.packages.iter();
    let planned = packages.map(|package| match package.conda() {
        Some(conda) => (
            (false, package.name.clone()),
            format!("{} {}", package.version, conda.build),
        ),
        None => ((true, normalize(&package.name)), package.version.clone()),
    });
    planned.collect()
}

/// Names of distributions, as PEP 503 compares them.
fn normalize(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_say_which_packages_were_installed() {
        for (path, expected) in [
            (
                "conda-meta/python-dateutil-2.9-py_0.json",
                Some((false, "python-dateutil", "2.9 py_0")),
            ),
            (
                "lib/python3.12/site-packages/Typing_Extensions-4.1.dist-info/RECORD",
                Some((true, "typing-extensions", "4.1")),
            ),
            ("conda-meta/odd.json", None),
            ("share/x", None),
        ] {
            let expected = expected
                .map(|(is_wheel, name, version)| ((is_wheel, name.to_owned()), version.to_owned()));
            assert_eq!(read_path(path), expected, "{path}");
        }
    }
}
