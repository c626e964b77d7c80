//! What is installed in a prefix, by conda and by pip.

use std::collections::BTreeSet;
use std::path::Path;

use cs_file::Links;
use serde::Deserialize;

use crate::error::PrefixError;
use crate::look::list_names;

/// As much as the list of files in an archive may have; a record has that list once or twice.
pub(crate) const RECORD_LIMIT_BYTES: u64 = 256 << 20;

/// What is installed in a prefix, by conda and by pip.
#[derive(Debug)]
pub struct Contents {
    /// `name-version-build` of the conda packages.
    pub packages: BTreeSet<String>,
    /// Metadata of Python distributions, relative to the prefix.
    pub distributions: BTreeSet<String>,
}

impl Contents {
    /// List the conda records and Python distributions under `prefix`.
    pub fn list(prefix: &Path) -> Result<Self, PrefixError> {
        Ok(Self {
            packages: list_packages(prefix)?,
            distributions: list_distributions(prefix)?,
        })
    }

    /// The projects that the distributions are of, by their names in normal form (PEP 503).
    pub fn projects(&self) -> BTreeSet<String> {
        self.distributions
            .iter()
            .map(|path| name_project(path))
            .collect()
    }
}

/// The name in `DIRECTORY/NAME-VERSION.dist-info`, in normal form.
fn name_project(distribution: &str) -> String {
    let file_name = distribution.rsplit('/').next().unwrap_or(distribution);
    let name = file_name
        .split('-')
        .next()
        .unwrap_or(file_name)
        .to_lowercase();
    let words = name.split(['_', '.']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// The part of a package's record that says what belongs to it.
#[derive(Deserialize)]
struct Record {
    #[serde(default)]
    files: Vec<String>,
}

/// The files that a package's record lists.
pub(crate) fn read_record(prefix: &Path, package: &str) -> Result<Vec<String>, PrefixError> {
    let path = prefix.join("conda-meta").join(format!("{package}.json"));
    let bytes = match cs_file::read(&path, Links::Refused, RECORD_LIMIT_BYTES) {
        Err(error) if cs_file::is_odd(&error) => return Ok(Vec::new()),
        bytes => bytes.map_err(|source| PrefixError::io("read", &path, source))?,
    };
    // Whatever is wrong with a record is conda's to say.
    let record = serde_json::from_slice(&bytes).unwrap_or(Record { files: Vec::new() });
    Ok(record.files)
}

fn list_packages(prefix: &Path) -> Result<BTreeSet<String>, PrefixError> {
    let names = list_names(&prefix.join("conda-meta"))?;
    Ok(names
        .iter()
        .filter_map(|name| name.strip_suffix(".json"))
        .map(str::to_owned)
        .collect())
}

fn list_distributions(prefix: &Path) -> Result<BTreeSet<String>, PrefixError> {
    let mut found = BTreeSet::new();
    for site_packages in site_packages_directories(prefix)? {
        for name in list_names(&prefix.join(&site_packages))? {
            if name.ends_with(".dist-info")
                || name.ends_with(".egg-info")
                || name.ends_with(".egg-link")
            {
                found.insert(format!("{site_packages}/{name}"));
            }
        }
    }
    Ok(found)
}

/// `lib/pythonX.Y/site-packages` on Unix, `Lib/site-packages` on Windows, relative to the prefix.
fn site_packages_directories(prefix: &Path) -> Result<Vec<String>, PrefixError> {
    if cfg!(windows) {
        return Ok(vec!["Lib/site-packages".to_owned()]);
    }
    let mut directories = Vec::new();
    for name in list_names(&prefix.join("lib"))? {
        let path = format!("lib/{name}");
        // `lib/python3.1` is a link that conda's python makes to the real one.
        let is_link = prefix.join(&path).is_symlink();
        if name.starts_with("python") && !is_link {
            directories.push(format!("{path}/site-packages"));
        }
    }
    Ok(directories)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_are_named_in_normal_form() {
        for (distribution, name) in [
            ("six-1.17.0.dist-info", "six"),
            ("Ruamel_.Yaml-1.dist-info", "ruamel-yaml"),
            ("zope.interface-8.0-py3.13.egg-info", "zope-interface"),
        ] {
            assert_eq!(name_project(&format!("lib/{distribution}")), name);
        }
    }
}
