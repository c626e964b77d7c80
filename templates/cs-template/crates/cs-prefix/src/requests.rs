//! What a prefix's user has asked conda for since the runtime made it, according to `conda-meta/history`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cs_file::Links;

use crate::error::PrefixError;
use crate::sys::is_absence;

/// Ten years of weekly updates of a thousand packages take half of it.
const LIMIT_BYTES: u64 = 64 << 20;

/// The specs that the user has asked for and that are still in force, as conda's `History.get_requested_specs_map`
/// finds them, without those that the runtime itself was made of: sorted by package.
///
/// `installed` has the `name-version-build` of every package: what was asked for and is gone does not count.
pub(crate) fn find_requests(
    prefix: &Path,
    installed: &BTreeSet<String>,
) -> Result<Vec<String>, PrefixError> {
    let path = prefix.join("conda-meta").join("history");
    let bytes = match cs_file::read(&path, Links::Refused, LIMIT_BYTES) {
        Ok(bytes) => bytes,
        // What is not conda's history asks for nothing.
        Err(error) if is_absence(&error) || cs_file::is_odd(&error) => Vec::new(),
        Err(source) => return Err(PrefixError::io("read", &path, source)),
    };
    let names: BTreeSet<&str> = installed
        .iter()
        .filter_map(|stem| stem.rsplitn(3, '-').nth(2))
        .collect();
    let requests = replay(&String::from_utf8_lossy(&bytes));
    let present = requests
        .into_iter()
        .filter(|(name, _)| names.contains(name.as_str()));
    Ok(present.map(|(_, spec)| spec).collect())
}

/// Package to spec, after all revisions but the first, which the runtime wrote.
fn replay(history: &str) -> BTreeMap<String, String> {
    let mut own = BTreeMap::new();
    let mut requests = BTreeMap::new();
    let mut revisions = 0;
    for line in history.lines() {
        revisions += usize::from(line.starts_with("==>"));
        let Some((action, specs)) = parse_line(line) else {
            continue;
        };
        for spec in specs {
            let name = name_package(&spec);
            match action {
                "update" | "install" | "create" if revisions <= 1 => {
                    own.insert(name, spec);
                }
                "update" | "install" | "create" if own.get(&name) != Some(&spec) => {
                    requests.insert(name, spec);
                }
                "update" | "install" | "create" | "remove" | "uninstall" => {
                    requests.remove(&name);
                }
                // The solver loosened it.
                "neutered" if requests.contains_key(&name) => {
                    requests.insert(name, spec);
                }
                _ => {}
            }
        }
    }
    requests
}

/// `# ACTION specs: LIST`, where the list is a Python literal or, from old condas, joined by commas.
fn parse_line(line: &str) -> Option<(&str, Vec<String>)> {
    let (action, specs) = line.strip_prefix('#')?.split_once(" specs:")?;
    let specs = specs.trim();
    let list = match specs.strip_prefix('[') {
        Some(literal) => parse_strings(literal),
        None if specs.contains('[') => Vec::new(),
        None => specs
            .split(',')
            .filter(|spec| !spec.is_empty() && !spec.ends_with('@'))
            .map(str::to_owned)
            .collect(),
    };
    Some((action.trim(), list))
}

/// The strings of a Python list.
fn parse_strings(literal: &str) -> Vec<String> {
    let mut strings = Vec::new();
    let mut letters = literal.chars();
    while let Some(letter) = letters.next() {
        if letter != '\'' && letter != '"' {
            continue;
        }
        let mut string = String::new();
        while let Some(next) = letters.next().filter(|next| *next != letter) {
            match next {
                '\\' => string.extend(letters.next()),
                next => string.push(next),
            }
        }
        strings.push(string);
    }
    strings
}

/// The package that a match spec is about: `numpy` of `conda-forge::numpy >=2`.
fn name_package(spec: &str) -> String {
    let spec = spec.rsplit("::").next().unwrap_or(spec).trim_start();
    let end = spec.find(|letter: char| " =<>!~[".contains(letter));
    spec[..end.unwrap_or(spec.len())].to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "==> 2026-01-01 00:00:00 <==\n# cmd: bootstrap\n+c/noarch::conda-26.7-0\n\
        # update specs: [\"conda\", \"python 3.*\"]\n";

    fn replayed(more: &str) -> Vec<String> {
        replay(&format!("{OWN}{more}")).into_values().collect()
    }

    fn revision(lines: &str) -> String {
        format!("==> 2026-02-02 00:00:00 <==\n# cmd: conda install\n{lines}\n")
    }

    #[test]
    fn the_runtimes_own_packages_are_not_requests_of_the_user() {
        assert!(replayed("").is_empty());
        assert!(replayed(&revision("# update specs: ['conda', 'python 3.*']")).is_empty());
    }

    #[test]
    fn the_last_spec_of_a_package_counts_until_it_is_removed() {
        let first = revision("# update specs: ['numpy', 'conda-forge::rich[version=\\'>=13\\']']");
        assert_eq!(
            replayed(&first),
            ["numpy", "conda-forge::rich[version='>=13']"]
        );
        let second = revision("# update specs: ['numpy=2']\n# remove specs: ['rich']");
        assert_eq!(replayed(&(first + &second)), ["numpy=2"]);
    }

    #[test]
    fn a_package_of_the_runtime_that_is_asked_for_otherwise_is_a_request() {
        assert_eq!(
            replayed(&revision("# update specs: [\"python=3.13\"]")),
            ["python=3.13"]
        );
    }

    #[test]
    fn loosened_specs_match_the_users_own_and_no_others() {
        let more =
            revision("# update specs: ['numpy=2.1.0']\n# neutered specs: ['numpy', 'conda']");
        assert_eq!(replayed(&more), ["numpy"]);
    }

    #[test]
    fn lists_of_old_condas_are_read() {
        assert_eq!(
            replayed(&revision("# install specs: numpy,rich 13*,gone@")),
            ["numpy", "rich 13*"]
        );
    }

    #[test]
    fn the_name_ends_where_the_version_begins() {
        for spec in [
            "NumPy",
            "numpy=2",
            "numpy >=2",
            "numpy>=2,<3",
            "numpy!=2",
            "numpy~=2",
            "numpy[build=x]",
            "defaults/linux-64::numpy==2=0",
        ] {
            assert_eq!(name_package(spec), "numpy", "{spec}");
        }
    }

    #[test]
    fn a_request_for_a_removed_package_does_not_count() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("conda-meta")).unwrap();
        let history = format!("{OWN}{}", revision("# update specs: ['a-b', 'gone']"));
        std::fs::write(directory.path().join("conda-meta/history"), history).unwrap();
        let installed = BTreeSet::from(["a-b-1.0-0".to_owned(), "conda-26.7-0".to_owned()]);
        assert_eq!(
            find_requests(directory.path(), &installed).unwrap(),
            ["a-b"]
        );
    }
}
