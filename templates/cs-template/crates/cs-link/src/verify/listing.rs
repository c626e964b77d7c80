//! What a record lists.

use std::collections::BTreeMap;

use cs_archive::{sha256, to_hex};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::difference::{Change, Difference};
use super::expected::{Expected, Fact};
use super::files::open_file;
use super::plan::Planned;
use crate::clean::clean_path;
use crate::record::{PathKind, PathRecord, PathsData};
use crate::tree::Hand;
use crate::wheel::{decode_hash, from_site, read_rows};

/// No record is longer: as much as the list of files in an archive may have, once or twice.
const LIMIT_BYTES: u64 = 256 << 20;

/// No system has longer paths: Windows has them in as many characters, of up to three bytes.
const LONGEST_PATH_BYTES: usize = 3 << 15;

/// What a record lists, and what is wrong with the record itself.
#[derive(Default)]
pub(super) struct List {
    pub(super) paths: Vec<Expected>,
    pub(super) differences: Vec<Difference>,
}

/// Read a record and compare it with its seal and, with the plan if it has the package. A record that is
/// not as it was is still used: what it lists shows what else has changed.
pub(super) fn list_record(
    hand: &mut Hand,
    record: &str,
    seal: &str,
    planned: Option<&Planned>,
) -> List {
    let mut list = List::default();
    let mut tell = |change| list.differences.push(Difference::of_record(record, change));
    let bytes = match read_record(hand, record) {
        Ok(bytes) => bytes,
        Err(change) => {
            tell(change);
            return list;
        }
    };
    let wrong = |text: &str| Change::Record(text.to_owned());
    let is_sealed = to_hex(&sha256(&bytes)) == seal;
    let read = if record.ends_with(".json") {
        read_conda(&bytes, record, planned)
    } else {
        Ok((read_wheel(&bytes, record), None))
    };
    let (entries, contradiction) = match read {
        Ok(read) => read,
        Err(why) => {
            tell(wrong(&why));
            return list;
        }
    };
    match contradiction {
        Some(why) => tell(wrong(&why)),
        None if !is_sealed => tell(wrong("it is not as it was written")),
        None => {}
    }
    for (mut path, fact) in entries {
        let clean = match path.len() {
            0..=LONGEST_PATH_BYTES => clean_path(path.as_bytes()),
            _ => Err("it lists a path that is too long for any file system"),
        };
        match clean {
            Ok(clean) => list.paths.push(Expected { path: clean, fact }),
            Err(why) => {
                shorten(&mut path);
                list.differences.push(Difference {
                    record: record.to_owned(),
                    path,
                    change: wrong(why),
                });
            }
        }
    }
    list
}

/// What could not be a path is not reported in full.
fn shorten(path: &mut String) {
    const SHOWN_BYTES: usize = 200;
    if path.len() > LONGEST_PATH_BYTES {
        let mut ends = (0..=SHOWN_BYTES).rev();
        path.truncate(ends.find(|end| path.is_char_boundary(*end)).unwrap_or(0));
        path.push_str("...");
    }
}

fn read_record(hand: &mut Hand, record: &str) -> Result<Vec<u8>, Change> {
    // The marker names it, which may be anything by now.
    let clean = clean_path(record.as_bytes()).map_err(|why| Change::Record(why.to_owned()))?;
    if clean != record {
        return Err(Change::Record(
            "its path is not that of a record".to_owned(),
        ));
    }
    let file = open_file(hand, record)?;
    cs_file::read_all(&file, LIMIT_BYTES)
        .map_err(|error| Change::Unreadable(cs_file::describe_error(&error)))
}

type Entries = Vec<(String, Fact)>;

/// A record of conda's, as far as it is compared.
#[derive(Deserialize)]
struct Stored {
    paths_data: PathsData<Vec<PathRecord>>,
    #[serde(default, rename = "files")]
    _files: IgnoredAny,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// The paths of a record of conda's, and how it contradicts the plan.
fn read_conda(
    bytes: &[u8],
    record: &str,
    planned: Option<&Planned>,
) -> Result<(Entries, Option<String>), String> {
    let stored: Stored = serde_json::from_slice(bytes)
        .map_err(|error| format!("it is not a record of conda's: {error}"))?;
    let contradiction =
        planned.and_then(|planned| planned.find_contradiction(record, &stored.rest));
    let paths = stored.paths_data.paths.into_iter();
    let entries = paths.filter(|path| !path.no_link).map(describe);
    Ok((entries.collect(), contradiction))
}

fn describe(record: PathRecord) -> (String, Fact) {
    let sha256 = record.sha256_in_prefix.or(record.sha256);
    let fact = match record.path_type {
        PathKind::Directory => Fact::Directory,
        PathKind::SoftLink => Fact::Link(record.link_target),
        PathKind::Compiled => Fact::Present,
        _ if sha256.is_none() && record.size_in_bytes.is_none() => Fact::Present,
        _ => Fact::File {
            size: record.size_in_bytes,
            sha256: sha256.map(|digest| digest.0),
        },
    };
    (record.path, fact)
}

/// The paths of a wheel's RECORD, each once.
fn read_wheel(bytes: &[u8], record: &str) -> Entries {
    let site = record.rsplitn(3, '/').nth(2).unwrap_or_default();
    let mut entries = BTreeMap::new();
    for row in read_rows(bytes) {
        let path = from_site(site, &row.path).unwrap_or(row.path);
        let sha256 = decode_hash(&row.facts.hash);
        let fact = match (row.facts.size, sha256) {
            (None, None) => Fact::Present,
            (size, sha256) => Fact::File { size, sha256 },
        };
        entries.entry(path).or_insert(fact);
    }
    entries.into_iter().collect()
}
