//! The final prefix in place of the build's, while a file streams by.
//!
//! As conda does it, the placeholder is looked for in five encodings. In text it is
//! simply replaced. In binary files the file's length must not change: what follows
//! within the same C string moves forward, and NULs fill the gap before the string's end.

use memchr::memmem::Finder;

use crate::paths::{FileMode, Placeholder};
use crate::shebang::{may_need_second_line, rewrite_second_line, rewrite_shebang};

/// A first line longer than this is not one that a kernel would read.
const LONGEST_SHEBANG: usize = 64 * 1024;

/// Placeholder and replacement in one encoding.
struct Pattern {
    finder: Finder<'static>,
    replacement: Vec<u8>,
    /// Bytes of one code unit.
    unit: usize,
}

impl Pattern {
    fn len(&self) -> usize {
        self.finder.needle().len()
    }
}

/// A C string that a replacement was made in and that is not over yet.
struct OpenString {
    pattern: usize,
    /// The file offset, modulo the code unit, at which its terminator can be.
    phase: u64,
    /// Bytes by which it has become shorter.
    gap: usize,
}

/// A place where a pattern was found: offset within the current bytes, and index of the pattern.
type Match = (usize, usize);

/// Replaces placeholders in a stream of chunks, holding back no more than a few hundred bytes.
pub(crate) struct Replacer {
    patterns: Vec<Pattern>,
    mode: FileMode,
    placeholder: String,
    prefix: String,
    /// Bytes that cannot be decided upon yet.
    pending: Vec<u8>,
    /// Where `pending` starts in the file.
    offset: u64,
    open: Option<OpenString>,
    in_first_lines: bool,
}

impl Replacer {
    /// Replace `placeholder` by `prefix`, which must not be longer when the file is binary.
    pub(crate) fn new(placeholder: &Placeholder, prefix: &str) -> Self {
        Self {
            patterns: encode_patterns(&placeholder.text, prefix),
            mode: placeholder.mode,
            placeholder: placeholder.text.to_string(),
            prefix: prefix.to_owned(),
            pending: Vec::new(),
            offset: 0,
            open: None,
            in_first_lines: placeholder.mode == FileMode::Text && cfg!(unix),
        }
    }

    /// Replace another text by another one too.
    pub(crate) fn and(mut self, text: &str, replacement: &str) -> Self {
        self.patterns.extend(encode_patterns(text, replacement));
        self
    }

    /// Replace other bytes, of some code page, by others too.
    pub(crate) fn and_bytes(mut self, bytes: &[u8], replacement: &[u8]) -> Self {
        self.patterns.push(Pattern {
            finder: Finder::new(bytes).into_owned(),
            replacement: replacement.to_owned(),
            unit: 1,
        });
        self
    }

    /// Take the next bytes of the file and append to `out` what is settled; `last` settles everything.
    pub(crate) fn push(&mut self, chunk: &[u8], last: bool, out: &mut Vec<u8>) {
        let mut bytes = std::mem::take(&mut self.pending);
        bytes.extend_from_slice(chunk);
        let mut done = 0;
        if self.in_first_lines
            && let Some(length) = self.take_first_lines(&bytes, last, out)
        {
            self.in_first_lines = false;
            self.offset += length as u64;
            done = length;
        }
        if !self.in_first_lines {
            let settled = self.replace(&bytes[done..], last, out);
            self.offset += settled as u64;
            done += settled;
        }
        bytes.drain(..done);
        self.pending = bytes;
    }

    /// Rewrite the first line where it starts with `#!`, and the second where the two
    /// belong together; how many bytes they take. `None` when more must be seen.
    fn take_first_lines(&self, bytes: &[u8], last: bool, out: &mut Vec<u8>) -> Option<usize> {
        if bytes.len() < 2 && !last {
            return None;
        }
        if !bytes.starts_with(b"#!") {
            return Some(0);
        }
        let Some(end) = line_end(bytes, last)? else {
            return Some(0);
        };
        let (placeholder, prefix) = (&self.placeholder, &self.prefix);
        let first = rewrite_shebang(&bytes[..end], placeholder, prefix);
        let second = match bytes.get(end + 1..) {
            Some(rest) if may_need_second_line(&bytes[..end], prefix) => {
                line_end(rest, last)?.map(|length| &rest[..length])
            }
            _ => None,
        };
        out.extend_from_slice(&first);
        let Some((line, rewritten)) =
            second.and_then(|line| Some((line, rewrite_second_line(line, placeholder, prefix)?)))
        else {
            return Some(end);
        };
        out.push(b'\n');
        out.extend_from_slice(&rewritten);
        Some(end + 1 + line.len())
    }

