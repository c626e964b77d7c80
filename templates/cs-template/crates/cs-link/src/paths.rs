//! What a package says it holds: `info/paths.json`, or the files that stood in its place before conda 4.3.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use memchr::memmem;
use serde::Deserialize;

use crate::fault::Fault;
use crate::input::from_hex;

/// How a file holds the placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileMode {
    Text,
    Binary,
}

/// The build prefix within a file, to be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placeholder {
    pub(crate) mode: FileMode,
    pub(crate) text: Rc<str>,
}

/// What the package says a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    File,
    SoftLink,
    Directory,
    /// Old packages do not say.
    Unknown,
}

/// One path of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathEntry {
    /// Within the archive, cleaned.
    pub(crate) source: String,
    pub(crate) declared: Declared,
    pub(crate) no_link: bool,
    pub(crate) sha256: Option<[u8; 32]>,
    pub(crate) size: Option<u64>,
    pub(crate) placeholder: Option<Placeholder>,
}

#[derive(Deserialize)]
struct PathsJson<'a> {
    #[serde(borrow)]
    paths: Vec<RawPath<'a>>,
}

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

/// Placeholders are the same for most files of a package: keep one copy of each.
#[derive(Default)]
struct Placeholders(HashSet<Rc<str>>);

impl Placeholders {
    fn intern(&mut self, text: &str) -> Rc<str> {
        if let Some(known) = self.0.get(text) {
            return Rc::clone(known);
        }
        let text: Rc<str> = Rc::from(text);
        self.0.insert(Rc::clone(&text));
        text
    }
}

/// More paths than any package has: each takes memory while its package is linked.
const MOST_PATHS: usize = 1_000_000;

/// Refuse a list that is too long, before it is parsed.
fn check_count<T>(name: &str, paths: impl Iterator<Item = T>) -> Result<(), Fault> {
    match paths.take(MOST_PATHS + 1).count() > MOST_PATHS {
        true => Err(Fault::hostile(name, "it lists more than a million paths")),
        false => Ok(()),
    }
}

/// Parse `info/paths.json`.
pub(crate) fn parse_paths_json(json: &[u8]) -> Result<Vec<PathEntry>, Fault> {
    check_count("info/paths.json", memmem::find_iter(json, b"\"_path\""))?;
    let parsed: PathsJson = serde_json::from_slice(json)
        .map_err(|error| Fault::damaged_at("info/paths.json", error.to_string()))?;
    let mut placeholders = Placeholders::default();
    parsed
        .paths
        .iter()
        .map(|raw| path_entry(raw, &mut placeholders))
        .collect()
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
            mode: file_mode(mode).ok_or_else(|| broken("unknown file_mode"))?,
            text: placeholders.intern(text),
        }),
    };
    Ok(PathEntry {
        source,
        declared,
        no_link: raw.no_link.unwrap_or(false),
        sha256,
        size: raw.size_in_bytes,
        placeholder,
    })
}

fn file_mode(text: &str) -> Option<FileMode> {
    match text.to_ascii_lowercase().as_str() {
        "text" => Some(FileMode::Text),
        "binary" => Some(FileMode::Binary),
        _ => None,
    }
}

/// The old files: `info/files`, and where present `has_prefix`, `no_link`, `no_softlink`.
#[derive(Default)]
pub(crate) struct OldLists<'a> {
    pub(crate) files: &'a [u8],
    pub(crate) has_prefix: Option<&'a [u8]>,
    pub(crate) no_link: Option<&'a [u8]>,
    pub(crate) no_softlink: Option<&'a [u8]>,
}

/// Make path entries from the old lists, sorted by path.
pub(crate) fn parse_old_lists(lists: &OldLists) -> Result<Vec<PathEntry>, Fault> {
    for (name, list) in [
        ("info/files", Some(lists.files)),
        ("info/has_prefix", lists.has_prefix),
        ("info/no_link", lists.no_link),
        ("info/no_softlink", lists.no_softlink),
    ] {
        check_count(name, memchr::memchr_iter(b'\n', list.unwrap_or_default()))?;
    }
    let mut placeholders = Placeholders::default();
    let mut prefixed = HashMap::new();
    for line in lines("info/has_prefix", lists.has_prefix.unwrap_or_default())? {
        let (path, placeholder) = has_prefix_line(line, &mut placeholders).ok_or_else(|| {
            Fault::damaged_at("info/has_prefix", format!("cannot understand {line:?}"))
        })?;
        prefixed.insert(path, placeholder);
    }
    let mut no_link: HashSet<&str> =
        lines("info/no_link", lists.no_link.unwrap_or_default())?.collect();
    no_link.extend(lines(
        "info/no_softlink",
        lists.no_softlink.unwrap_or_default(),
    )?);
    let mut entries = Vec::new();
    for path in lines("info/files", lists.files)? {
        entries.push(PathEntry {
            source: clean_path(path.as_bytes()).map_err(|reason| Fault::hostile(path, reason))?,
            declared: Declared::Unknown,
            no_link: no_link.contains(path),
            sha256: None,
            size: None,
            placeholder: prefixed.get(path).cloned(),
        });
    }
    entries.sort_by(|a, b| a.source.cmp(&b.source));
    entries.dedup_by(|a, b| a.source == b.source);
    Ok(entries)
}

fn lines<'a>(name: &str, bytes: &'a [u8]) -> Result<impl Iterator<Item = &'a str>, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::damaged_at(name, "not UTF-8"))?;
    Ok(text.lines().filter(|line| !line.trim().is_empty()))
}

