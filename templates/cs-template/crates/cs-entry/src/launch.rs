//! The launch part: what a later run needs to know, and no more.

use crate::text::{equal, lists, starts_with};

/// The version of the part that this generation reads.
pub const VERSION: u32 = 1;
/// Number of strings in the part.
pub const STRING_COUNT: usize = 6;

/// A parsed launch part. Strings are bytes without their NUL; none of them holds one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Launch<'a> {
    /// The part's flags; the methods name them.
    pub flags: u32,
    /// The prefix, relative to `HOME` or to the user data directory.
    pub prefix: &'a [u8],
    /// The delegate, relative to the prefix.
    pub delegate: &'a [u8],
    /// The marker, relative to the prefix.
    pub marker: &'a [u8],
    /// The bytes that every marker starts with, up to the identity of the build that wrote it.
    pub marker_start: &'a [u8],
    /// The variable that names another prefix; may be empty.
    pub prefix_variable: &'a [u8],
    /// Words and options that the runtime keeps for itself, separated by newlines.
    pub words: &'a [u8],
}

impl<'a> Launch<'a> {
    /// Parse a launch part; `None` unless every byte of it is as `docs/reference/stamp-format.md` says.
    #[inline]
    #[must_use]
    pub fn parse(part: &'a [u8]) -> Option<Self> {
        let (version, rest) = part.split_first_chunk()?;
        let (flags, rest) = rest.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let (reserved, rest) = rest.split_first_chunk::<2>()?;
        let is_known = u32::from_le_bytes(*version) == VERSION
            && usize::from(u16::from_le_bytes(*count)) == STRING_COUNT
            && u16::from_le_bytes(*reserved) == 0;
        let (prefix, rest) = split_string(rest)?;
        let (delegate, rest) = split_string(rest)?;
        let (marker, rest) = split_string(rest)?;
        let (marker_start, rest) = split_string(rest)?;
        let (prefix_variable, rest) = split_string(rest)?;
        let (words, rest) = split_string(rest)?;
        let flags = u32::from_le_bytes(*flags);
        let is_whole = is_known && rest.is_empty();
        let is_inside = is_below(prefix) && is_below(delegate) && is_below(marker);
        (is_whole && is_inside).then_some(Self {
            flags,
            prefix,
            delegate,
            marker,
            marker_start,
            prefix_variable,
            words,
        })
    }

    /// The delegate needs a full activation.
    #[inline]
    #[must_use]
    pub fn needs_full_activation(&self) -> bool {
        self.flags & 1 != 0
    }

    /// The prefix is in the user data directory, not in `HOME`.
    #[inline]
    #[must_use]
    pub fn uses_user_data(&self) -> bool {
        self.flags & 2 != 0
    }

    /// The delegate is conda.
    #[inline]
    #[must_use]
    pub fn delegate_is_conda(&self) -> bool {
        is_conda(self.delegate)
    }

    /// Whether a file that starts with `bytes` is the marker of the build with this identity.
    #[inline]
    #[must_use]
    pub fn is_marker_of(&self, identity: &[u8], bytes: &[u8]) -> bool {
        let Some(rest) = bytes.get(self.marker_start.len()..) else {
            return false;
        };
        let (pairs, _) = rest.as_chunks::<2>();
        starts_with(bytes, self.marker_start)
            && pairs.len() > identity.len()
            && pairs.iter().zip(identity).all(|([high, low], byte)| {
                *high == hex_digit(byte >> 4) && *low == hex_digit(byte & 15)
            })
            && rest.get(identity.len().wrapping_mul(2)) == Some(&b'"')
    }

    /// Whether `first`, the first argument, is for the runtime and not for the delegate: `--`, one of the words, or an
    /// option among the words with its value after an equals sign.
    #[inline]
    #[must_use]
    pub fn is_own_argument(&self, first: &[u8]) -> bool {
        let word = match first {
            [b'-', b'-', ..] => first.split(|byte| *byte == b'=').next().unwrap_or(first),
            _ => first,
        };
        equal(word, b"--") || lists(self.words, word)
    }
}

/// Whether the delegate at this path under the prefix is conda. On Windows it may have an ending.
#[inline]
#[must_use]
pub fn is_conda(delegate: &[u8]) -> bool {
    let name = delegate.rsplit(|byte| *byte == b'/').next().unwrap_or(b"");
    lists(b"conda\nconda.exe\nconda.bat\nconda.cmd", name)
}

/// The lower-case hexadecimal digit of a number below 16.
#[inline]
fn hex_digit(number: u8) -> u8 {
    number.wrapping_add(if number < 10 { b'0' } else { b'a' - 10 })
}

/// Whether a path stays in the directory that it is relative to: the launch part of every header has such paths.
#[inline]
fn is_below(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/')
        .all(|name| !(name.is_empty() || equal(name, b".") || equal(name, b"..")))
}

