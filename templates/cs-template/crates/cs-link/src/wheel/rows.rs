//! RECORD: what is installed of a wheel, as comma-separated rows `PATH,HASH,SIZE`.

use std::collections::HashMap;

use base64::engine::general_purpose::{self, GeneralPurpose};
use base64::{Engine, alphabet};
use cs_archive::sha256;

use crate::clean::clean_path;

/// What is known of a file besides its path.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Facts {
    /// `sha256=` and the digest in URL-safe base64, or empty.
    pub(crate) hash: String,
    /// In bytes.
    pub(crate) size: Option<u64>,
}

impl Facts {
    /// Describe a file of these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self::of_digest(sha256(bytes), bytes.len() as u64)
    }

    /// Describe a file of this digest and length.
    pub(crate) fn of_digest(sha256: [u8; 32], size: u64) -> Self {
        Self {
            hash: format!("sha256={}", BASE64.encode(sha256)),
            size: Some(size),
        }
    }
}

/// One row; the path is relative to `site-packages`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) path: String,
    pub(crate) facts: Facts,
}

/// The rows of a RECORD by path, of those with one path the first.
pub(super) type Rows = HashMap<String, Facts>;

/// The rows of a wheel's RECORD, as far as their paths stay within the wheel.
pub(super) fn parse_rows(text: &[u8]) -> Rows {
    let mut rows = Rows::new();
    for Row { path, facts } in read_rows(text) {
        // Some start with a slash, as those of selenium.
        if let Ok(path) = clean_path(path.trim_start_matches('/').as_bytes()) {
            rows.entry(path).or_insert(facts);
        }
    }
    rows
}

/// All rows, as they are.
pub(crate) fn read_rows(text: &[u8]) -> Vec<Row> {
    let rows = cs_file::record::read_rows(text).into_iter();
    rows.map(|[path, hash, size]| {
        let size = size.parse().ok();
        let facts = Facts { hash, size };
        Row { path, facts }
    })
    .collect()
}

/// The text of a RECORD: sorted by bytes, quoted where it must be.
pub(crate) fn render_rows(mut rows: Vec<Row>) -> String {
    rows.sort_unstable();
    rows.dedup_by(|one, other| one.path == other.path);
    let mut text = String::with_capacity(rows.len() * 100);
    for Row { path, facts } in &rows {
        add_field(&mut text, path);
        text.push(',');
        add_field(&mut text, &facts.hash);
        text.push(',');
        if let Some(size) = facts.size {
            text.push_str(&size.to_string());
        }
        text.push('\n');
    }
    text
}

fn add_field(text: &mut String, field: &str) {
    if field.contains([',', '"', '\n', '\r']) {
        text.push('"');
        text.push_str(&field.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(field);
    }
}

/// Base64 of RFC 4648 with the alphabet for URLs, without padding. Bits that are left over at the end do not matter.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    general_purpose::NO_PAD.with_decode_allow_trailing_bits(true),
);

/// The SHA-256 that a row states; none if it states none, or none in that form.
pub(crate) fn decode_hash(hash: &str) -> Option<[u8; 32]> {
    let text = hash.strip_prefix("sha256=")?.trim_end_matches('=');
    BASE64.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(path: &str, hash: &str, size: Option<u64>) -> Row {
        let hash = hash.to_owned();
        Row {
            path: path.to_owned(),
            facts: Facts { hash, size },
        }
    }

    #[test]
    fn rows_are_read_as_they_were_written() {
        let rows = vec![
            row("a b.py", "sha256=x", Some(3)),
            row("a,b \"c\".py", "", None),
            row("line\nbreak", "", Some(0)),
            row("ä/é.py", "sha256=y", Some(12)),
        ];
        let text = render_rows(rows.clone());
        assert!(text.starts_with("a b.py,sha256=x,3\n\"a,b \"\"c\"\".py\",,\n\"line"));
        let mut sorted = rows;
        sorted.sort();
        assert_eq!(read_rows(text.as_bytes()), sorted);
    }

    #[test]
    fn rows_of_careless_writers_are_read_too() {
        for (text, expected) in [
            ("/x.py,sha256=a,1\r\n./y.py,,\r\n", vec!["x.py", "y.py"]),
            ("x.py\n\n,,\ny.py,,,more\n", vec!["x.py", "y.py"]),
            ("\"open,x", vec!["open,x"]),
            ("../../bin/x,,\nx.py,,", vec!["x.py"]),
        ] {
            let rows = parse_rows(text.as_bytes());
            let mut paths: Vec<&str> = rows.keys().map(String::as_str).collect();
            paths.sort_unstable();
            assert_eq!(paths, expected, "{text:?}");
        }
        assert_eq!(parse_rows(b"x,a,1\nx,b,2\n")["x"].hash, "a");
    }

    #[test]
    fn a_hash_is_read_as_it_was_written_and_nothing_else_is() {
        for seed in 0..200_u8 {
            let digest = sha256(&[seed]);
            let hash = Facts::of_digest(digest, 1).hash;
            assert_eq!(decode_hash(&hash), Some(digest));
            assert_eq!(decode_hash(&format!("{hash}=")), Some(digest));
            assert_eq!(decode_hash(&hash[..hash.len() - 2]), None);
            assert_eq!(decode_hash(&format!("{hash}AA")), None);
        }
        for odd in ["", "sha256=", "md5=YWJj", "sha256=+/", "YWJj"] {
            assert_eq!(decode_hash(odd), None, "{odd}");
        }
    }

    #[test]
    fn digests_are_written_in_base64_for_urls() {
        // What Python's base64.urlsafe_b64encode gives.
        for (bytes, text) in [
            (&b""[..], ""),
            (b"\xff", "_w"),
            (b"\xfb\xf0", "-_A"),
            (b"abc", "YWJj"),
            (b"abcd", "YWJjZA"),
        ] {
            assert_eq!(BASE64.encode(bytes), text);
        }
        assert_eq!(
            Facts::of(b"").hash,
            "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
        );
    }
}
