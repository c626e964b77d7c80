//! The `info/` directory of an archive: what the package is, before its files are looked at.

use std::collections::BTreeMap;
use std::io::Read;

use serde::Deserialize;

use crate::Noarch;
use crate::entry_point::EntryPoint;
use crate::fault::Fault;
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
const LARGEST_KEPT: u64 = 128 * 1024 * 1024;

/// Collects what is wanted of `info/` while a tar streams by.
#[derive(Default)]
pub(crate) struct InfoFiles {
    kept: BTreeMap<&'static str, Vec<u8>>,
    about_modified: Option<i64>,
}

impl InfoFiles {
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
        if entry.size > LARGEST_KEPT {
            return Err(Fault::hostile(path, "larger than 128 MiB"));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(entry.size).unwrap_or_default());
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

    /// Whether the package can be linked with what is known so far.
    pub(crate) fn is_complete(&self) -> bool {
        self.kept.contains_key("index.json")
            && self.kept.contains_key("paths.json")
            && self.about_modified.is_some()
    }

    /// The paths of the package. Frees the bytes that they were read from.
    pub(crate) fn paths(&mut self) -> Result<Vec<PathEntry>, Fault> {
        if let Some(json) = self.kept.remove("paths.json") {
            return parse_paths_json(&json);
        }
        let get = |name: &str| self.kept.get(name).map(Vec::as_slice);
        let files = get("files")
            .ok_or_else(|| Fault::damaged("neither info/paths.json nor info/files is there"))?;
        parse_old_lists(&OldLists {
            files,
            has_prefix: get("has_prefix"),
            no_link: get("no_link"),
            no_softlink: get("no_softlink"),
        })
    }

    /// What kind of package it is.
    pub(crate) fn noarch(&self) -> Result<Noarch, Fault> {
        let json = self
            .kept
            .get("index.json")
            .ok_or_else(|| Fault::damaged("info/index.json is not there"))?;
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
    /// A second later than everything in the package: bytecode that was compiled from the unchanged source is then stale, as it must be.
    pub(crate) fn patched_time(&self) -> Option<i64> {
        self.about_modified.map(|time| time.saturating_add(1))
    }
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
