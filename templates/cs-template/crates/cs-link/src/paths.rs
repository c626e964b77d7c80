//! What a package says it holds: `info/paths.json`, or the files that stood in its place before conda 4.3.

mod json;

pub(crate) use json::parse_paths_json;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::fault::Fault;
use crate::limits::{DEEPEST_PATH, LONGEST_PATH, LONGEST_PATHS, LONGEST_PLACEHOLDER, too_many};

/// How a file holds the placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FileMode {
    Text,
    Binary,
}

/// The build prefix within a file, to be replaced.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    pub(crate) source: Box<str>,
    pub(crate) declared: Declared,
    pub(crate) no_link: bool,
    pub(crate) sha256: Option<[u8; 32]>,
    pub(crate) size: Option<u64>,
    pub(crate) placeholder: Option<Placeholder>,
}

/// Placeholders are the same for most files of a package: keep one copy of each.
#[derive(Default)]
struct Placeholders(HashSet<Rc<str>>);

impl Placeholders {
    fn intern(&mut self, text: &str) -> Result<Rc<str>, Fault> {
        if text.len() > LONGEST_PLACEHOLDER {
            return Err(Fault::hostile(
                "info/",
                "a placeholder is longer than 4096 bytes",
            ));
        }
        if text.contains('\0') {
            return Err(Fault::hostile("info/", "a placeholder holds a NUL"));
        }
        if let Some(known) = self.0.get(text) {
            return Ok(Rc::clone(known));
        }
        let text: Rc<str> = Rc::from(text);
        self.0.insert(Rc::clone(&text));
        Ok(text)
    }
}

/// Path entries as they are read, of which there may not be more than `most`.
struct Listing {
    entries: Vec<PathEntry>,
    placeholders: Placeholders,
    most: u64,
    path_bytes: usize,
}

impl Listing {
    fn new(most: u64) -> Self {
        Self {
            entries: Vec::new(),
            placeholders: Placeholders::default(),
            most,
            path_bytes: 0,
        }
    }

    fn add(&mut self, entry: PathEntry) -> Result<(), Fault> {
        self.path_bytes += entry.source.len();
        if self.path_bytes > LONGEST_PATHS {
            return Err(Fault::hostile(
                "info/",
                "its paths add up to more than 64 MiB",
            ));
        }
        if self.entries.len() as u64 >= self.most {
            return Err(Fault::hostile("info/", too_many(self.most)));
        }
        self.entries.push(entry);
        Ok(())
    }
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

/// Make path entries from the old lists, sorted by path; there may not be more than `most`.
pub(crate) fn parse_old_lists(lists: &OldLists, most: u64) -> Result<Vec<PathEntry>, Fault> {
    for (name, list) in [
        ("info/files", Some(lists.files)),
        ("info/has_prefix", lists.has_prefix),
        ("info/no_link", lists.no_link),
        ("info/no_softlink", lists.no_softlink),
    ] {
        let count = memchr::memchr_iter(b'\n', list.unwrap_or_default()).count();
        if count as u64 > most {
            return Err(Fault::hostile(name, too_many(most)));
        }
    }
    let mut listing = Listing::new(most);
    let mut prefixed = HashMap::new();
    for line in lines("info/has_prefix", lists.has_prefix.unwrap_or_default())? {
        let (path, placeholder) = has_prefix_line(line, &mut listing.placeholders)?;
        prefixed.insert(path, placeholder);
    }
    let mut no_link: HashSet<&str> =
        lines("info/no_link", lists.no_link.unwrap_or_default())?.collect();
    no_link.extend(lines(
        "info/no_softlink",
        lists.no_softlink.unwrap_or_default(),
    )?);
    for path in lines("info/files", lists.files)? {
        let source = clean_path(path.as_bytes()).map_err(|reason| Fault::hostile(path, reason))?;
        listing.add(PathEntry {
            source: source.into_boxed_str(),
            declared: Declared::Unknown,
            no_link: no_link.contains(path),
            sha256: None,
            size: None,
            placeholder: prefixed.get(path).cloned(),
        })?;
    }
    let mut entries = listing.entries;
    entries.sort_by(|a, b| a.source.cmp(&b.source));
    entries.dedup_by(|a, b| a.source == b.source);
    Ok(entries)
}

fn lines<'a>(name: &str, bytes: &'a [u8]) -> Result<impl Iterator<Item = &'a str>, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::damaged_at(name, "not UTF-8"))?;
    Ok(text.lines().filter(|line| !line.trim().is_empty()))
}

