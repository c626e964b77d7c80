//! The end of a stamped file: the layout of the footer, and the launch part in front of it.
//!
//! `docs/reference/stamp-format.md` is the contract; the constants here are its numbers.

use core::hint::black_box;

use crate::sha256::{sha256, sha256_of};
use crate::text::{equal, starts_with};

/// The format version that this generation reads.
pub const FORMAT_VERSION: u32 = 1;
/// Length of the footer in bytes.
pub const LENGTH: usize = 512;
/// Offset of the format version.
pub const VERSION_OFFSET: usize = 16;
/// Offset of the number of part entries.
pub const ENTRY_COUNT_OFFSET: usize = 20;
/// Offset of the stamp's length.
pub const STAMP_LENGTH_OFFSET: usize = 24;
/// Offset of the identity.
pub const IDENTITY_OFFSET: usize = 32;
/// Offset of the first part entry.
pub const ENTRIES_OFFSET: usize = 64;
/// Length of a part entry: tag, offset, length, SHA-256.
pub const ENTRY_LENGTH: usize = 56;
/// Number of part entries.
pub const ENTRY_COUNT: usize = 6;
/// Offset of the reserved bytes, which are zero.
pub const RESERVED_OFFSET: usize = ENTRIES_OFFSET + ENTRY_COUNT * ENTRY_LENGTH;
/// Offset of the SHA-256 of everything before it.
pub const DIGEST_OFFSET: usize = 480;
/// The parts' tags, in the order of the parts.
const TAGS: [[u8; 8]; ENTRY_COUNT] = [
    *b"header\0\0",
    *b"plan\0\0\0\0",
    *b"lock\0\0\0\0",
    *b"bytecode",
    *b"bundle\0\0",
    *b"launch\0\0",
];
/// The place of the bundle among the parts.
const BUNDLE: usize = 4;
/// The place of the launch part.
const LAUNCH: usize = 5;
/// The largest length of each part in bytes; those that are read in place have none.
pub const PART_LIMITS: [u64; ENTRY_COUNT] = [1 << 20, 256 << 20, 1 << 30, u64::MAX, u64::MAX, 3584];
/// Length of what the identity is the digest of: the digests of all parts but the bundle.
const IDENTIFIED_LENGTH: usize = (ENTRY_COUNT - 1) * 32;
/// How much of the file's end holds everything that a later run needs: the footer and the longest launch part.
pub const TAIL_LENGTH: usize = 4096;

/// The 16 bytes that a footer starts with, assembled where the optimizer cannot see it: they must not be in the
/// template's own code, where a search for a footer would meet them.
#[inline]
#[must_use]
pub fn magic() -> [u8; 16] {
    let mask = black_box(0x5A);
    b"\xd3\x19\x15\x14\x1e\x1b\x77\x09\x12\x13\x0a\x57\x50\x40\x50\x5a".map(|byte| byte ^ mask)
}

/// Whether `bytes` are a whole footer: they start with the magic and end with their own digest.
#[inline]
#[must_use]
pub fn is_footer(bytes: &[u8]) -> bool {
    bytes.len() == LENGTH
        && starts_with(bytes, &magic())
        && matches!(bytes.split_at_checked(DIGEST_OFFSET), Some((body, digest)) if equal(&sha256(body), digest))
}

/// What is wrong with 512 bytes that start and end as a footer does. Parts are named by their place in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is of another format version.
    Version(u32),
    /// It lists another number of parts.
    EntryCount(u32),
    /// Reserved bytes are not zero.
    Reserved,
    /// The stamp is said to be longer than the file.
    StampLength,
    /// An entry has another tag.
    Tag(usize),
    /// A part does not start where the one before ends.
    Offset(usize),
    /// A part is said to be longer than any builder makes it.
    PartLength(usize),
    /// The parts do not end where the footer starts.
    End,
    /// The identity is not that of the parts.
    Identity,
}

/// Where a part is in the file, and what it must hash to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<'a> {
    /// Absolute offset in bytes.
    pub offset: u64,
    /// Length in bytes; 0 when the part is absent.
    pub length: u64,
    /// Its SHA-256.
    pub sha256: &'a [u8],
}

/// A footer that holds together, whatever the parts hold.
#[derive(Debug, Clone, Copy)]
pub struct Footer<'a> {
    bytes: &'a [u8],
    stamp_offset: u64,
}

