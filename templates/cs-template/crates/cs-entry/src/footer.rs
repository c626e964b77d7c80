//! The end of a stamped file: the layout of the footer, and the launch part in front of it.
//!
//! `docs/reference/stamp-format.md` is the contract; the constants here are its numbers.

use core::hint::black_box;

use crate::sha256::sha256;
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
/// How much of the file's end holds everything that a later run needs: the footer and the longest launch part.
pub const TAIL_LENGTH: usize = 4096;

/// The 16 bytes that a footer starts with, assembled where the optimizer cannot see it: they must not stand in the
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

/// The launch part of a file whose last bytes are `tail`; `None` unless footer and part are there and intact.
#[inline]
#[must_use]
pub fn launch_part(tail: &[u8]) -> Option<&[u8]> {
    let (before, footer) = tail.split_at_checked(tail.len().checked_sub(LENGTH)?)?;
    if !is_footer(footer)
        || u32::from_le_bytes(*footer.get(VERSION_OFFSET..)?.first_chunk()?) != FORMAT_VERSION
    {
        return None;
    }
    let entry = footer.get(RESERVED_OFFSET - ENTRY_LENGTH..RESERVED_OFFSET)?;
    let length = usize::try_from(u64::from_le_bytes(*entry.get(16..)?.first_chunk()?)).ok()?;
    let part = before.get(before.len().checked_sub(length)?..)?;
    let is_intact = starts_with(entry, b"launch\0\0") && equal(&sha256(part), entry.get(24..)?);
    is_intact.then_some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(part: &[u8]) -> Vec<u8> {
        let mut footer = [0; LENGTH];
        footer[..16].copy_from_slice(&magic());
        footer[VERSION_OFFSET] = 1;
        let entry = &mut footer[RESERVED_OFFSET - ENTRY_LENGTH..RESERVED_OFFSET];
        entry[..6].copy_from_slice(b"launch");
        entry[16] = part.len() as u8;
        entry[24..].copy_from_slice(&sha256(part));
        let digest = sha256(&footer[..DIGEST_OFFSET]);
        footer[DIGEST_OFFSET..].copy_from_slice(&digest);
        [b"before", part, &footer].concat()
    }

    #[test]
    fn the_magic_is_the_one_of_the_format_page() {
        assert_eq!(magic(), *b"\x89CONDA-SHIP\r\n\x1a\n\0");
    }

    #[test]
    fn the_part_in_front_of_the_footer_is_found() {
        assert_eq!(launch_part(&file(b"the part")), Some(&b"the part"[..]));
        assert_eq!(launch_part(&file(b"")), Some(&b""[..]));
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let intact = file(b"the part");
        for bit in 6 * 8..intact.len() * 8 {
            let mut bytes = intact.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(launch_part(&bytes), None, "bit {bit}");
        }
    }

    #[test]
    fn a_tail_that_is_too_short_holds_nothing() {
        let intact = file(b"the part");
        assert!((7..=intact.len()).all(|start| launch_part(&intact[start..]).is_none()));
        assert!((0..intact.len()).all(|end| launch_part(&intact[..end]).is_none()));
    }
}
