//! `info/paths.json`.

use std::borrow::Cow;
use std::fmt;

use cs_archive::from_hex;
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::entry::{Declared, FileMode, PathEntry, Placeholder};
use super::listing::{Listing, Placeholders};
use crate::clean::clean_path;
use crate::fault::Fault;

#[derive(Deserialize)]
struct RawPath<'a> {
    #[serde(rename = "_path", borrow)]
    path: Cow<'a, str>,
    #[serde(borrow, default)]
    path_type: Option<Cow<'a, str>>,
    #[serde(default)]
    no_link: Option<bool>,
    #[serde(borrow, default)]
    sha256: Option<Cow<'a, str>>,
    #[serde(default)]
    size_in_bytes: Option<u64>,
    #[serde(borrow, default)]
    file_mode: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    prefix_placeholder: Option<Cow<'a, str>>,
}

/// Parse `info/paths.json`, in which no more than `most` paths may be.
pub(crate) fn parse_paths_json(json: &[u8], most: u64) -> Result<Vec<PathEntry>, Fault> {
    let mut reader = PathsReader {
        listing: Listing::new(most),
        fault: None,
        found: false,
    };
    let mut json = serde_json::Deserializer::from_slice(json);
    let parsed = json
        .deserialize_map(&mut reader)
        .and_then(|()| json.end())
        .map_err(|error| Fault::damaged_at("info/paths.json", error.to_string()));
    match reader.fault {
        Some(fault) => Err(fault),
        None => parsed.map(|()| reader.listing.entries),
    }
}

/// Reads `paths.json` one path at a time: all of them as JSON has them would take several times the memory.
struct PathsReader {
    listing: Listing,
    /// What is wrong besides the JSON.
    fault: Option<Fault>,
    found: bool,
}

impl<'de> Visitor<'de> for &mut PathsReader {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object with paths")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<str>>()? {
            match &*key {
                "paths" if self.found => return Err(de::Error::duplicate_field("paths")),
                "paths" => {
                    self.found = true;
                    map.next_value_seed(PathsArray(self))?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if self.found {
            Ok(())
        } else {
            Err(de::Error::missing_field("paths"))
        }
    }
}

/// The array in it.
struct PathsArray<'r>(&'r mut PathsReader);

impl<'de> DeserializeSeed<'de> for PathsArray<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for PathsArray<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a list of paths")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut paths: A) -> Result<(), A::Error> {
        while let Some(raw) = paths.next_element::<RawPath>()? {
            let listing = &mut self.0.listing;
            let entry = path_entry(&raw, &mut listing.placeholders);
            if let Err(fault) = entry.and_then(|entry| listing.add(entry)) {
                self.0.fault = Some(fault);
                return Err(de::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

fn path_entry(raw: &RawPath, placeholders: &mut Placeholders) -> Result<PathEntry, Fault> {
    let source = clean_path(raw.path.as_bytes())
        .map_err(|reason| Fault::hostile(raw.path.as_ref(), reason))?;
    let broken = |what: &str| Fault::damaged_at("info/paths.json", format!("{}: {what}", raw.path));
    let declared = match raw.path_type.as_deref() {
        None => Declared::Unknown,
        Some("hardlink") => Declared::File,
        Some("softlink") => Declared::SoftLink,
        Some("directory") => Declared::Directory,
        Some(_) => return Err(broken("unknown path_type")),
    };
    let sha256 = match raw.sha256.as_deref() {
        None => None,
        Some(hex) => Some(from_hex(hex).ok_or_else(|| broken("sha256 is not 64 hex digits"))?),
    };
    let placeholder = match (raw.prefix_placeholder.as_deref(), raw.file_mode.as_deref()) {
        (None | Some(""), _) | (_, None) => None,
        (Some(text), Some(mode)) => Some(Placeholder {
            mode: FileMode::parse(mode).ok_or_else(|| broken("unknown file_mode"))?,
            text: placeholders.intern(text)?,
        }),
    };
    Ok(PathEntry {
        source: source.into_boxed_str(),
        declared,
        no_link: raw.no_link.unwrap_or(false),
        sha256,
        size: raw.size_in_bytes,
        placeholder,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_json_may_leave_out_optional_fields() {
        let entries = parse_paths_json(
            br#"{"paths": [{"_path": "a"}, {"_path": "b", "path_type": "softlink"}]}"#,
            2,
        )
        .unwrap();
        assert_eq!(
            (entries[0].declared, entries[0].size),
            (Declared::Unknown, None)
        );
        assert_eq!(entries[1].declared, Declared::SoftLink);
    }

    #[test]
    fn a_broken_paths_json_says_where() {
        for (json, reason) in [
            (&b"{"[..], "info/paths.json"),
            (
                br#"{"paths": [{"_path": "a", "path_type": "odd"}]}"#,
                "unknown path_type",
            ),
            (
                br#"{"paths": [{"_path": "a", "sha256": "12"}]}"#,
                "sha256 is not 64 hex digits",
            ),
            (
                br#"{"paths": [{"_path": "a", "prefix_placeholder": "/x", "file_mode": "odd"}]}"#,
                "unknown file_mode",
            ),
        ] {
            let fault = format!("{:?}", parse_paths_json(json, 1).unwrap_err());
            assert!(fault.contains(reason), "{fault}");
        }
    }
}
