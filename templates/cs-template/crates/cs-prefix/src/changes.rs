//! What a prefix's user has added or removed since the runtime made it.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use crate::error::PrefixError;
use crate::marker::{Marker, is_absence};

/// Packages that came and went, by whatever tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// `name-version-build` of conda packages and metadata directories of Python distributions, sorted.
    pub added: Vec<String>,
    /// The same for what is no longer there.
    pub removed: Vec<String>,
}

impl Changes {
    /// Whether the prefix holds what the runtime put there.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// What is installed in a prefix, by conda and by pip.
pub(crate) struct Contents {
    pub packages: BTreeSet<String>,
    pub distributions: BTreeSet<String>,
}

impl Contents {
    /// List the conda records and Python distributions below `prefix`.
    pub fn list(prefix: &Path) -> Result<Self, PrefixError> {
        Ok(Self {
            packages: list_packages(prefix)?,
            distributions: list_distributions(prefix)?,
        })
    }
}

/// Compare what `prefix` holds with what its marker says it held.
///
/// Reads three or four directories; compiled files and everything else that no package manager records are not looked at.
pub fn find_changes(prefix: &Path, marker: &Marker) -> Result<Changes, PrefixError> {
    let now = Contents::list(prefix)?;
    let mut changes = Changes::default();
    for (then, now) in [
        (&marker.packages, &now.packages),
        (&marker.distributions, &now.distributions),
    ] {
        let then: BTreeSet<String> = then.iter().cloned().collect();
        changes.added.extend(now.difference(&then).cloned());
        changes.removed.extend(then.difference(now).cloned());
    }
    Ok(changes)
}

fn list_packages(prefix: &Path) -> Result<BTreeSet<String>, PrefixError> {
    let names = list_directory(&prefix.join("conda-meta"))?;
    Ok(names
        .iter()
        .filter_map(|name| name.strip_suffix(".json"))
        .map(str::to_owned)
        .collect())
}

fn list_distributions(prefix: &Path) -> Result<BTreeSet<String>, PrefixError> {
    let mut found = BTreeSet::new();
    for site_packages in site_packages_directories(prefix)? {
        for name in list_directory(&prefix.join(&site_packages))? {
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
    for name in list_directory(&prefix.join("lib"))? {
        let path = format!("lib/{name}");
        // `lib/python3.1` is a link that conda's python makes to the real one.
        let is_link = prefix.join(&path).is_symlink();
        if name.starts_with("python") && !is_link {
            directories.push(format!("{path}/site-packages"));
        }
    }
    Ok(directories)
}

/// Names in a directory; none when it is not there.
fn list_directory(directory: &Path) -> Result<Vec<String>, PrefixError> {
    let names = std::fs::read_dir(directory).and_then(|entries| {
        entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<Vec<_>>>()
    });
    match names {
        Err(error) if is_absence(&error) => Ok(Vec::new()),
        other => other.map_err(|source| PrefixError::io("list", directory, source)),
    }
}
