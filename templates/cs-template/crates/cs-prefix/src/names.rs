//! Who owns a prefix, and what the files around it are called.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::error::{PrefixError, Protection};
use crate::remains::Remains;

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

/// The names that what cannot be deleted is put aside under: `.NAME.removed`, and more where others have taken that.
const REMOVED: [&str; 9] = [
    ".removed",
    ".removed-2",
    ".removed-3",
    ".removed-4",
    ".removed-5",
    ".removed-6",
    ".removed-7",
    ".removed-8",
    ".removed-9",
];
/// How the names end, after a dot and a prefix's own, that this crate gives to what else is next to a prefix.
const SUFFIXES: [&str; 3] = [".staging", ".previous", ".abandoned"];

/// Whether a directory of this name could be what is next to the prefix of another runtime.
fn is_beside_another(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let is_one = |suffix: &&str| {
        let stem = name
            .strip_prefix('.')
            .and_then(|name| name.strip_suffix(*suffix));
        stem.is_some_and(|stem| !stem.is_empty())
    };
    SUFFIXES.iter().chain(&REMOVED).any(is_one)
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
    /// What could not be deleted so far; shared by all copies.
    remains: Rc<RefCell<Vec<Remains>>>,
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
                why: Protection::NoName,
            });
        };
        if is_beside_another(name) {
            return Err(PrefixError::Protected {
                prefix: absolute.clone(),
                why: Protection::ReservedName,
            });
        }
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
            remains: Rc::default(),
            staging,
            prefix: absolute,
        })
    }

    /// Every directory that may be moved or removed, all of them in `parent`.
    pub fn directories(&self) -> Vec<PathBuf> {
        let mut directories = self.removed();
        directories.extend([
            self.prefix.clone(),
            self.previous.clone(),
            self.staging.clone(),
            self.abandoned(),
        ]);
        directories
    }

    /// Where what cannot be deleted may be put aside, in the order in which that is tried.
    pub fn removed(&self) -> Vec<PathBuf> {
        let stem = self.staging.with_extension("").into_os_string();
        let beside = |suffix: &&str| {
            let mut path = stem.clone();
            path.push(suffix);
            path.into()
        };
        REMOVED.iter().map(beside).collect()
    }

    /// The directory in another one that marks it as the runtime's own, called as the scratch space is.
    pub fn mark_in(&self, directory: &Path) -> PathBuf {
        directory.join(self.scratch.file_name().unwrap_or_default())
    }

    /// Remember what could not be deleted, for the user.
    pub fn report(&self, remains: Remains) {
        self.remains.borrow_mut().push(remains);
    }

    /// All that has been reported, once.
    pub fn take_reports(&self) -> Vec<Remains> {
        self.remains.take()
    }

    /// Where a staging directory is put whose process is gone, where directories cannot be locked.
    pub fn abandoned(&self) -> PathBuf {
        self.staging.with_extension("abandoned")
    }

    /// The marker in `directory`.
    pub fn marker_in(&self, directory: &Path) -> PathBuf {
        directory.join(&self.marker)
    }

    /// Where a directory is moved to that is removed.
    pub fn grave(&self) -> PathBuf {
        self.scratch.join("buried")
    }

    /// Where a prefix is while it has neither of its names.
    pub fn between(&self) -> PathBuf {
        self.scratch.join("between")
    }

    /// A copy of the prefix in place, in the scratch space, that is to become the previous one.
    pub fn kept(&self) -> PathBuf {
        self.scratch.join("kept")
    }

    /// The same with the staging directory elsewhere.
    pub fn with_staging(&self, staging: PathBuf) -> Self {
        Self {
            scratch: self.mark_in(&staging),
            staging,
            ..self.clone()
        }
    }
}
