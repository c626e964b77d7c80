//! Any other zstd-compressed tar: decoded once, its wanted archives spooled into one unlinked file.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use cs_archive::tar::padding;
use cs_archive::{Archive, FileSlice, Sha256, Wanted, to_hex};

use crate::error::BundleError;
use crate::expected::check_size;
use crate::reader::TarReader;

/// Most entries: names are remembered to find duplicates, and a few compressed bytes can hold millions of headers.
const MAX_ENTRIES: usize = 100_000;

/// Decode the bundle and spool the expected archives; digests are compared on the way.
pub(crate) fn spool_archives(
    mut reader: TarReader<'_>,
    expected: &[Wanted],
    names: &HashMap<&str, usize>,
    spool_directory: &Path,
) -> Result<Vec<Archive>, BundleError> {
    let mut spool = Spool::create(spool_directory)?;
    let mut seen = HashSet::new();
    let mut archives = Vec::new();
    while let Some((name, length)) = reader.next_entry()? {
        if !seen.insert(name.clone()) {
            return Err(reader.refuse(name, "appears twice"));
        }
        if seen.len() > MAX_ENTRIES {
            return Err(reader.damaged("it has too many entries"));
        }
        let Some(&index) = names.get(name.as_str()) else {
            reader.waste(length)?;
            reader.skip(length.saturating_add(padding(length)))?;
            continue;
        };
        check_size(reader.path, &expected[index], length)?;
        if expected[index].size.is_none() {
            reader.waste(length)?;
        }
        let start = spool.copy_entry(&mut reader, &expected[index], length)?;
        archives.push((index, start, length));
    }
    let file = Arc::new(spool.file);
    let archive = |(index, start, length)| Archive {
        index,
        bytes: Box::new(FileSlice::new(Arc::clone(&file), start, length)),
        verified: true,
    };
    Ok(archives.into_iter().map(archive).collect())
}

/// The unlinked file: it vanishes with its last handle, however the process ends.
struct Spool<'a> {
    directory: &'a Path,
    file: File,
    end: u64,
}

impl<'a> Spool<'a> {
    fn create(directory: &'a Path) -> Result<Self, BundleError> {
        let file = tempfile::tempfile_in(directory).map_err(|source| BundleError::Spool {
            path: directory.to_owned(),
            source,
        })?;
        Ok(Self {
            directory,
            file,
            end: 0,
        })
    }

    /// Append one entry's data, compare its digest, and give the position of its first byte.
    fn copy_entry(
        &mut self,
        reader: &mut TarReader<'_>,
        expected: &Wanted,
        length: u64,
    ) -> Result<u64, BundleError> {
        let start = self.end;
        let mut hash = Sha256::new();
        reader.read_data(length, |chunk| {
            hash.update(chunk);
            self.file
                .write_all(chunk)
                .map_err(|source| BundleError::Spool {
                    path: self.directory.to_owned(),
                    source,
                })
        })?;
        reader.skip(padding(length))?;
        self.end += length;
        let sha256 = hash.finish();
        if sha256 != expected.sha256 {
            return Err(BundleError::Sha256 {
                path: reader.path.to_owned(),
                file_name: expected.file_name.clone(),
                expected: to_hex(&expected.sha256),
                actual: to_hex(&sha256),
            });
        }
        Ok(start)
    }
}
