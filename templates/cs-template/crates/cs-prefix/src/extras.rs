//! Files in a prefix that no package has put there.
//!
//! Libraries that R installs, kernels, databases, scripts in `bin`: a user's work, which
//! nothing could bring back. What a package lists in its record is not compared with the
//! file; what is not listed counts, by its topmost new directory.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::fs::FileType;
use std::hash::BuildHasher;
use std::io;
use std::path::Path;

use cs_file::Links;
use cs_file::record::{from_site, read_rows};

use crate::contents::Contents;
use crate::contents::RECORD_LIMIT_BYTES;
use crate::contents::read_record;
use crate::error::PrefixError;
use crate::{settings, sys};

/// More are not looked for: a list of so many names is not read.
const NAMES_LIMIT: usize = 10_000;
/// As many files as a build lists by their own names; if it left more, by their directories.
const LISTED_LIMIT: usize = 1_000;

/// Directories at the top that move along, or belong to package managers.
const OTHERS: [&str; 3] = ["envs", "pkgs", "conda-meta"];
/// What programs write by merely running, and do without: caches, logs, process numbers.
const BYPRODUCTS: [&str; 7] = [
    ".cache",
    ".condatmp",
    "tmp",
    "var/cache",
    "var/log",
    "var/run",
    "var/tmp",
];
/// What a runtime keeps in its prefix for itself. No package may have anything there.
pub const OWN_FILES: &str = "etc/conda-ship";
/// What conda leaves at the top: whether root made the prefix, and that it is being worked on.
const NOTES: [&str; 2] = [".nonadmin", ".conda_lock"];
/// Directories of compiled files, wherever they are.
const COMPILED: &str = "__pycache__";
/// Endings of compiled files, and of those that conda could not remove.
const ENDINGS: [&str; 3] = [".pyc", ".pyo", ".c~"];

/// What an entry of a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    Directory,
    Link,
    /// Or anything else.
    File,
}

impl Entry {
    fn of(kind: FileType) -> Self {
        if kind.is_dir() {
            Self::Directory
        } else if kind.is_symlink() {
            Self::Link
        } else {
            Self::File
        }
    }
}

/// Where a compiled file does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compiled {
    /// Wherever it is: it can be made again.
    Anywhere,
    /// Where Python puts it when it imports the module. Elsewhere Python imports it without the module's source.
    WherePythonPutsThem,
}

impl Compiled {
    /// Whether a path is of something that has been compiled, or a directory of nothing else.
    fn includes(self, path: &str, what: Entry) -> bool {
        let mut parts = path.rsplit('/');
        let (name, parent) = (parts.next().unwrap_or(path), parts.next());
        let has_ending = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        match (self, what) {
            (Self::Anywhere, Entry::Directory) => name == COMPILED,
            (Self::Anywhere, Entry::File | Entry::Link) => has_ending(&ENDINGS),
            // Python writes files there, and no links.
            (Self::WherePythonPutsThem, Entry::Directory | Entry::Link) => false,
            (Self::WherePythonPutsThem, Entry::File) => {
                parent == Some(COMPILED) && has_ending(&[".pyc"])
            }
        }
    }
}

/// The files under `prefix` that neither a record nor `listed` has, sorted; directories
/// that hold nothing else once, with a slash at the end. `runtime` names the owner.
pub(crate) fn find_extras(
    prefix: &Path,
    runtime: &str,
    contents: &Contents,
    listed: &[String],
    spared: Compiled,
) -> Result<Vec<String>, PrefixError> {
    let mut known = Known::read(prefix, contents)?;
    for path in listed {
        known.add(path);
    }
    let walk = Walk::new(prefix, runtime, &known, true);
    Ok(Walk { spared, ..walk }.list(NAMES_LIMIT))
}

/// What a build has left that no record lists, for [`find_extras`] to know.
pub(crate) fn list_unrecorded(
    prefix: &Path,
    runtime: &str,
    contents: &Contents,
) -> Result<Vec<String>, PrefixError> {
    let known = Known::read(prefix, contents)?;
    let mut files = Walk::new(prefix, runtime, &known, false).list(usize::MAX);
    if files.len() > LISTED_LIMIT {
        for path in &mut files {
            known.widen(path);
        }
        files.dedup();
    }
    Ok(files)
}

/// The paths that are accounted for. Their hashes are enough: a prefix may have hundreds of thousands.
struct Known {
    state: RandomState,
    files: HashSet<u64>,
    /// All that hold one of the files.
    directories: HashSet<u64>,
}

impl Known {
    fn read(prefix: &Path, contents: &Contents) -> Result<Self, PrefixError> {
        let mut known = Self {
            state: RandomState::new(),
            files: HashSet::new(),
            directories: HashSet::new(),
        };
        for package in &contents.packages {
            for file in read_record(prefix, package)? {
                known.add(&file);
            }
        }
        // What is in there is named by the distribution.
        for distribution in &contents.distributions {
            if !known.has(&format!("{distribution}/RECORD")) {
                known.add_distribution(prefix, distribution);
            }
            known.add(distribution);
            known.add(&format!("{distribution}/"));
        }
        Ok(known)
    }

