//! Archives of channels on this machine: `file://` URLs and plain paths.

use std::path::{Path, PathBuf};

use cs_archive::{Archive, Wanted, WholeFile};
use cs_file::Links;
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
    let file = cs_file::open(path, Links::Followed).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
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
