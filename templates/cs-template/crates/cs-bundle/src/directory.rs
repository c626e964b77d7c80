//! A bundle that is a directory of archives.

use std::fs;
use std::io;
use std::path::Path;

use cs_archive::{Archive, Wanted};

use crate::error::BundleError;
use crate::expected::check_size;
use crate::file::LazyFile;

/// Look for each expected file name; only regular files count.
pub(crate) fn find_archives(path: &Path, expected: &[Wanted]) -> Result<Vec<Archive>, BundleError> {
    let open_error = |path: &Path, source| BundleError::Open {
        path: path.to_owned(),
        source,
    };
    // Reads the directory once: this names a missing or unreadable directory before any of its files.
    fs::read_dir(path).map_err(|source| open_error(path, source))?;
    let mut archives = Vec::with_capacity(expected.len());
    for (index, wanted) in expected.iter().enumerate() {
        let file = path.join(&wanted.file_name);
        match fs::symlink_metadata(&file) {
            Ok(metadata) if metadata.is_file() => {
                check_size(path, wanted, metadata.len())?;
                let bytes = Box::new(LazyFile::new(file, metadata.len()));
                archives.push(Archive {
                    index,
                    bytes,
                    verified: false,
                });
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(open_error(&file, source)),
        }
    }
    Ok(archives)
}