    /// Settle as much of `bytes` as can be; how much that is.
    fn replace(&mut self, bytes: &[u8], last: bool, out: &mut Vec<u8>) -> usize {
        let settled = self.settled(bytes, last);
        let matches = self.find_all(bytes);
        let (mut at, mut index) = (0, 0);
        // Where the open string ends, once it has been looked for in these bytes.
        let mut known_end = None;
        while at < settled {
            while matches.get(index).is_some_and(|&(start, _)| start < at) {
                index += 1;
            }
            // A match may have reached beyond it.
            known_end = known_end.filter(|end: &Option<usize>| end.is_none_or(|end| end >= at));
            let end = match &self.open {
                Some(open) => *known_end.get_or_insert_with(|| self.find_end(open, bytes, at)),
                None => None,
            };
            let found = self
                .choose(&matches[index..])
                .filter(|&(start, _)| start < settled);
            match (found, end) {
                (Some((start, pattern)), end) if end.is_none_or(|end| start < end) => {
                    out.extend_from_slice(&bytes[at..start]);
                    at = self.substitute(start, pattern, out);
                }
                (_, Some(end)) if end < settled => {
                    out.extend_from_slice(&bytes[at..end]);
                    self.close(out);
                    at = end;
                    known_end = None;
                }
                _ => {
                    out.extend_from_slice(&bytes[at..settled]);
                    at = settled;
                }
            }
        }
        if last {
            self.close(out);
        }
        at
    }

    /// How far bytes are settled: a match is acted upon only when everything that could overlap it has been seen.
    fn settled(&self, bytes: &[u8], last: bool) -> usize {
        let lookahead = 2 * self.patterns.iter().map(Pattern::len).max().unwrap_or(0);
        if last {
            bytes.len()
        } else {
            bytes.len().saturating_sub(lookahead)
        }
    }

    fn find_all(&self, bytes: &[u8]) -> Vec<Match> {
        let mut matches: Vec<Match> = Vec::new();
        for (index, pattern) in self.patterns.iter().enumerate() {
            matches.extend(pattern.finder.find_iter(bytes).map(|start| (start, index)));
        }
        matches.sort_unstable();
        matches
    }

    /// The match to act upon next: within a string one of the same encoding, else the likeliest of those that overlap.
    fn choose(&self, matches: &[Match]) -> Option<Match> {
        if let Some(open) = &self.open {
            return matches
                .iter()
                .copied()
                .find(|&(_, pattern)| pattern == open.pattern);
        }
        let mut best = *matches.first()?;
        for &candidate in &matches[1..] {
            if candidate.0 >= best.0 + self.patterns[best.1].len() {
                break;
            }
            if self.rank(candidate) < self.rank(best) {
                best = candidate;
            }
        }
        Some(best)
    }

    /// UTF-8 first; of the others, those at a place where a code unit of their size would be.
    fn rank(&self, (start, pattern): Match) -> u8 {
        let unit = self.patterns[pattern].unit;
        match (self.offset + start as u64) % unit as u64 {
            _ if unit == 1 => 0,
            0 => 1,
            _ => 2,
        }
    }

    fn find_end(&self, open: &OpenString, bytes: &[u8], at: usize) -> Option<usize> {
        let unit = self.patterns[open.pattern].unit;
        if unit == 1 {
            return memchr::memchr(0, &bytes[at..]).map(|distance| at + distance);
        }
        let mut start = at;
        while (self.offset + start as u64) % unit as u64 != open.phase {
            start += 1;
        }
        (start..bytes.len()).step_by(unit).find(|&end| {
            bytes
                .get(end..end + unit)
                .is_some_and(|code| code.iter().all(|&byte| byte == 0))
        })
    }

    /// Write the replacement of the match at `start`; where the match ends.
    fn substitute(&mut self, start: usize, pattern: usize, out: &mut Vec<u8>) -> usize {
        let found = &self.patterns[pattern];
        out.extend_from_slice(&found.replacement);
        if self.mode == FileMode::Binary {
            let phase = (self.offset + start as u64) % found.unit as u64;
            let open = self.open.get_or_insert(OpenString {
                pattern,
                phase,
                gap: 0,
            });
            open.gap += found.len().saturating_sub(found.replacement.len());
        }
        start + found.len()
    }

    /// The string is over: make up for what it has become shorter.
    fn close(&mut self, out: &mut Vec<u8>) {
        if let Some(open) = self.open.take() {
            out.resize(out.len() + open.gap, 0);
        }
    }
}

/// Where the first line ends: `None` when more must be seen, `Some(None)` when it is
/// longer than any that a kernel would read.
fn line_end(bytes: &[u8], last: bool) -> Option<Option<usize>> {
    match memchr::memchr(b'\n', bytes) {
        Some(end) => Some(Some(end)),
        None if last => Some(Some(bytes.len())),
        None if bytes.len() < LONGEST_SHEBANG => None,
        None => Some(None),
    }
}

type Encode = fn(&str) -> Vec<u8>;

fn encode_patterns(placeholder: &str, prefix: &str) -> Vec<Pattern> {
    let encodings: [(usize, Encode); 5] = [
        (1, |text| text.as_bytes().to_vec()),
        (2, |text| {
            text.encode_utf16().flat_map(u16::to_le_bytes).collect()
        }),
        (2, |text| {
            text.encode_utf16().flat_map(u16::to_be_bytes).collect()
        }),
        (4, |text| {
            text.chars()
                .flat_map(|character| u32::from(character).to_le_bytes())
                .collect()
        }),
        (4, |text| {
            text.chars()
                .flat_map(|character| u32::from(character).to_be_bytes())
                .collect()
        }),
    ];
    encodings
        .into_iter()
        .map(|(unit, encode)| Pattern {
            finder: Finder::new(&encode(placeholder)).into_owned(),
            replacement: encode(prefix),
            unit,
        })
        .collect()
}

#[cfg(test)]
mod tests;
