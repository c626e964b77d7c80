//! Settings in a prefix: which of them are the user's, and how they get into the prefix that takes the place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{Metadata, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cs_file::Links;

use crate::copy::Copying;
use crate::error::PrefixError;
use crate::look::{is_directory, list_names};
use crate::marker::{Marker, remove_file};
use crate::moves::make_directory;
use crate::sys::is_absence;

/// What conda and mamba read, and what their commands write for the user: pinned
/// packages, the CEP 22 marker, variables.
const FILES: [&str; 6] = [
    ".condarc",
    "condarc",
    ".mambarc",
    "conda-meta/pinned",
    "conda-meta/frozen",
    "conda-meta/state",
];
/// Of which every file is a setting.
const DIRECTORY: &str = "condarc.d";
/// Longer ones are not settings: all of them are kept in the marker.
const LIMIT_BYTES: u64 = 1 << 20;

/// Whether `path` in a prefix is a setting, or the directory that holds some.
pub(crate) fn is_setting(path: &str) -> bool {
    FILES.contains(&path) || path == DIRECTORY
}

/// Every setting in `prefix`, path to text.
pub(crate) fn read_all(prefix: &Path) -> Result<BTreeMap<String, String>, PrefixError> {
    let entries = read_entries(prefix)?.into_iter();
    Ok(entries.map(|(path, entry)| (path, entry.text())).collect())
}

/// Copy to another prefix the settings that the user has made or changed since `marker` was written.
pub(crate) fn carry(from: &Path, marker: &Marker, to: &Path) -> Result<(), PrefixError> {
    for (path, text) in read_all(from)? {
        if marker.settings.get(&path) != Some(&text) {
            copy(&from.join(&path), &to.join(&path))?;
        }
    }
    Ok(())
}

/// The settings of a prefix as they were, should what others were copied for fail.
pub(crate) struct Kept {
    prefix: PathBuf,
    entries: BTreeMap<String, Entry>,
}

/// A setting itself.
#[derive(PartialEq, Eq)]
enum Entry {
    File(Vec<u8>, Permissions),
    Link(PathBuf),
}

impl Kept {
    /// Remember the settings in `prefix`.
    pub fn take(prefix: &Path) -> Result<Self, PrefixError> {
        Ok(Self {
            prefix: prefix.to_path_buf(),
            entries: read_entries(prefix)?,
        })
    }

    /// Give the prefix its settings again, and take away those that it did not have.
    pub fn put_back(&self) -> Result<(), PrefixError> {
        let now = read_entries(&self.prefix)?;
        let paths: BTreeSet<&String> = now.keys().chain(self.entries.keys()).collect();
        for path in paths {
            let (was, place) = (self.entries.get(path), self.prefix.join(path));
            if was == now.get(path) {
                continue;
            }
            remove_file(&place)
                .and_then(|()| was.map_or(Ok(()), |entry| entry.write(&place)))
                .map_err(|source| PrefixError::io("write", &place, source))?;
        }
        Ok(())
    }
}

impl Entry {
    /// The text of a setting, or where a link in its place leads.
    fn text(self) -> String {
        match self {
            Self::File(bytes, _) => String::from_utf8_lossy(&bytes).into_owned(),
            Self::Link(target) => format!("-> {}", target.to_string_lossy()),
        }
    }

    fn write(&self, place: &Path) -> io::Result<()> {
        match self {
            #[cfg(unix)]
            Self::Link(target) => std::os::unix::fs::symlink(target, place),
            #[cfg(not(unix))]
            Self::Link(_) => Ok(()),
            Self::File(bytes, permissions) => {
                let mut file = std::fs::File::create_new(place)?;
                file.write_all(bytes)?;
                file.set_permissions(permissions.clone())
            }
        }
    }
}

fn read_entries(prefix: &Path) -> Result<BTreeMap<String, Entry>, PrefixError> {
    let mut found = BTreeMap::new();
    for path in list(prefix)? {
        if let Some(entry) = read(&prefix.join(&path))? {
            found.insert(path, entry);
        }
    }
    Ok(found)
}

fn list(prefix: &Path) -> Result<Vec<String>, PrefixError> {
    let mut paths: Vec<String> = FILES.map(str::to_owned).into();
    let directory = prefix.join(DIRECTORY);
    if is_directory(&directory)? {
        let names = list_names(&directory)?.into_iter();
        paths.extend(names.map(|name| format!("{DIRECTORY}/{name}")));
    }
    Ok(paths)
}

/// What is a setting at `path`. A link in its place is not followed: it may lead to anything.
fn read(path: &Path) -> Result<Option<Entry>, PrefixError> {
    let answer = path
        .symlink_metadata()
        .and_then(|metadata| read_by_kind(path, &metadata));
    match answer {
        Err(error) if is_absence(&error) => Ok(None),
        other => other.map_err(|source| PrefixError::io("read", path, source)),
    }
}

fn read_by_kind(path: &Path, metadata: &Metadata) -> io::Result<Option<Entry>> {
    if metadata.is_symlink() {
        return std::fs::read_link(path).map(|target| Some(Entry::Link(target)));
    }
    match cs_file::read(path, Links::Refused, LIMIT_BYTES) {
        Err(error) if cs_file::is_odd(&error) => Ok(None),
        bytes => Ok(Some(Entry::File(bytes?, metadata.permissions()))),
    }
}

/// Copy a file or link in the place of another, never to where a link of that name leads.
fn copy(from: &Path, to: &Path) -> Result<(), PrefixError> {
    if let Some(parent) = to.parent() {
        make_directory(parent)?;
        if !is_directory(parent)? {
            return Ok(());
        }
    }
    remove_file(to).map_err(|source| PrefixError::io("remove", to, source))?;
    Copying::new(&|| Ok(())).copy_entry(from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn put_back_undoes_the_copying_of_settings() {
        let directory = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| directory.path().join(name));
        for (prefix, text) in [(&from, "new"), (&to, "old")] {
            std::fs::create_dir(prefix).unwrap();
            std::fs::write(prefix.join(".condarc"), text).unwrap();
        }
        std::fs::write(from.join(".mambarc"), "new").unwrap();
        std::fs::write(to.join("condarc"), "only here").unwrap();
        let kept = Kept::take(&to).unwrap();
        for name in [".condarc", ".mambarc"] {
            copy(&from.join(name), &to.join(name)).unwrap();
        }
        kept.put_back().unwrap();
        assert_eq!(std::fs::read_to_string(to.join(".condarc")).unwrap(), "old");
        assert_eq!(
            std::fs::read_to_string(to.join("condarc")).unwrap(),
            "only here"
        );
        assert!(!to.join(".mambarc").exists());
    }
}
