//! The bundle: which of the expected archives are there, and their bytes.

use std::cmp::Reverse;
use std::fs::File;
use std::io::{self, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use cs_archive::{Archive, Wanted};
use cs_file::Links;

use crate::canonical::{self, Entry};
use crate::error::BundleError;
use crate::expected::{check_size, index_by_name};
use crate::reader::TarReader;
use crate::{directory, foreign};

/// Largest first: threads that take one after the other then end at about the same time.
fn sort(mut archives: Vec<Archive>) -> Vec<Archive> {
    archives.sort_by_key(|archive| (Reverse(archive.bytes.len()), archive.index));
    archives
}

/// Find the expected archives in a directory. Other files are ignored, and so are symbolic links.
///
/// Sizes are checked here, digests when an archive is used (`Archive::verified` is false).
pub fn open_directory(path: &Path, expected: &[Wanted]) -> Result<Vec<Archive>, BundleError> {
    index_by_name(expected)?;
    directory::find_archives(path, expected).map(sort)
}

/// Open a `.bundle.tar.zst`: in place when it has the canonical form, else by decoding it into an unlinked file in
/// `spool_directory`, checking digests on the way.
///
/// Entries that the lock does not name are ignored; entries that no bundle may have are refused. Raising `cancel` stops
/// the decoding, which may take a while.
pub fn open_file(
    path: &Path,
    expected: &[Wanted],
    spool_directory: &Path,
    cancel: &AtomicBool,
) -> Result<Vec<Archive>, BundleError> {
    let names = index_by_name(expected)?;
    let (mut file, length) = open(path)?;
    let Ok(entries) = canonical::scan(&file, 0, length) else {
        // Windows has moved the file's own position.
        file.rewind().map_err(|source| BundleError::Open {
            path: path.to_owned(),
            source,
        })?;
        let reader = TarReader::open(path, file, cancel)?;
        return foreign::spool_archives(reader, expected, &names, spool_directory).map(sort);
    };
    let mut archives = Vec::new();
    let file = Arc::new(file);
    for entry in entries {
        if let Some(&index) = names.get(entry.name.as_str()) {
            check_size(path, &expected[index], entry.length)?;
            archives.push(archive_in_place(index, &file, 0, &entry, false));
        }
    }
    Ok(sort(archives))
}

/// Open the bundle inside an executable: `length` bytes of `file` from `offset`.
///
/// The executable is the one that runs: Linux and Windows let no process write to it.
/// Only the canonical form is accepted, and only archives that the plan has. Every byte that is not part of an archive
/// is compared with its canonical value; the archives themselves are covered by their digests.
pub fn open_embedded(
    file: File,
    offset: u64,
    length: u64,
    expected: &[Wanted],
) -> Result<Vec<Archive>, BundleError> {
    let names = index_by_name(expected)?;
    let damaged = |what: String| BundleError::Embedded { what };
    let entries = canonical::scan(&file, offset, length)
        .map_err(|deviation| damaged(deviation.to_string()))?;
    let file = Arc::new(file);
    let mut archives = Vec::with_capacity(entries.len());
    for entry in entries {
        let index = *names.get(entry.name.as_str()).ok_or_else(|| {
            damaged(format!(
                "it contains {:?}, which is not in the plan",
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
    Ok(sort(archives))
}

fn open(path: &Path) -> Result<(File, u64), BundleError> {
    let fail = |source: io::Error| {
        let path = path.to_owned();
        if cs_file::is_odd(&source) {
            let what = cs_file::describe_error(&source);
            BundleError::Damaged { path, what }
        } else {
            BundleError::Open { path, source }
        }
    };
    let file = cs_file::open(path, Links::Followed).map_err(fail)?;
    let length = file.metadata().map_err(fail)?.len();
    Ok((file, length))
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
