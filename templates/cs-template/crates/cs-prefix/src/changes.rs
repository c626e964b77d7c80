//! What a prefix's user has added or removed since the runtime made it.

use std::collections::BTreeSet;
use std::path::Path;

use crate::contents::{Contents, read_record};
use crate::error::PrefixError;
use crate::extras::{Compiled, find_extras};
use crate::marker::Marker;
use crate::requests::find_requests;

/// Packages that came and went, by whatever tool, and files that came without one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// `name-version-build` of conda packages and metadata directories of Python distributions, sorted.
    pub added: Vec<String>,
    /// The same for what is no longer there.
    pub removed: Vec<String>,
    /// Files that came and that no package lists, sorted; a directory that holds nothing
    /// else once, with a slash at its end. At most some thousands.
    pub files: Vec<String>,
    /// The match specs that conda was asked for, when it was conda: what it takes to add it all again.
    pub requested: Vec<String>,
}

impl Changes {
    /// Whether the prefix holds what the runtime put there.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.files.is_empty()
    }
}

/// Compare what `prefix` holds with what its marker says it held.
///
/// Reads all records and lists all directories, but no other file: what packages have put there counts as unchanged
/// while it is there. A prefix whose marker does not say what its build left is compared by its packages alone.
pub fn find_changes(prefix: &Path, marker: &Marker) -> Result<Changes, PrefixError> {
    let now = Contents::list(prefix)?;
    let (added, removed) = compare_packages(prefix, marker, &now)?;
    let files = match &marker.unrecorded {
        Some(listed) => find_extras(prefix, &marker.runtime, &now, listed, Compiled::Anywhere)?,
        None => Vec::new(),
    };
    let requested = if added.is_empty() && removed.is_empty() {
        Vec::new()
    } else {
        find_requests(prefix, &now.packages)?
    };
    Ok(Changes {
        added,
        removed,
        files,
        requested,
    })
}

/// Everything that has come to a prefix since the runtime made it, for whatever purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Additions {
    /// As [`Changes::added`].
    pub packages: Vec<String>,
    /// As [`Changes::files`], and compiled modules too where Python does not put them by itself.
    pub files: Vec<String>,
}

/// Find what `prefix` holds that neither a record nor its marker lists.
pub fn find_additions(prefix: &Path, marker: &Marker) -> Result<Additions, PrefixError> {
    let now = Contents::list(prefix)?;
    let (packages, _) = compare_packages(prefix, marker, &now)?;
    let listed = marker.unrecorded.as_deref().unwrap_or_default();
    let files = find_extras(
        prefix,
        &marker.runtime,
        &now,
        listed,
        Compiled::WherePythonPutsThem,
    )?;
    Ok(Additions { packages, files })
}

/// Packages, and distributions of no conda package, that are there now and were not then, and the other way round.
fn compare_packages(
    prefix: &Path,
    marker: &Marker,
    now: &Contents,
) -> Result<(Vec<String>, Vec<String>), PrefixError> {
    let (mut added, mut removed) = compare(&marker.packages, &now.packages);
    let (distributed, mut gone) = compare(&marker.distributions, &now.distributions);
    let owned = list_owned(prefix, &added, &distributed)?;
    added.extend(distributed.into_iter().filter(|path| !owned.contains(path)));
    gone.retain(|path| !removed.iter().any(|package| is_likely_of(path, package)));
    removed.append(&mut gone);
    Ok((added, removed))
}

/// What is there now and was not then, and the other way round.
fn compare(then: &[String], now: &BTreeSet<String>) -> (Vec<String>, Vec<String>) {
    let then: BTreeSet<String> = then.iter().cloned().collect();
    let missing_from = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
        one.difference(other).cloned().collect::<Vec<_>>()
    };
    (missing_from(now, &then), missing_from(&then, now))
}

/// Those of `distributions` that are part of the new conda packages, whose records list their files.
fn list_owned(
    prefix: &Path,
    packages: &[String],
    distributions: &[String],
) -> Result<BTreeSet<String>, PrefixError> {
    let mut owned = BTreeSet::new();
    if distributions.is_empty() {
        return Ok(owned);
    }
    for package in packages {
        for file in read_record(prefix, package)? {
            let of_file = distributions.iter().filter(|path| is_within(&file, path));
            owned.extend(of_file.cloned());
        }
    }
    Ok(owned)
}

/// Whether `file` is `path`, or in the directory of that name.
fn is_within(file: &str, path: &str) -> bool {
    let rest = file.strip_prefix(path);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a distribution that is gone went with a conda package that is gone, whose record went too:
/// they have the same name, or, where they are called differently (torch, pytorch), the same version.
fn is_likely_of(distribution: &str, package: &str) -> bool {
    let file_name = distribution.rsplit('/').next().unwrap_or(distribution);
    let stem = file_name
        .rsplit_once('.')
        .map_or(file_name, |(stem, _)| stem);
    let mut parts = stem.splitn(3, '-');
    let mut package_parts = package.rsplitn(3, '-').skip(1);
    let (name, version) = (parts.next(), parts.next());
    let (package_version, package_name) = (package_parts.next(), package_parts.next());
    let normalise = |name: &str| name.to_lowercase().replace(['_', '.'], "-");
    let is_same = name.map(normalise) == package_name.map(normalise);
    is_same || (version.is_some() && version == package_version)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE_PACKAGES: &str = "lib/python3.11/site-packages";

    #[test]
    fn a_distribution_goes_with_the_package_of_its_name_or_version() {
        for (distribution, package, is_likely) in [
            ("rich-13.0.dist-info", "rich-13.0-pyh_0", true),
            ("Ruamel_Yaml-1.dist-info", "ruamel.yaml-2-0", true),
            ("torch-2.1.dist-info", "pytorch-2.1-cuda_0", true),
            ("torch-2.1.dist-info", "numpy-2.0-0", false),
            ("attr-1.0-py3.11.egg-info", "attr-1.1-0", true),
            ("easy.egg-link", "other-1-0", false),
        ] {
            let path = format!("{SITE_PACKAGES}/{distribution}");
            assert_eq!(is_likely_of(&path, package), is_likely, "{path} {package}");
        }
    }

    #[test]
    fn a_file_is_within_its_directory_and_not_within_one_whose_name_only_begins_alike() {
        assert!(is_within("a/b-1.dist-info/RECORD", "a/b-1.dist-info"));
        assert!(is_within("a/b-1.egg-info", "a/b-1.egg-info"));
        assert!(!is_within("a/b-1.dist-infos/RECORD", "a/b-1.dist-info"));
    }
}
