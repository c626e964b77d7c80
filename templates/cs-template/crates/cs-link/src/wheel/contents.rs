//! What a wheel says of itself, in its `.dist-info` directory.

use std::collections::HashSet;

use super::entry_points::{EntryPoints, parse_entry_points};
use super::rows::{Rows, parse_rows};
use crate::fault::Fault;
use crate::limits::LARGEST_METADATA;
use crate::zip::{Member, Reader};

/// A RECORD of the largest known wheel has 3 MB.
const LARGEST_RECORD: u64 = 64 << 20;

/// What is known of a wheel before its files are looked at.
pub(super) struct Contents {
    /// `NAME-VERSION`, which names `.dist-info` and `.data`.
    pub(super) stem: String,
    /// What its RECORD says of its files.
    pub(super) rows: Rows,
    pub(super) entry_points: EntryPoints,
}

impl Contents {
    /// Read what the members under `.dist-info` say, and refuse what is not a wheel of this project.
    pub(super) fn read(
        members: &[Member],
        reader: &mut Reader,
        project: &str,
        python_minor: &str,
    ) -> Result<Self, Fault> {
        let stem = find_stem(members)?;
        let mut read = |name: &str, most: u64| {
            let path = format!("{stem}.dist-info/{name}");
            let found = members.iter().find(|member| member.name == path);
            found
                .map(|member| reader.read_all(member, most))
                .transpose()
        };
        let missing = |name: &str| Fault::damaged(format!("{stem}.dist-info/{name} is missing"));
        let wheel = read("WHEEL", LARGEST_METADATA)?.ok_or_else(|| missing("WHEEL"))?;
        check_version(&wheel)?;
        let metadata = read("METADATA", LARGEST_METADATA)?.ok_or_else(|| missing("METADATA"))?;
        check_project(&metadata, project)?;
        let rows = read("RECORD", LARGEST_RECORD)?.ok_or_else(|| missing("RECORD"))?;
        let entry_points = match read("entry_points.txt", LARGEST_METADATA)? {
            Some(text) => parse_entry_points(&text, python_minor)?,
            None => EntryPoints::default(),
        };
        Ok(Self {
            rows: parse_rows(&rows),
            entry_points,
            stem,
        })
    }
}

/// What the one directory at the top is called that ends in `.dist-info`, without that.
fn find_stem(members: &[Member]) -> Result<String, Fault> {
    let tops = members
        .iter()
        .filter_map(|member| member.name.split_once('/'));
    let stems: HashSet<&str> = tops
        .filter_map(|(top, _)| top.strip_suffix(".dist-info"))
        .collect();
    let mut stems = stems.into_iter();
    match (stems.next(), stems.next()) {
        (Some(stem), None) => Ok(stem.to_owned()),
        (None, _) => Err(Fault::damaged("it has no .dist-info directory")),
        _ => Err(Fault::damaged("it has more than one .dist-info directory")),
    }
}

/// Refuse what a later major version of the format may mean.
fn check_version(wheel: &[u8]) -> Result<(), Fault> {
    let version = header(wheel, "Wheel-Version");
    match version
        .as_deref()
        .map(|version| (version, version.split_once('.')))
    {
        Some((_, Some(("1", _)))) | Some(("0.1", _)) => Ok(()),
        Some((version, _)) => {
            let reason = format!("Wheel-Version is {version:?}, this runtime knows 1.x");
            Err(Fault::damaged_at("WHEEL", reason))
        }
        None => Err(Fault::damaged_at("WHEEL", "Wheel-Version is missing")),
    }
}

/// Refuse a wheel of another project: the lock calls it differently.
fn check_project(metadata: &[u8], project: &str) -> Result<(), Fault> {
    let name = header(metadata, "Name").unwrap_or_default();
    if normalize_name(&name) == normalize_name(project) {
        return Ok(());
    }
    let reason = format!("the wheel is of the project {name:?}, not {project:?}");
    Err(Fault::damaged_at("METADATA", reason))
}

/// The value of the first header of this name, in whatever case.
fn header(text: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let headers = text.lines().take_while(|line| !line.is_empty());
    let mut values = headers.filter_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    });
    values.next()
}

/// A project's name as PEP 503 has it: in lower case, with one hyphen for each run of `-`, `_` and `.`.
pub(crate) fn normalize_name(name: &str) -> String {
    let mut parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    let first = parts.next().unwrap_or_default().to_lowercase();
    parts.fold(first, |name, part| name + "-" + &part.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_ends_where_the_text_starts() {
        let text = b"Metadata-Version: 2.1\r\nname:  Zope.Interface \r\n\r\nName: other\r\n";
        assert_eq!(header(text, "Name").as_deref(), Some("Zope.Interface"));
        assert_eq!(header(b"\nName: x", "Name"), None);
    }

    #[test]
    fn names_that_mean_the_same_project_are_equal() {
        for name in [
            "Zope.Interface",
            "zope-interface",
            "zope__interface",
            "ZOPE._-interface",
        ] {
            assert_eq!(normalize_name(name), "zope-interface");
        }
    }

    #[test]
    fn versions_of_the_format_are_distinguished() {
        for (version, is_known) in [
            ("1.0", true),
            ("1.9", true),
            ("0.1", true),
            ("2.0", false),
            ("1", false),
            ("", false),
        ] {
            let text = format!("Generator: x\nWheel-Version: {version}\n");
            assert_eq!(
                check_version(text.as_bytes()).is_ok(),
                is_known,
                "{version}"
            );
        }
        assert!(check_version(b"Generator: x\n").is_err());
    }
}