/// `PREFIX MODE PATH`, each possibly in quotation marks, or `PATH` alone for a text file with the oldest placeholder of all.
fn has_prefix_line(
    line: &str,
    placeholders: &mut Placeholders,
) -> Result<(String, Placeholder), Fault> {
    let not_understood =
        || Fault::damaged_at("info/has_prefix", format!("cannot understand {line:?}"));
    let words = split_words(line).ok_or_else(not_understood)?;
    let (mode, text, path) = match words.as_slice() {
        [path] => (FileMode::Text, &oldest_placeholder(), path),
        [prefix, mode, path] => (file_mode(mode).ok_or_else(not_understood)?, prefix, path),
        _ => return Err(not_understood()),
    };
    let text = placeholders.intern(text)?;
    Ok((path.clone(), Placeholder { mode, text }))
}

fn split_words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let (word, after) = first_word(rest)?;
        words.push(word);
        rest = after.trim_start();
    }
    Some(words)
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
    let mut depth = 0;
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
                depth += 1;
            }
        }
    }
    if depth > DEEPEST_PATH {
        return Err("the path has more than 256 parts");
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
        assert!(clean_path("a/".repeat(256).as_bytes()).is_ok());
        assert_eq!(
            clean_path("a/".repeat(257).as_bytes()),
            Err("the path has more than 256 parts")
        );
        for empty in [&b""[..], b".", b"./"] {
            assert_eq!(clean_path(empty), Err("the path is empty"));
        }
    }

    #[test]
    fn paths_json_may_leave_out_what_it_does_not_know() {
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

    #[test]
    fn a_list_of_too_many_paths_is_refused() {
        let list = |count| {
            format!(
                r#"{{"paths": [{}]}}"#,
                vec![r#"{"\u005fpath": "a"}"#; count].join(",")
            )
        };
        assert_eq!(parse_paths_json(list(5).as_bytes(), 5).unwrap().len(), 5);
        let fault = parse_paths_json(list(6).as_bytes(), 5).unwrap_err();
        assert!(
            format!("{fault:?}").contains("more than 5 files"),
            "{fault:?}"
        );
        for files in ["a\nb\nc\nd\ne\n", "\n\n\n\n\n", "a\nb\nc\nd\ne"] {
            let lists = OldLists {
                files: files.as_bytes(),
                ..OldLists::default()
            };
            let fault = parse_old_lists(&lists, 4).unwrap_err();
            assert!(matches!(fault, Fault::Hostile { .. }));
        }
    }

    #[test]
    fn paths_that_add_up_to_too_much_are_refused() {
        let path = "p".repeat(LONGEST_PATH);
        let list = |count| {
            format!(
                r#"{{"paths": [{}]}}"#,
                vec![format!(r#"{{"_path": "{path}"}}"#); count].join(",")
            )
        };
        let most = LONGEST_PATHS / LONGEST_PATH;
        assert_eq!(
            parse_paths_json(list(most).as_bytes(), 1 << 20)
                .unwrap()
                .len(),
            most
        );
        let fault = parse_paths_json(list(most + 1).as_bytes(), 1 << 20).unwrap_err();
        assert!(format!("{fault:?}").contains("64 MiB"), "{fault:?}");
    }

    #[test]
    fn a_placeholder_is_no_longer_than_a_path() {
        let list = |length| {
            let text = "p".repeat(length);
            format!(
                r#"{{"paths": [{{"_path": "a", "prefix_placeholder": "{text}", "file_mode": "text"}}]}}"#
            )
        };
        assert!(parse_paths_json(list(4096).as_bytes(), 1).is_ok());
        let fault = parse_paths_json(list(4097).as_bytes(), 1).unwrap_err();
        assert!(matches!(fault, Fault::Hostile { .. }));
    }

    #[test]
    fn has_prefix_lines_come_in_three_forms() {
        let mut placeholders = Placeholders::default();
        let mut parse = |line| has_prefix_line(line, &mut placeholders).ok();
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