    fn hash(&self, path: &str) -> u64 {
        self.state.hash_one(path)
    }

    /// Account for a file, or for a directory and all in it: with a slash at the end.
    fn add(&mut self, path: &str) {
        self.files.insert(self.hash(path));
        let mut rest = path.trim_end_matches('/');
        while let Some((parent, _)) = rest.rsplit_once('/') {
            if !self.directories.insert(self.hash(parent)) {
                break;
            }
            rest = parent;
        }
    }

    /// Account for the files of a distribution that no conda package has: a wheel of the runtime's, or one that pip has
    /// installed. Whatever is wrong with its list is pip's to say.
    fn add_distribution(&mut self, prefix: &Path, distribution: &str) {
        let Some((site_packages, _)) = distribution.rsplit_once('/') else {
            return;
        };
        let path = prefix.join(distribution).join("RECORD");
        let text = cs_file::read(&path, Links::Refused, RECORD_LIMIT_BYTES).unwrap_or_default();
        let rows = read_rows(&text).into_iter();
        for path in rows.filter_map(|[path, ..]| from_site(site_packages, &path)) {
            self.add(&path);
        }
    }

    /// Name the directory of a file instead, if the file's is all that is known of it.
    fn widen(&self, path: &mut String) {
        if let Some((parent, _)) = path.rsplit_once('/')
            && !self.leads_to_some(parent)
        {
            path.truncate(parent.len() + 1);
        }
    }

    fn has(&self, path: &str) -> bool {
        self.files.contains(&self.hash(path))
    }

    fn has_all_in(&self, path: &str) -> bool {
        self.has(&format!("{path}/"))
    }

    fn leads_to_some(&self, path: &str) -> bool {
        self.directories.contains(&self.hash(path))
    }
}

/// A walk through a prefix that follows no link and crosses no mount.
struct Walk<'a> {
    prefix: &'a Path,
    known: &'a Known,
    /// The files of this crate at the top.
    own: [String; 3],
    /// Whether directories that hold nothing known are named instead of what is in them.
    by_directory: bool,
    /// What was compiled and does not count.
    spared: Compiled,
}

impl<'a> Walk<'a> {
    fn new(prefix: &'a Path, runtime: &str, known: &'a Known, by_directory: bool) -> Self {
        Self {
            prefix,
            known,
            own: ["json", "json.new", "staging"].map(|end| format!(".{runtime}.{end}")),
            by_directory,
            spared: Compiled::Anywhere,
        }
    }

    /// At most `limit` names, sorted.
    fn list(&self, limit: usize) -> Vec<String> {
        let mut found = Vec::new();
        let mut waiting = vec![String::new()];
        while let Some(directory) = waiting.pop() {
            let Ok(entries) = self.read(&directory) else {
                // It may hold anything.
                found.push(format!("{directory}/"));
                continue;
            };
            for (path, is_directory) in entries {
                if is_directory && (self.known.leads_to_some(&path) || !self.by_directory) {
                    waiting.push(path);
                } else if is_directory && self.holds_something(&path) {
                    found.push(format!("{path}/"));
                } else if !is_directory && !self.known.has(&path) {
                    found.push(path);
                }
                if found.len() >= limit {
                    break;
                }
            }
            if found.len() >= limit {
                break;
            }
        }
        found.sort();
        found
    }

    /// Whether a directory, of which nothing is known, holds a file that counts, or cannot be looked into.
    fn holds_something(&self, top: &str) -> bool {
        let mut waiting = vec![top.to_owned()];
        while let Some(directory) = waiting.pop() {
            let Ok(entries) = self.read(&directory) else {
                return true;
            };
            for (path, is_directory) in entries {
                if is_directory {
                    waiting.push(path)
                } else {
                    return true;
                }
            }
        }
        false
    }

    /// The entries of a directory that may count, with their paths in the prefix, and whether they are directories.
    fn read(&self, directory: &str) -> io::Result<Vec<(String, bool)>> {
        let found: Vec<_> = cs_file::insist(|| {
            std::fs::read_dir(self.prefix.join(directory))?.collect::<io::Result<_>>()
        })?;
        let mut entries = Vec::new();
        for entry in found {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let path = match directory {
                "" => name.into_owned(),
                directory => format!("{directory}/{name}"),
            };
            let what = Entry::of(entry.file_type()?);
            let is_directory = what == Entry::Directory;
            if self.counts(&path, what) && !(is_directory && sys::is_mounted_at(&entry.path())?) {
                entries.push((path, is_directory));
            }
        }
        Ok(entries)
    }

    fn counts(&self, path: &str, what: Entry) -> bool {
        let is_directory = what == Entry::Directory;
        let is_spared = OTHERS.contains(&path)
            || NOTES.contains(&path)
            || path == OWN_FILES
            || settings::is_setting(path)
            || self.own.iter().any(|own| own == path);
        let is_byproduct =
            self.spared.includes(path, what) || (is_directory && BYPRODUCTS.contains(&path));
        let is_known = is_directory && self.known.has_all_in(path);
        !(is_spared || is_byproduct || is_known)
    }
}
