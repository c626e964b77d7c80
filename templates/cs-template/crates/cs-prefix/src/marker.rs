//! The marker, `.RUNTIME.json`: it says that a prefix is complete, whose it is, and what it held when it was made.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::PrefixError;
use crate::names::Owner;

/// What a complete prefix says about itself.
///
/// The first two fields come first in the file: a later run compares `{"schema_version":1,"stamp":"HEX"` literally.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// Version of this file's format, 1.
    pub schema_version: u32,
    /// Identity of the stamp that made the prefix, 64 hexadecimal digits.
    pub stamp: String,
    /// Name of the runtime that owns the prefix.
    pub runtime: String,
    /// Its version.
    pub runtime_version: String,
    /// Where the packages came from.
    #[serde(default)]
    pub channels: Vec<String>,
    /// Installed packages, `name-version-build`, sorted: the stems of `conda-meta/*.json`.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Python metadata directories (`lib/python3.11/site-packages/x-1.dist-info`), sorted.
    #[serde(default)]
    pub distributions: Vec<String>,
    /// The `.condarc` as the runtime wrote it, to tell the user's own settings from it.
    #[serde(default)]
    pub condarc: Option<String>,
    /// Stamps that a rollback turned down: their runtimes keep this prefix.
    #[serde(default)]
    pub declined: Vec<String>,
    /// Whatever else the caller wants to find again.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

impl Marker {
    /// Read the marker of the prefix at `directory`; `None` when there is no such file.
    pub(crate) fn read(
        directory: &Path,
        owner: &Owner,
    ) -> Result<Option<Result<Self, String>>, PrefixError> {
        let path = directory.join(owner.marker_file_name());
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(
                serde_json::from_slice(&bytes).map_err(|error| error.to_string()),
            )),
            Err(error) if is_absence(&error) => Ok(None),
            Err(source) => Err(PrefixError::io("read", &path, source)),
        }
    }

    /// The marker of a prefix of ours; `None` for everything else, readable or not.
    pub(crate) fn read_ours(directory: &Path, owner: &Owner) -> Result<Option<Self>, PrefixError> {
        let read = Self::read(directory, owner)?;
        Ok(read
            .and_then(Result::ok)
            .filter(|marker| marker.is_of(owner)))
    }

    /// Whether the same runtime, of whatever build, owns the prefix.
    pub(crate) fn is_of(&self, owner: &Owner) -> bool {
        self.schema_version == 1 && self.runtime == owner.runtime
    }

    /// Put the marker into `directory`, whole or not at all, and on the disk before this returns.
    pub(crate) fn write(&self, directory: &Path, owner: &Owner) -> Result<(), PrefixError> {
        let path = directory.join(owner.marker_file_name());
        let half = directory.join(format!("{}.new", owner.marker_file_name()));
        let mut text = serde_json::to_vec(self).unwrap_or_default();
        text.push(b'\n');
        std::fs::File::create(&half)
            .and_then(|mut file| {
                file.write_all(&text)?;
                crate::sys::set_mode(&file, 0o644)?;
                file.sync_all()
            })
            .and_then(|()| std::fs::rename(&half, &path))
            .map_err(|source| PrefixError::io("write", &path, source))
    }
}

/// Whether an error means that there is no such file, nor could be.
pub(crate) fn is_absence(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
    )
}
