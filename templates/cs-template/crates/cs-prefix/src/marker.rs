//! The marker, `.RUNTIME.json`: it says that a prefix is complete, whose it is, and what it held when it was made.

use std::collections::BTreeMap;
use std::io::{Read, Seek, Write};
use std::path::Path;

use cs_file::Links;
use serde::{Deserialize, Serialize};

use crate::error::PrefixError;
use crate::look::is_directory;
use crate::names::Owner;
use crate::sys::is_absence;
use crate::{sys, trust};

/// No marker is longer: ten thousand packages and as many distributions take one MiB, and so does the longest setting.
const LIMIT_BYTES: u64 = 16 << 20;

/// The first byte of the marker: the brace of a JSON object, or another byte in its place.
///
/// A plain later run compares the marker's first bytes and looks at nothing else. A prefix whose surroundings
/// a kill may leave untidy is *unsettled* while that is so: it runs as well, but its runtime takes the longer
/// way and tidies up. One that is *dismantled* is being emptied in place: it counts as torn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As a plain later run expects it.
    Settled = b'{' as isize,
    /// Not so.
    Unsettled = b' ' as isize,
    /// Parts of the prefix may be gone.
    Dismantled = b'-' as isize,
}

impl Form {
    /// The form of the marker at `path`; settled if there is no marker, or something that is not one.
    pub(crate) fn of(path: &Path) -> Result<Self, PrefixError> {
        let mut first = [0];
        let read = cs_file::open(path, Links::Refused).and_then(|mut file| file.read(&mut first));
        match read {
            Err(error) if !is_absence(&error) && !cs_file::is_odd(&error) => {
                Err(PrefixError::io("read", path, error))
            }
            Ok(1) if first == [Self::Unsettled as u8] => Ok(Self::Unsettled),
            Ok(1) if first == [Self::Dismantled as u8] => Ok(Self::Dismantled),
            _ => Ok(Self::Settled),
        }
    }

    /// Change the form of the marker in `directory`, if it is this runtime's. One byte is
    /// written in place, so this needs no claim.
    ///
    /// A failure is not a reason to stop: it only costs the tidying after a kill that comes at just the wrong moment.
    pub(crate) fn set(self, directory: &Path, owner: &Owner) {
        if !trust::is_own(directory).unwrap_or(false) {
            return;
        }
        let is_ours = |bytes| match Marker::parse(bytes, owner) {
            Reading::Whole(marker) => marker.is_of(owner),
            _ => false,
        };
        let _ = self.write_if(&directory.join(owner.marker_file_name()), is_ours);
    }

    /// Change the form of the marker at `path`, which is this runtime's.
    pub(crate) fn write(self, path: &Path) -> std::io::Result<()> {
        self.write_if(path, |_| true)
    }

    /// Change the form of the marker at `path`. What is written to is what has been read, and nothing else.
    fn write_if(self, path: &Path, is_ours: impl FnOnce(Vec<u8>) -> bool) -> std::io::Result<()> {
        let mut file = cs_file::open_to_change(path)?;
        let bytes = cs_file::read_all(&file, LIMIT_BYTES)?;
        if bytes.first() == Some(&(self as u8)) || !is_ours(bytes) {
            return Ok(());
        }
        if !sys::is_sole_and_own(&file) {
            return Err(std::io::ErrorKind::PermissionDenied.into());
        }
        file.rewind()?;
        file.write_all(&[self as u8])
    }
}

/// What is where a marker belongs.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub(crate) enum Reading {
    /// No file.
    Nothing,
    /// Of a prefix that is not whole: the file never reached the disk, or says that the prefix was being emptied.
    Torn,
    /// A file that is not a marker, and why.
    Damaged(String),
    /// A marker, of whatever owner.
    Whole(Marker),
}

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
    /// Files that the build left and no package lists, sorted; a directory with a slash at
    /// its end stands for all in it. None in prefixes of older runtimes, which did not look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrecorded: Option<Vec<String>>,
    /// Settings as the build left them, path to text, which differ from the user's own: `.condarc`, for instance.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Stamps that a rollback turned down: their runtimes keep this prefix.
    #[serde(default)]
    pub declined: Vec<String>,
    /// Whatever else the caller wants to find again.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