/// Split off one string: a 2-byte length, the bytes, one NUL.
#[inline]
fn split_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (string, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
    let (nul, rest) = rest.split_first()?;
    (*nul == 0 && string.iter().all(|byte| *byte != 0)).then_some((string, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRINGS: [&str; STRING_COUNT] = [
        ".conda/demo",
        "bin/python",
        ".demo.json",
        "{\"s\":\"",
        "DEMO_PREFIX",
        "status\n-h\n--path",
    ];

    fn part(flags: u32) -> Vec<u8> {
        part_of(flags, &STRINGS)
    }

    fn part_of(flags: u32, strings: &[&str]) -> Vec<u8> {
        let mut part = [
            1_u32.to_le_bytes(),
            flags.to_le_bytes(),
            (STRING_COUNT as u32).to_le_bytes(),
        ]
        .concat();
        for string in strings {
            part.extend((string.len() as u16).to_le_bytes());
            part.extend([string.as_bytes(), b"\0"].concat());
        }
        part
    }

    #[test]
    fn strings_and_flags_come_out() {
        let bytes = part(2);
        let launch = Launch::parse(&bytes).expect("a launch part");
        assert_eq!(
            (launch.prefix, launch.delegate, launch.prefix_variable),
            (&b".conda/demo"[..], &b"bin/python"[..], &b"DEMO_PREFIX"[..])
        );
        assert!(launch.uses_user_data());
        assert!(!launch.needs_full_activation());
    }

    #[test]
    fn anything_cut_short_or_too_long_is_refused() {
        let whole = part(0);
        assert!((0..whole.len()).all(|length| Launch::parse(&whole[..length]).is_none()));
        assert_eq!(Launch::parse(&[&whole[..], b"x"].concat()), None);
    }

    #[test]
    fn other_versions_counts_and_lengths_are_refused() {
        for position in [0, 8, 10, 12] {
            let mut bytes = part(0);
            bytes[position] ^= 0x40;
            assert_eq!(Launch::parse(&bytes), None, "byte {position}");
        }
    }

    #[test]
    fn a_nul_within_a_string_is_refused() {
        let mut bytes = part(0);
        bytes[15] = 0;
        assert_eq!(Launch::parse(&bytes), None);
    }

    #[test]
    fn a_path_that_leads_out_of_its_directory_is_refused() {
        for path in [
            "../in/pythons",
            "/bin/pythons",
            "bin/../python",
            "bin//python",
            "bin/./python",
        ] {
            let strings = [
                STRINGS[0], path, STRINGS[2], STRINGS[3], STRINGS[4], STRINGS[5],
            ];
            assert_eq!(Launch::parse(&part_of(0, &strings)), None, "{path}");
        }
    }

    #[test]
    fn a_marker_is_known_by_the_identity_in_it() {
        let bytes = part(0);
        let launch = Launch::parse(&bytes).expect("a launch part");
        let identity: [u8; 32] = core::array::from_fn(|index| index as u8 * 8 + 7);
        let hex: String = identity.iter().map(|byte| format!("{byte:02x}")).collect();
        let marker = format!("{{\"s\":\"{hex}\",\"more\":1");
        assert!(launch.is_marker_of(&identity, marker.as_bytes()));
        let end = marker.len() - ",\"more\":1".len();
        for byte in 0..end {
            let mut other = marker.clone().into_bytes();
            other[byte] ^= 1;
            assert!(!launch.is_marker_of(&identity, &other), "byte {byte}");
            assert!(!launch.is_marker_of(&identity, &marker.as_bytes()[..byte]));
        }
        assert!(!launch.is_marker_of(&identity, marker.to_uppercase().as_bytes()));
    }

    #[test]
    fn words_and_options_with_values_are_the_runtimes_own() {
        let bytes = part(0);
        let launch = Launch::parse(&bytes).expect("a launch part");
        for own in ["status", "-h", "--path", "--path=/x", "--"] {
            assert!(launch.is_own_argument(own.as_bytes()), "{own}");
        }
        for other in [
            "",
            "-",
            "stat",
            "statuses",
            "-c",
            "-h=1",
            "--pathology",
            "--=",
            "status\n-h",
        ] {
            assert_eq!(
                launch.is_own_argument(other.as_bytes()),
                other == "--=",
                "{other}"
            );
        }
    }

    #[test]
    fn conda_is_known_by_its_name() {
        for (delegate, expected) in [
            ("bin/conda", true),
            ("conda.exe", true),
            ("condabin/conda.bat", true),
            ("Scripts/conda.cmd", true),
            ("Scripts/conda.com", false),
            ("bin/conda-build", false),
            ("bin/python", false),
            ("conda/python", false),
        ] {
            assert_eq!(is_conda(delegate.as_bytes()), expected, "{delegate}");
        }
    }
}
