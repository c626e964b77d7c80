//! Archives of channels on this machine: `file://` URLs and plain paths.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use cs_archive::{Archive, Wanted, WholeFile};
use url::Url;

use crate::error::FetchError;

/// The path that a `file://` URL or a plain path names; `None` when it is another URL.
pub(crate) fn local_path(url: &str) -> Option<PathBuf> {
    if url.starts_with("file:") {
        return Url::parse(url).ok()?.to_file_path().ok();
    }
    (!url.contains("://")).then(|| PathBuf::from(url))
}

/// Open an archive where it is; the linker verifies it.
pub(crate) fn open_archive(
    index: usize,
    wanted: &Wanted,
    path: &Path,
) -> Result<Archive, FetchError> {
    let failed = |source| FetchError::LocalFile {
        path: path.to_owned(),
        source,
    };
    // Looked at before it is opened: opening a named pipe would wait for a writer.
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(failed(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        )));
    }
    let file = File::open(path).map_err(failed)?;
    let length = metadata.len();
    match wanted.size {
        Some(size) if size != length => Err(FetchError::Damaged {
            file_name: wanted.file_name.clone(),
            url: path.display().to_string(),
            what: "its size",
            expected: format!("{size} bytes"),
            actual: format!("{length} bytes"),
        }),
        _ => Ok(Archive {
            index,
            bytes: Box::new(WholeFile::new(file, length)),
            verified: false,
        }),
    }
}