impl Marker {
    /// Read the marker of the prefix at `directory`.
    pub(crate) fn read(directory: &Path, owner: &Owner) -> Result<Reading, PrefixError> {
        let path = directory.join(owner.marker_file_name());
        let bytes = match cs_file::insist(|| cs_file::read(&path, Links::Refused, LIMIT_BYTES)) {
            Ok(bytes) => bytes,
            Err(error) if is_absence(&error) => return Ok(Reading::Nothing),
            Err(error) if cs_file::is_odd(&error) => {
                return Ok(Reading::Damaged(cs_file::describe_error(&error)));
            }
            Err(source) => return Err(PrefixError::io("read", &path, source)),
        };
        // What a power cut leaves of a file that had no time to reach the disk: no bytes, or zeros.
        if bytes.iter().all(|byte| *byte == 0) && is_directory(&directory.join("conda-meta"))? {
            return Ok(Reading::Torn);
        }
        Ok(Self::parse(bytes, owner))
    }

    fn parse(mut bytes: Vec<u8>, owner: &Owner) -> Reading {
        let is_dismantled = bytes.starts_with(b"-\"");
        if is_dismantled || bytes.starts_with(b" \"") {
            bytes[0] = Form::Settled as u8;
        }
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(marker) if is_dismantled && marker.is_of(owner) => Reading::Torn,
            Ok(marker) => Reading::Whole(marker),
            Err(error) => Reading::Damaged(error.to_string()),
        }
    }

    /// The marker of a prefix of this runtime; `None` for everything else, readable or
    /// not, and for what others can have put there.
    pub(crate) fn read_ours(directory: &Path, owner: &Owner) -> Result<Option<Self>, PrefixError> {
        if !trust::is_own(directory)? {
            return Ok(None);
        }
        match Self::read(directory, owner)? {
            Reading::Whole(marker) if marker.is_of(owner) => Ok(Some(marker)),
            _ => Ok(None),
        }
    }

    /// Whether the same runtime, of whatever build, owns the prefix.
    pub(crate) fn is_of(&self, owner: &Owner) -> bool {
        self.schema_version == 1 && self.runtime == owner.runtime
    }

    /// Put the marker into `directory`, whole or not at all; with `sync`, it is on the disk before this returns.
    pub(crate) fn write(
        &self,
        directory: &Path,
        owner: &Owner,
        form: Form,
        sync: bool,
    ) -> Result<(), PrefixError> {
        let path = directory.join(owner.marker_file_name());
        let half = directory.join(format!("{}.new", owner.marker_file_name()));
        let mut text = serde_json::to_vec(self)
            .map_err(|error| PrefixError::io("write", &path, error.into()))?;
        text[0] = form as u8;
        text.push(b'\n');
        if text.len() as u64 > LIMIT_BYTES {
            let source = std::io::ErrorKind::FileTooLarge.into();
            return Err(PrefixError::io("write", &path, source));
        }
        // A package may hold such a path, and it may be a link to anywhere: it is replaced, never followed.
        remove_file(&half)
            .and_then(|()| crate::sys::make_file(&half))
            .and_then(|mut file| {
                file.write_all(&text)?;
                if sync { file.sync_all() } else { Ok(()) }
            })
            .and_then(|()| crate::sys::replace_file(&half, &path))
            .map_err(|source| {
                // Of no use to anybody, and it would look like a change of the prefix.
                let _ = remove_file(&half);
                PrefixError::io("write", &path, source)
            })
    }
}

/// Whether the prefix at `path` may be run by the calling user and its file `marker`
/// begins with `start`: all that a plain later run wants to know.
pub fn begins_with(path: &Path, marker: &str, start: &[u8]) -> bool {
    let mut found = vec![0; start.len()];
    matches!(trust::find_distrust(path), Ok(None))
        && cs_file::open(&path.join(marker), Links::Refused)
            .and_then(|mut file| file.read_exact(&mut found))
            .is_ok_and(|()| found == start)
}

/// Remove a file or link, if it is there.
pub(crate) fn remove_file(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if !is_absence(&error) => Err(error),
        _ => Ok(()),
    }
}
