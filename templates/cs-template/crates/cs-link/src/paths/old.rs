//! The lists of paths from before conda 4.3.

use std::collections::{HashMap, HashSet};

use super::entry::{Declared, FileMode, PathEntry, Placeholder};
use super::listing::{Listing, Placeholders};
use crate::clean::clean_path;
use crate::fault::Fault;
use crate::limits::too_many;

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

/// `PREFIX MODE PATH`, each possibly in quotation marks, or `PATH` alone for a text file
/// with the oldest placeholder of all.
fn has_prefix_line(
    line: &str,
    placeholders: &mut Placeholders,
) -> Result<(String, Placeholder), Fault> {
    let not_understood =
        || Fault::damaged_at("info/has_prefix", format!("cannot understand {line:?}"));
    let words = split_words(line).ok_or_else(not_understood)?;
    let (mode, text, path) = match words.as_slice() {
        [path] => (FileMode::Text, &oldest_placeholder(), path),
        [prefix, mode, path] => (
            FileMode::parse(mode).ok_or_else(not_understood)?,
            prefix,
            path,
        ),
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

#[cfg(test)]
mod tests {
    use super::*;

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