/// `PREFIX MODE PATH`, each possibly in quotation marks, or `PATH` alone for a text file with the oldest placeholder of all.
fn has_prefix_line(line: &str, placeholders: &mut Placeholders) -> Option<(String, Placeholder)> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let (word, after) = first_word(rest)?;
        words.push(word);
        rest = after.trim_start();
    }
    match words.as_slice() {
        [path] => {
            let text = placeholders.intern(&oldest_placeholder());
            Some((
                path.clone(),
                Placeholder {
                    mode: FileMode::Text,
                    text,
                },
            ))
        }
        [prefix, mode, path] => Some((
            path.clone(),
            Placeholder {
                mode: file_mode(mode)?,
                text: placeholders.intern(prefix),
            },
        )),
        _ => None,
    }
}

/// Put together at run time: build tools would otherwise take it for a placeholder of this very program.
fn oldest_placeholder() -> String {
    let mut text = String::from("/opt/");
    for digit in 1..=3 {
        text.push_str("anaconda");
        text.push(char::from(b'0' + digit));
    }
    text
}

fn first_word(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut word = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((word, &quoted[at + 1..])),
            '\\' => word.push(characters.next()?.1),
            other => word.push(other),
        }
    }
    None
}

/// No system opens a longer one, and each directory on the way costs some memory.
const LONGEST_PATH: usize = 4096;

/// Turn a path from an archive into one that stays below where it is put, or say why it is refused.
pub(crate) fn clean_path(raw: &[u8]) -> Result<String, &'static str> {
    if raw.len() > LONGEST_PATH {
        return Err("the path is longer than 4096 bytes");
    }
    let text = std::str::from_utf8(raw).map_err(|_| "the path is not UTF-8")?;
    let text = if cfg!(windows) {
        Cow::Owned(text.replace('\\', "/"))
    } else {
        Cow::Borrowed(text)
    };
    if text.starts_with('/') {
        return Err("the path is absolute");
    }
    let mut clean = String::with_capacity(text.len());
    for part in text.split('/') {
        match part {
            "" | "." => continue,
            ".." => return Err("the path leads upwards"),
            part if part.contains('\0') => return Err("the path holds a NUL"),
            part if cfg!(windows) && part.contains(':') => {
                return Err("the path names a drive or a stream");
            }
            part => {
                if !clean.is_empty() {
                    clean.push('/');
                }
                clean.push_str(part);
            }
        }
    }
    if clean.is_empty() {
        Err("the path is empty")
    } else {
        Ok(clean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_cleaned_of_what_means_nothing() {
        assert_eq!(clean_path(b"./a//b/./c/").as_deref(), Ok("a/b/c"));
        assert_eq!(clean_path("ünï/名".as_bytes()).as_deref(), Ok("ünï/名"));
        assert_eq!(clean_path(b"a..b/...").as_deref(), Ok("a..b/..."));
    }

    #[test]
    fn a_path_that_could_leave_is_refused() {
        assert_eq!(clean_path(b"a/../../b"), Err("the path leads upwards"));
        assert_eq!(clean_path(b"/a"), Err("the path is absolute"));
        assert_eq!(clean_path(b"a\0b"), Err("the path holds a NUL"));
        assert_eq!(clean_path(b"\xff"), Err("the path is not UTF-8"));
        assert_eq!(
            clean_path("a/".repeat(2049).as_bytes()),
            Err("the path is longer than 4096 bytes")
        );
        for empty in [&b""[..], b".", b"./"] {
            assert_eq!(clean_path(empty), Err("the path is empty"));
        }
    }

    #[test]
    fn paths_json_may_leave_out_what_it_does_not_know() {
        let entries = parse_paths_json(
            br#"{"paths": [{"_path": "a"}, {"_path": "b", "path_type": "softlink"}]}"#,
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
            let fault = format!("{:?}", parse_paths_json(json).unwrap_err());
            assert!(fault.contains(reason), "{fault}");
        }
    }

    #[test]
    fn a_list_of_more_than_a_million_paths_is_refused_before_it_is_parsed() {
        let entry = br#"{"_path":"a"},"#;
        let fault = parse_paths_json(&entry.repeat(MOST_PATHS + 1)).unwrap_err();
        assert!(format!("{fault:?}").contains("more than a million"));
        let files = b"a\n".repeat(MOST_PATHS + 1);
        let lists = OldLists {
            files: &files,
            ..OldLists::default()
        };
        assert!(matches!(
            parse_old_lists(&lists),
            Err(Fault::Hostile { .. })
        ));
    }

    #[test]
    fn has_prefix_lines_come_in_three_forms() {
        let mut placeholders = Placeholders::default();
        let mut parse = |line| has_prefix_line(line, &mut placeholders);
        let (path, found) = parse("/old text a/b").unwrap();
        assert_eq!(
            (path.as_str(), &*found.text, found.mode),
            ("a/b", "/old", FileMode::Text)
        );
        let (path, found) = parse(r#""/o l\"d" BINARY "a b""#).unwrap();
        assert_eq!(
            (path.as_str(), &*found.text, found.mode),
            ("a b", "/o l\"d", FileMode::Binary)
        );
        let (path, found) = parse("a/b").unwrap();
        assert_eq!(
            (path.as_str(), found.text.len(), found.mode),
            ("a/b", 32, FileMode::Text)
        );
        assert_eq!(parse("/old odd a"), None);
        assert_eq!(parse("\"unfinished"), None);
    }
}
