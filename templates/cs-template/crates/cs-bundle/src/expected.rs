//! What a bundle is expected to have: names, and sizes.

use std::collections::HashMap;
use std::path::Path;

use cs_archive::Wanted;

use crate::error::BundleError;

/// Longest name of an archive in bytes: no file system takes more.
const MAX_NAME: usize = 255;

pub(crate) fn check_size(path: &Path, expected: &Wanted, actual: u64) -> Result<(), BundleError> {
    match expected.size {
        Some(size) if size != actual => Err(BundleError::Size {
            path: path.to_owned(),
            file_name: expected.file_name.clone(),
            expected: size,
            actual,
        }),
        _ => Ok(()),
    }
}

/// Map file names to indices, refusing names that are not plain file names.
pub(crate) fn index_by_name(expected: &[Wanted]) -> Result<HashMap<&str, usize>, BundleError> {
    let mut names = HashMap::with_capacity(expected.len());
    for (index, archive) in expected.iter().enumerate() {
        let name = archive.file_name.as_str();
        if !is_archive_name(name) || names.insert(name, index).is_some() {
            return Err(BundleError::FileName {
                file_name: name.to_owned(),
            });
        }
    }
    Ok(names)
}

/// Whether `name` is that of a package archive, as `docs/reference/bundle-format.md` has it.
pub(crate) fn is_archive_name(name: &str) -> bool {
    let mut stems = [".conda", ".tar.bz2", ".whl"]
        .into_iter()
        .filter_map(|suffix| name.strip_suffix(suffix));
    let stem = stems.next();
    stem.is_some_and(|stem| {
        stem.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
    }) && name.len() <= MAX_NAME
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-+!~=".contains(&byte))
}
