//! What no package may exceed: what it costs to put one in place is bounded by what its archive is.
//!
//! Each limit is far beyond what real packages need, and reaches the builder too, which refuses what a runtime would
//! (`docs/explanation/linking.md` lists them with their reasons).

use crate::fault::Fault;
use crate::paths::{Declared, PathEntry};
use crate::tar::Limit;

/// Files, links and directories of one package, listed or implied, and its entry points:
/// each takes memory and an inode.
const MOST_ENTRIES: u64 = 1_000_000;
/// As many of them may be in the smallest archive.
const ENTRIES_OF_ANY: u64 = 20_000;
/// Where there are more, each takes that many bytes of the archive: a name alone, well packed, takes more.
const BYTES_PER_ENTRY: u64 = 16;
/// All paths of a package together, in bytes: they are in memory while it is linked.
pub(crate) const LONGEST_PATHS: usize = 64 << 20;
/// No system opens a longer path, in bytes.
pub(crate) const LONGEST_PATH: usize = 4096;
/// Parts of one path: each directory on the way costs a call, a handle or some stack.
pub(crate) const DEEPEST_PATH: usize = 256;
/// Bytes of a placeholder, which is a path.
pub(crate) const LONGEST_PLACEHOLDER: usize = LONGEST_PATH;
/// Lists of paths in `info/`, together: the largest real ones have 30 MB.
pub(crate) const LARGEST_LISTS: u64 = 128 << 20;
/// A package with a longer list waits until no other one with such a list is being linked.
pub(crate) const LONG_LIST: u64 = 16 << 20;
/// `index.json` and `link.json`, each: real ones have some kilobytes.
pub(crate) const LARGEST_METADATA: u64 = 4 << 20;
/// `info/` holds licences, recipes and tests besides what is wanted; more than this is a bomb.
pub(crate) const LARGEST_INFO: Limit = Limit {
    bytes: 1 << 30,
    reason: "its info directory unpacks to more than 1 GiB",
};
/// Bytes of one package's message that are kept: few enough to read.
pub(crate) const LONGEST_MESSAGE: usize = 64 << 10;

/// Room for headers, padding, `info/` if it comes last, and the odd file that `paths.json` does not list.
const SLACK_BYTES: u64 = 64 << 20;
const SLACK_PER_ENTRY: u64 = 4 << 10;
/// No real package is packed two hundredfold.
const LARGEST_FACTOR: u64 = 200;
/// What a longer prefix may add to text, in times of what the package unpacks to, and in bytes for small packages.
const GROWTH_FACTOR: u64 = 3;
const GROWTH_BYTES: u64 = 16 << 20;

/// How many entries a package may have whose archive has `length` bytes.
pub(crate) fn most_entries(length: u64) -> u64 {
    MOST_ENTRIES.min(ENTRIES_OF_ANY + length / BYTES_PER_ENTRY)
}

/// What may come out of an archive of `length` bytes that has not said how much that is.
pub(crate) fn plausible_limit(length: u64) -> Limit {
    Limit {
        bytes: length
            .saturating_mul(LARGEST_FACTOR)
            .saturating_add(SLACK_BYTES),
        reason: "it unpacks to more than two hundred times its own size",
    }
}

/// How much may come out of an archive of `length` bytes: what its list of files adds up
/// to, or what is plausible, for lists are made carelessly.
pub(crate) fn unpacked_limit(entries: &[PathEntry], length: u64) -> Limit {
    let plausible = plausible_limit(length);
    let Some(stated) = stated_bytes(entries) else {
        return plausible;
    };
    let stated = stated.saturating_add(SLACK_BYTES + SLACK_PER_ENTRY * entries.len() as u64);
    Limit {
        bytes: plausible.bytes.max(stated),
        reason: "it unpacks to more bytes than its own list of files adds up to",
    }
}

/// Sum of the sizes that the package states; `None` when it does not state all of them.
pub(crate) fn stated_bytes(entries: &[PathEntry]) -> Option<u64> {
    entries
        .iter()
        .filter(|entry| entry.declared != Declared::Directory)
        .try_fold(0_u64, |sum, entry| sum.checked_add(entry.size?))
}

/// Counts what is written of one package.
///
/// A tar stream has a limit of its own, but a hard link takes no bytes of it, and may
/// become a copy of what it leads to.
pub(crate) struct Spending {
    limit: Limit,
    /// Bytes of the archive's files, copies counted as often as they are written.
    unpacked: u64,
    /// Bytes that a longer prefix has added.
    added: u64,
}

impl Spending {
    pub(crate) fn new(limit: Limit) -> Self {
        Self {
            limit,
            unpacked: 0,
            added: 0,
        }
    }

    /// Count a file of `bytes` bytes before it is written at `path`.
    pub(crate) fn unpack(&mut self, path: &str, bytes: u64) -> Result<(), Fault> {
        self.unpacked = self.unpacked.saturating_add(bytes);
        if self.unpacked > self.limit.bytes {
            Err(Fault::hostile(path, self.limit.reason))
        } else {
            Ok(())
        }
    }

    /// Count what a longer prefix has added to the file at `path`.
    pub(crate) fn add(&mut self, path: &str, bytes: u64) -> Result<(), Fault> {
        self.added = self.added.saturating_add(bytes);
        let most = GROWTH_FACTOR
            .saturating_mul(self.unpacked)
            .saturating_add(GROWTH_BYTES);
        if self.added > most {
            Err(Fault::hostile(
                path,
                "inserting the prefix makes the package's text more than four times larger",
            ))
        } else {
            Ok(())
        }
    }
}

/// Refuse a package that would make more than `most` entries: `entries`, the directories
/// that they are in, and `more` besides.
pub(crate) fn check_entries(entries: &[PathEntry], more: usize, most: u64) -> Result<(), Fault> {
    let paths = entries.iter().map(|entry| &*entry.source);
    check_count(paths.collect(), more, most)
}

/// The same for paths alone.
pub(crate) fn check_count(mut paths: Vec<&str>, more: usize, most: u64) -> Result<(), Fault> {
    let count = paths.len() + more + count_directories(&mut paths);
    if count as u64 > most {
        Err(Fault::hostile("info/", too_many(most)))
    } else {
        Ok(())
    }
}

/// Why a package with more than `most` entries is refused.
pub(crate) fn too_many(most: u64) -> String {
    format!("it has more than {most} files, links, directories and commands, too many for its size")
}

/// How many directories the paths are in, all in all.
fn count_directories(paths: &mut [&str]) -> usize {
    if !paths.is_sorted() {
        paths.sort_unstable();
    }
    // Paths under one directory are neighbours then: a directory is new where the path before is not in it.
    let mut before = "";
    let mut count = 0;
    for &path in paths.iter() {
        let shared = before
            .bytes()
            .zip(path.bytes())
            .take_while(|(one, other)| one == other)
            .count();
        count += memchr::memchr_iter(b'/', &path.as_bytes()[shared..]).count();
        before = path;
    }
    count
}
