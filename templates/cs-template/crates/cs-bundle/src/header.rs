//! Tar headers in the one canonical form.

use cs_archive::tar::{BLOCK_BYTES, Block, checksum};

/// Longest name that a header holds; longer ones have a pax header in front.
pub(crate) const MAX_SHORT_NAME: usize = 100;
/// Largest size that eleven octal digits hold.
const MAX_OCTAL_SIZE: u64 = 0o77_777_777_777;
/// Name of the entry that holds a long name.
pub(crate) const PAX_NAME: &str = "././@PaxHeader";
/// Type flag of a regular file.
pub(crate) const REGULAR: u8 = b'0';
/// Type flag of a pax extended header.
pub(crate) const EXTENDED: u8 = b'x';

/// Render the canonical header: ustar, mode 0644, everything else that could vary is zero or empty.
///
/// Of a name longer than [`MAX_SHORT_NAME`] the first bytes are stored.
pub(crate) fn render_header(name: &str, length: u64, kind: u8) -> Block {
    let mut block = [0; BLOCK_BYTES];
    let stored = name.len().min(MAX_SHORT_NAME);
    block[..stored].copy_from_slice(&name.as_bytes()[..stored]);
    for (offset, field) in [
        (100, "0000644\0"),
        (108, "0000000\0"),
        (116, "0000000\0"),
        (136, "00000000000\0"),
    ] {
        block[offset..offset + field.len()].copy_from_slice(field.as_bytes());
    }
    if length > MAX_OCTAL_SIZE {
        block[124] = 0x80;
        block[128..136].copy_from_slice(&length.to_be_bytes());
    } else {
        block[124..135].copy_from_slice(format!("{length:011o}").as_bytes());
    }
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    let checksum = format!("{:06o}\0 ", checksum(&block));
    block[148..156].copy_from_slice(checksum.as_bytes());
    block
}

/// Render the data of the pax header of a long name, padded to a block.
pub(crate) fn render_path_record(name: &str) -> Option<(u64, Block)> {
    // The length counts its own digits; one more round settles it when they become more.
    let rest = " path=\n".len() + name.len();
    let mut length = rest;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    let mut block = [0; BLOCK_BYTES];
    block
        .get_mut(..length)?
        .copy_from_slice(format!("{length} path={name}\n").as_bytes());
    Some((length as u64, block))
}

#[cfg(test)]
mod tests {
    use cs_archive::tar::{Header, pax_records};

    use super::*;

    #[test]
    fn sizes_of_any_length_are_read_as_they_were_written() {
        for length in [
            0,
            1,
            511,
            MAX_OCTAL_SIZE,
            MAX_OCTAL_SIZE + 1,
            1 << 40,
            i64::MAX as u64,
        ] {
            let block = render_header("a-1-0.conda", length, REGULAR);
            let header = Header::check(&block).unwrap();
            assert_eq!((header.size(), header.kind()), (Ok(length), REGULAR));
            assert_eq!(header.path(), b"a-1-0.conda");
        }
        let large = render_header("a-1-0.conda", 1 << 33, REGULAR);
        assert_eq!(large[124..136], [0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]);
    }

    #[test]
    fn path_records_count_their_own_length() {
        for length in [1, 91, 92, 93, 255] {
            let name = "n".repeat(length);
            let (size, block) = render_path_record(&name).unwrap();
            let records: Vec<_> = pax_records(&block[..size as usize]).collect();
            assert_eq!(records, [Ok((&b"path"[..], name.as_bytes()))]);
        }
        assert!(render_path_record(&"n".repeat(600)).is_none());
    }
}
