//! The `info/` directory of an archive: what the package is, before its files are looked at.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;

use crate::Noarch;
use crate::entry_point::EntryPoint;
use crate::fault::Fault;
use crate::limits::{LARGEST_LISTS, LARGEST_METADATA, LONG_LIST};
use crate::paths::{OldLists, PathEntry, parse_old_lists, parse_paths_json};
use crate::tar::{Entry, Kind, TarReader};

/// The files that are kept in memory, and no others.
const WANTED: [&str; 7] = [
    "index.json",
    "paths.json",
    "link.json",
    "files",
    "has_prefix",
    "no_link",
    "no_softlink",
];
const ABOUT: &str = "about.json";

/// Collects what is wanted of `info/` while a tar streams by.
pub(crate) struct InfoFiles<'a> {
    kept: BTreeMap<&'static str, Vec<u8>>,
    about_modified: Option<i64>,
    long_lists: &'a Mutex<()>,
    turn: Option<MutexGuard<'a, ()>>,
}

impl<'a> InfoFiles<'a> {
    /// Nothing yet. While `long_lists` is held, no other package with a long list is
    /// read: not all take their memory at once.
    pub(crate) fn new(long_lists: &'a Mutex<()>) -> Self {
        Self {
            kept: BTreeMap::new(),
            about_modified: None,
            long_lists,
            turn: None,
        }
    }

    /// Look at an entry, keep its bytes if they are wanted.
    pub(crate) fn take<R: Read>(
        &mut self,
        path: &str,
        entry: &Entry,
        tar: &mut TarReader<R>,
    ) -> Result<(), Fault> {
        let Some(name) = path.strip_prefix("info/") else {
            return Ok(());
        };
        if name == ABOUT {
            self.about_modified = Some(entry.modified);
        }
        let Some(name) = WANTED.into_iter().find(|&wanted| wanted == name) else {
            return Ok(());
        };
        if entry.kind != Kind::File {
            return Err(Fault::damaged_at(path, "not a regular file"));
        }
        self.check_size(name, path, entry.size)?;
        if entry.size > LONG_LIST && self.turn.is_none() {
            self.turn = Some(
                self.long_lists
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner),
            );
        }
        let mut bytes = Vec::new();
        let size = usize::try_from(entry.size).unwrap_or(usize::MAX);
        bytes.try_reserve_exact(size).map_err(|_| Fault::Memory)?;
        loop {
            let chunk = tar.chunk()?;
            if chunk.is_empty() {
                break;
            }
            bytes.extend_from_slice(chunk);
        }
        self.kept.insert(name, bytes);
        Ok(())
    }

    /// Refuse what would take too much memory; what comes twice counts once.
    fn check_size(&self, name: &str, path: &str, size: u64) -> Result<(), Fault> {
        if is_metadata(name) {
            return if size > LARGEST_METADATA {
                Err(Fault::hostile(path, "larger than 4 MiB"))
            } else {
                Ok(())
            };
        }
        let others = self
            .kept
            .iter()
            .filter(|&(&kept, _)| !is_metadata(kept) && kept != name);
        let sum: u64 = others.map(|(_, bytes)| bytes.len() as u64).sum();
        if sum.saturating_add(size) > LARGEST_LISTS {
            Err(Fault::hostile(
                path,
                "its lists of files take more than 128 MiB",
            ))
        } else {
            Ok(())
        }
    }

    /// Whether the package can be linked with what is known so far.
    pub(crate) fn is_complete(&self) -> bool {
        self.kept.contains_key("index.json")
            && self.kept.contains_key("paths.json")
            && self.about_modified.is_some()
    }

    /// The paths of the package, `most` at most. Frees the bytes that they were read from.
    pub(crate) fn paths(&mut self, most: u64) -> Result<Vec<PathEntry>, Fault> {
        if let Some(json) = self.kept.remove("paths.json") {
            return parse_paths_json(&json, most);
        }
        let get = |name: &str| self.kept.get(name).map(Vec::as_slice);
        let files = get("files")
            .ok_or_else(|| Fault::damaged("neither info/paths.json nor info/files is there"))?;
        let lists = OldLists {
            files,
            has_prefix: get("has_prefix"),
            no_link: get("no_link"),
            no_softlink: get("no_softlink"),
        };
        parse_old_lists(&lists, most)
    }

    /// What kind of package it is.
    pub(crate) fn noarch(&self) -> Result<Noarch, Fault> {
        let json = self
            .kept
            .get("index.json")
            .ok_or_else(|| Fault::damaged("info/index.json is missing"))?;
        let index: IndexJson = serde_json::from_slice(json)
            .map_err(|error| Fault::damaged_at("info/index.json", error.to_string()))?;
        Ok(match index.noarch {
            Some(NoarchJson::Name(name)) if name == "python" => Noarch::Python,
            Some(NoarchJson::Name(_) | NoarchJson::Flag(true)) => Noarch::Generic,
            _ => Noarch::None,
        })
    }

    /// The commands that a noarch python package wants.
    pub(crate) fn entry_points(&self) -> Result<Vec<EntryPoint>, Fault> {
        let Some(json) = self.kept.get("link.json") else {
            return Ok(Vec::new());
        };
        let link: LinkJson = serde_json::from_slice(json)
            .map_err(|error| Fault::damaged_at("info/link.json", error.to_string()))?;
        link.noarch
            .entry_points
            .iter()
            .map(|text| {
                EntryPoint::parse(text).map_err(|reason| {
                    Fault::hostile("info/link.json", format!("entry point {text:?}: {reason}"))
                })
            })
            .collect()
    }

    /// The time that files get which are changed while they are put in place, in seconds since 1970.
    ///
    /// A second later than everything in the package: bytecode that was compiled from the
    /// unchanged source is then stale, as it must be.
    pub(crate) fn patched_time(&self) -> Option<i64> {
        self.about_modified.map(|time| time.saturating_add(1))
    }
}

/// Whether a wanted file is not a list of paths.
fn is_metadata(name: &str) -> bool {
    matches!(name, "index.json" | "link.json")
}

#[derive(Deserialize)]
struct IndexJson {
    #[serde(default)]
    noarch: Option<NoarchJson>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NoarchJson {
    Flag(bool),
    Name(String),
}

#[derive(Deserialize)]
struct LinkJson {
    noarch: NoarchLinks,
}

#[derive(Deserialize)]
struct NoarchLinks {
    #[serde(default)]
    entry_points: Vec<String>,
}