impl<'a> Footer<'a> {
    /// Check a footer for which [`is_footer`] holds, and which starts at `offset` of its file.
    ///
    /// # Errors
    /// Whatever is not as `docs/reference/stamp-format.md` says.
    #[inline]
    pub fn check(bytes: &'a [u8], offset: u64) -> Result<Self, Fault> {
        let version = read_u32(bytes, VERSION_OFFSET);
        if version != FORMAT_VERSION {
            return Err(Fault::Version(version));
        }
        let entry_count = read_u32(bytes, ENTRY_COUNT_OFFSET);
        if entry_count as usize != ENTRY_COUNT {
            return Err(Fault::EntryCount(entry_count));
        }
        let reserved = bytes.get(RESERVED_OFFSET..DIGEST_OFFSET).unwrap_or(b"x");
        if reserved.iter().any(|byte| *byte != 0) {
            return Err(Fault::Reserved);
        }
        let end = offset.checked_add(LENGTH as u64);
        let stamp_offset =
            end.and_then(|end| end.checked_sub(read_u64(bytes, STAMP_LENGTH_OFFSET)));
        let footer = Self {
            bytes,
            stamp_offset: stamp_offset.ok_or(Fault::StampLength)?,
        };
        footer.check_parts(offset)?;
        if equal(footer.identity(), &footer.derive_identity()) {
            Ok(footer)
        } else {
            Err(Fault::Identity)
        }
    }

    /// The parts follow each other without gaps, from the stamp's first byte to the footer.
    #[inline]
    fn check_parts(&self, footer_offset: u64) -> Result<(), Fault> {
        let mut expected = self.stamp_offset;
        for (index, (tag, limit)) in TAGS.iter().zip(&PART_LIMITS).enumerate() {
            let part = self.part(index);
            if !starts_with(self.entry(index), tag) {
                return Err(Fault::Tag(index));
            }
            if part.offset != expected {
                return Err(Fault::Offset(index));
            }
            if part.length > *limit {
                return Err(Fault::PartLength(index));
            }
            expected = expected.checked_add(part.length).ok_or(Fault::End)?;
        }
        if expected == footer_offset {
            Ok(())
        } else {
            Err(Fault::End)
        }
    }

    /// The digest that names the build.
    #[inline]
    #[must_use]
    pub fn identity(&self) -> &'a [u8] {
        self.bytes
            .get(IDENTITY_OFFSET..ENTRIES_OFFSET)
            .unwrap_or(b"")
    }

    /// Where a part is; an offset that is too large for a file is the largest.
    #[inline]
    #[must_use]
    pub fn part(&self, index: usize) -> Span<'a> {
        let entry = self.entry(index);
        Span {
            offset: self.stamp_offset.saturating_add(read_u64(entry, 8)),
            length: read_u64(entry, 16),
            sha256: entry.get(24..).unwrap_or(b""),
        }
    }

    #[inline]
    fn entry(&self, index: usize) -> &'a [u8] {
        let start = ENTRIES_OFFSET.wrapping_add(index.wrapping_mul(ENTRY_LENGTH));
        self.bytes
            .get(start..start.wrapping_add(ENTRY_LENGTH))
            .unwrap_or(b"")
    }

    /// SHA-256 of the digests of all parts but the bundle, whose archives the plan pins.
    #[inline]
    fn derive_identity(&self) -> [u8; 32] {
        sha256_of(IDENTIFIED_LENGTH, |position| {
            let index = match position / 32 {
                BUNDLE => LAUNCH,
                index => index,
            };
            let digest = self.part(index).sha256;
            digest.get(position % 32).copied().unwrap_or(0)
        })
    }
}

/// What a later run needs of a file's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End<'a> {
    /// The digest that names the build.
    pub identity: &'a [u8],
    /// The launch part.
    pub launch: &'a [u8],
}

/// Read the end of a file of `file_length` bytes whose last ones are `tail`; `None`
/// unless footer and launch part are there and intact.
#[inline]
#[must_use]
pub fn read_end(tail: &[u8], file_length: u64) -> Option<End<'_>> {
    let (before, footer) = tail.split_at_checked(tail.len().checked_sub(LENGTH)?)?;
    if !is_footer(footer) {
        return None;
    }
    let footer = Footer::check(footer, file_length.checked_sub(LENGTH as u64)?).ok()?;
    let part = footer.part(LAUNCH);
    let length = usize::try_from(part.length).ok()?;
    let launch = before.get(before.len().checked_sub(length)?..)?;
    equal(&sha256(launch), part.sha256).then_some(End {
        identity: footer.identity(),
        launch,
    })
}

#[inline]
fn read_u32(bytes: &[u8], offset: usize) -> u32 {
    let field = bytes.get(offset..).and_then(<[u8]>::first_chunk);
    field.map_or(0, |field| u32::from_le_bytes(*field))
}

#[inline]
fn read_u64(bytes: &[u8], offset: usize) -> u64 {
    let field = bytes.get(offset..).and_then(<[u8]>::first_chunk);
    field.map_or(0, |field| u64::from_le_bytes(*field))
}

#[cfg(test)]
mod tests;
