//! Who owns a prefix, and what the files around it are called.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::PrefixError;

/// The runtime that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner<'a> {
    /// The runtime's name; the marker is `.RUNTIME.json`.
    pub runtime: &'a str,
    /// The stamp's identity, 64 lower-case hexadecimal digits.
    pub stamp_hex: &'a str,
    /// The runtime's version, for people.
    pub runtime_version: &'a str,
}

impl Owner<'_> {
    /// File name of the marker in the prefix.
    pub fn marker_file_name(&self) -> String {
        format!(".{}.json", self.runtime)
    }

    /// The marker's file name, and the one that it has until it is whole.
    pub fn marker_file_names(&self) -> [String; 2] {
        let marker = self.marker_file_name();
        [format!("{marker}.new"), marker]
    }

    /// Directory name, inside a staging directory, that says whose it is; a build may use it as scratch space.
    pub fn scratch_name(&self) -> String {
        format!(".{}.staging", self.runtime)
    }
}

/// Every path that this crate may touch for one prefix.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// The managed prefix, absolute.
    pub prefix: PathBuf,
    /// The directory that holds it.
    pub parent: PathBuf,
    /// `.NAME.staging`: where the next prefix is built; locked while that goes on.
    pub staging: PathBuf,
    /// `.NAME.staging/.RUNTIME.staging`: ownership mark and scratch space.
    pub scratch: PathBuf,
    /// `.NAME.previous`: the prefix that the last upgrade replaced.
    pub previous: PathBuf,
    /// File name of the marker.
    pub marker: String,
}

impl Names {
    /// Name the surroundings of `prefix`; refuses a path that has no parent.
    pub fn new(prefix: &Path, owner: &Owner) -> Result<Self, PrefixError> {
        let absolute = std::path::absolute(prefix)
            .map_err(|source| PrefixError::io("resolve", prefix, source))?;
        // Collecting the components drops a trailing slash, which would make lstat follow a link.
        let absolute: PathBuf = absolute.components().collect();
        let (Some(name), Some(parent)) = (absolute.file_name(), absolute.parent()) else {
            return Err(PrefixError::Protected {
                prefix: absolute,
                why: "it is not a directory of its own",
            });
        };
        let beside = |suffix: &str| {
            let mut file_name = OsString::from(".");
            file_name.push(name);
            file_name.push(suffix);
            parent.join(file_name)
        };
        let staging = beside(".staging");
        Ok(Self {
            parent: parent.to_path_buf(),
            scratch: staging.join(owner.scratch_name()),
            previous: beside(".previous"),
            marker: owner.marker_file_name(),
            staging,
            prefix: absolute,
        })
    }

    /// Every directory that may be moved or removed, all of them in `parent`.
    pub fn directories(&self) -> [PathBuf; 4] {
        [
            self.prefix.clone(),
            self.previous.clone(),
            self.staging.clone(),
            self.abandoned(),
        ]
    }

    /// Where a staging directory is put whose process is gone, where directories cannot be locked.
    pub fn abandoned(&self) -> PathBuf {
        self.staging.with_extension("abandoned")
    }

    /// The marker in `directory`.
    pub fn marker_in(&self, directory: &Path) -> PathBuf {
        directory.join(&self.marker)
    }

    /// A copy of the prefix in place, in the scratch space, that is to become the previous one.
    pub fn kept(&self) -> PathBuf {
        self.scratch.join("kept")
    }

    /// The same with the staging directory elsewhere.
    pub fn with_staging(&self, staging: PathBuf) -> Self {
        let scratch = self
            .scratch
            .file_name()
            .map(|name| staging.join(name))
            .unwrap_or_default();
        Self {
            staging,
            scratch,
            ..self.clone()
        }
    }
}
