//! The bundle: which of the expected archives are there, and their bytes.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use cs_archive::Archive;

use crate::canonical::{self, Entry};
use crate::error::BundleError;
use crate::foreign::TarReader;
use crate::{directory, foreign};

/// Longest name of an archive in bytes: no file system takes more.
const MAX_NAME: usize = 255;

/// An archive that the lock names.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Its file name: `name-version-build.conda` or `.tar.bz2`.
    pub file_name: String,
    /// SHA-256 of the whole archive.
    pub sha256: [u8; 32],
    /// Its size in bytes, when the lock knows it.
    pub size: Option<u64>,
}

/// The expected archives that a bundle has.
pub struct Bundle {
    archives: Vec<Archive>,
    missing: Vec<usize>,
}

impl Bundle {
    pub(crate) fn new(mut archives: Vec<Archive>, expected: &[Expected]) -> Self {
        archives.sort_by_key(|archive| (std::cmp::Reverse(archive.bytes.len()), archive.index));
        let mut present = vec![false; expected.len()];
        for archive in &archives {
            present[archive.index] = true;
        }
        let missing = (0..expected.len())
            .filter(|&index| !present[index])
            .collect();
        Self { archives, missing }
    }

    /// Indices of the expected archives that the bundle does not have, ascending.
    pub fn missing(&self) -> &[usize] {
        &self.missing
    }

    /// The archives, largest first: threads that take one after the other then end at about the same time.
    pub fn into_archives(self) -> Vec<Archive> {
        self.archives
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let present: Vec<usize> = self.archives.iter().map(|archive| archive.index).collect();
        f.debug_struct("Bundle")
            .field("present", &present)
            .field("missing", &self.missing)
            .finish()
    }
}

/// Find the expected archives in a directory. Other files are ignored, and so are symbolic links.
///
/// Sizes are checked here, digests when an archive is used (`Archive::verified` is false).
pub fn open_directory(path: &Path, expected: &[Expected]) -> Result<Bundle, BundleError> {
    index_by_name(expected)?;
    Ok(Bundle::new(
        directory::find_archives(path, expected)?,
        expected,
    ))
}

/// Open a `.bundle.tar.zst`: in place when it has the canonical form, else by decoding it into an unlinked file in
/// `spool_directory`, checking digests on the way.
///
/// Entries that the lock does not name are ignored; entries that no bundle may have are refused. Raising `cancel` stops
/// the decoding, which may take a while.
pub fn open_file(
    path: &Path,
    expected: &[Expected],
    spool_directory: &Path,
    cancel: &AtomicBool,
) -> Result<Bundle, BundleError> {
    let names = index_by_name(expected)?;
    let open_error = |source| BundleError::Open {
        path: path.to_owned(),
        source,
    };
    // Looked at before it is opened: opening a named pipe would wait for a writer.
    let metadata = std::fs::metadata(path).map_err(open_error)?;
    if !metadata.is_file() {
        return Err(BundleError::Damaged {
            path: path.to_owned(),
            what: "it is not a regular file".to_owned(),
        });
    }
    let file = File::open(path).map_err(open_error)?;
    let Ok(entries) = canonical::scan(&file, 0, metadata.len()) else {
        let reader = TarReader::open(path, file, cancel)?;
        return Ok(Bundle::new(
            foreign::spool_archives(reader, expected, &names, spool_directory)?,
            expected,
        ));
    };
    let mut archives = Vec::new();
    let file = Arc::new(file);
    for entry in entries {
        if let Some(&index) = names.get(entry.name.as_str()) {
            check_size(path, &expected[index], entry.length)?;
            archives.push(archive_in_place(index, &file, 0, &entry, false));
        }
    }
    Ok(Bundle::new(archives, expected))
}

/// Open the bundle inside an executable: `length` bytes of `file` from `offset`.
///
/// The executable is the one that runs: Linux and Windows let nobody write to it.
/// Only the canonical form is accepted, and only archives that the plan has. Every byte that is not part of an archive
/// is compared with its canonical value; the archives themselves are covered by their digests.
pub fn open_embedded(
    file: File,
    offset: u64,
    length: u64,
    expected: &[Expected],
) -> Result<Bundle, BundleError> {
    let names = index_by_name(expected)?;
    let damaged = |what: String| BundleError::Embedded { what };
    let entries = canonical::scan(&file, offset, length)
        .map_err(|deviation| damaged(deviation.to_string()))?;
    let file = Arc::new(file);
    let mut archives = Vec::with_capacity(entries.len());
    for entry in entries {
        let index = *names.get(entry.name.as_str()).ok_or_else(|| {
            damaged(format!(
                "it holds {:?}, which is not in the plan",
                entry.name
            ))
        })?;
        if let Some(size) = expected[index].size.filter(|&size| size != entry.length) {
            return Err(damaged(format!(
                "{} has {} bytes, expected {size}",
                entry.name, entry.length
            )));
        }
        let fixed = cfg!(any(target_os = "linux", windows));
        archives.push(archive_in_place(index, &file, offset, &entry, fixed));
    }
    Ok(Bundle::new(archives, expected))
}

fn archive_in_place(
    index: usize,
    file: &Arc<File>,
    offset: u64,
    entry: &Entry,
    fixed: bool,
) -> Archive {
    Archive {
        index,
        bytes: Box::new(canonical::InPlace::new(
            Arc::clone(file),
            offset,
            entry,
            fixed,
        )),
        verified: false,
    }
}

pub(crate) fn check_size(path: &Path, expected: &Expected, actual: u64) -> Result<(), BundleError> {
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
fn index_by_name(expected: &[Expected]) -> Result<HashMap<&str, usize>, BundleError> {
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
    let stem = name
        .strip_suffix(".conda")
        .or_else(|| name.strip_suffix(".tar.bz2"));
    stem.is_some_and(|stem| {
        stem.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
    }) && name.len() <= MAX_NAME
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-+!~=".contains(&byte))
}
