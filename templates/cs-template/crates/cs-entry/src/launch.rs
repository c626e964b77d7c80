//! The launch part: what a later run needs to know, and no more.

use crate::text::{equal, lists};

/// The version of the part that this generation reads.
pub const VERSION: u32 = 1;
/// Number of strings in the part.
pub const STRING_COUNT: usize = 8;

/// A parsed launch part. Strings are bytes without their NUL; none of them holds one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Launch<'a> {
    /// Flags as they stand in the part; the methods name them.
    pub flags: u32,
    /// The runtime's name.
    pub runtime: &'a [u8],
    /// The prefix, relative to `HOME` or to the user data directory.
    pub prefix: &'a [u8],
    /// The delegate, relative to the prefix.
    pub delegate: &'a [u8],
    /// The marker, relative to the prefix.
    pub marker: &'a [u8],
    /// The bytes that the marker of this very build starts with.
    pub marker_start: &'a [u8],
    /// The variable that names another prefix; empty when there is none.
    pub prefix_variable: &'a [u8],
    /// The variable that asks for quiet.
    pub quiet_variable: &'a [u8],
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
        let (runtime, rest) = split_string(rest)?;
        let (prefix, rest) = split_string(rest)?;
        let (delegate, rest) = split_string(rest)?;
        let (marker, rest) = split_string(rest)?;
        let (marker_start, rest) = split_string(rest)?;
        let (prefix_variable, rest) = split_string(rest)?;
        let (quiet_variable, rest) = split_string(rest)?;
        let (words, rest) = split_string(rest)?;
        let flags = u32::from_le_bytes(*flags);
        (is_known && rest.is_empty()).then_some(Self {
            flags,
            runtime,
            prefix,
            delegate,
            marker,
            marker_start,
            prefix_variable,
            quiet_variable,
            words,
        })
    }

    /// The runtime's own commands stand behind the word `self`.
    #[inline]
    #[must_use]
    pub fn has_self_commands(&self) -> bool {
        self.flags & 1 != 0
    }

    /// The delegate needs a full activation.
    #[inline]
    #[must_use]
    pub fn needs_full_activation(&self) -> bool {
        self.flags & 2 != 0
    }

    /// The prefix stands in the user data directory, not in `HOME`.
    #[inline]
    #[must_use]
    pub fn uses_user_data(&self) -> bool {
        self.flags & 4 != 0
    }

    /// The runtime is named `conda`.
    #[inline]
    #[must_use]
    pub fn is_named_conda(&self) -> bool {
        self.flags & 8 != 0
    }

    /// Whether `first`, the first argument, is for the runtime and not for the delegate: `--`, one of the words, or an
    /// option among the words with its value (`--path=P`).
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

/// Split off one string: a 2-byte length, the bytes, one NUL.
#[inline]
fn split_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (string, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
    let (nul, rest) = rest.split_first()?;
    (*nul == 0 && string.iter().all(|byte| *byte != 0)).then_some((string, rest))
}
