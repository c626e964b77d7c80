//! What `verify` reports, as `docs/reference/runtime.md` describes it.

use cs_link::{Change, Difference, Verified};
use cs_prefix::{Additions, CARRIED, Marker};
use serde::Serialize;

use crate::context::Runtime;

const SCHEMA_VERSION: u32 = 1;

/// Everything that the command shows.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    pub schema_version: u32,
    pub runtime: &'a str,
    pub version: &'a str,
    pub stamp: &'a str,
    pub prefix: String,
    pub installed: By,
    /// Whether nothing differs.
    pub is_intact: bool,
    pub package_count: usize,
    pub file_count: u64,
    pub uncompared_file_count: u64,
    pub size_bytes: u64,
    pub skipped: Vec<&'static str>,
    pub problems: Vec<Problem>,
}

/// Which build made the prefix.
#[derive(Debug, Serialize)]
pub struct By {
    pub version: String,
    pub stamp: String,
}

/// One path that is not as it was installed.
#[derive(Debug, Serialize)]
pub struct Problem {
    /// The package that it belongs to; none for what no package has.
    pub package: Option<String>,
    pub path: String,
    pub problem: Kind,
    /// What was recorded: bytes, SHA-256 or the target of a link.
    pub expected: Option<String>,
    /// What there is instead.
    pub found: Option<String>,
}

/// What has become of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Changed,
    Missing,
    Added,
    Unreadable,
    Record,
}

/// Put together what was found.
pub fn compose<'a>(
    runtime: &'a Runtime,
    marker: &Marker,
    verified: Verified,
    additions: Additions,
) -> Report<'a> {
    let prefix = &runtime.place.prefix;
    let mut problems: Vec<Problem> = verified.differences.into_iter().map(describe).collect();
    problems.extend(list_additions(additions).map(|path| Problem {
        package: None,
        path,
        problem: Kind::Added,
        expected: None,
        found: None,
    }));
    let is_there = |name: &&str| prefix.join(name).symlink_metadata().is_ok();
    Report {
        schema_version: SCHEMA_VERSION,
        runtime: &runtime.header.runtime,
        version: &runtime.header.runtime_version,
        stamp: &runtime.stamp_hex,
        prefix: prefix.to_string_lossy().into_owned(),
        installed: By {
            version: marker.runtime_version.clone(),
            stamp: marker.stamp.clone(),
        },
        is_intact: problems.is_empty(),
        package_count: verified.packages,
        file_count: verified.files,
        uncompared_file_count: verified.uncompared,
        size_bytes: verified.bytes,
        skipped: CARRIED.into_iter().filter(is_there).collect(),
        problems,
    }
}

fn describe(difference: Difference) -> Problem {
    let Difference {
        record,
        path,
        change,
    } = difference;
    let text = |bytes: u64| Some(format!("{bytes} bytes"));
    let sha256 = |hex: String| Some(format!("sha256:{hex}"));
    let (problem, expected, found) = match change {
        Change::Missing => (Kind::Missing, None, None),
        Change::Size { expected, found } => (Kind::Changed, text(expected), text(found)),
        Change::Sha256 { expected, found } => (Kind::Changed, sha256(expected), sha256(found)),
        Change::Target { expected, found } => (
            Kind::Changed,
            Some(format!("link to {expected}")),
            Some(format!("link to {found}")),
        ),
        Change::Kind => (Kind::Changed, None, Some("another kind of file".to_owned())),
        Change::Unreadable(why) => (Kind::Unreadable, None, Some(why)),
        Change::Record(why) => (Kind::Record, None, Some(why)),
    };
    Problem {
        package: Some(name_package(&record)),
        path,
        problem,
        expected,
        found,
    }
}

/// The package that a record is of, as `status` names those that were added.
fn name_package(record: &str) -> String {
    let stem = record.strip_suffix(".json");
    let stem = stem.or_else(|| record.strip_suffix(".dist-info/RECORD"));
    let stem = stem.unwrap_or(record);
    stem.rsplit('/').next().unwrap_or(stem).to_owned()
}

/// What has come since, as one list.
fn list_additions(additions: Additions) -> impl Iterator<Item = String> {
    let packages = additions.packages.into_iter().map(|name| {
        if name.contains('/') {
            name
        } else {
            format!("conda-meta/{name}.json")
        }
    });
    packages.chain(additions.files)
}
