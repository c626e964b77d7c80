//! Where an executable ends by what its headers say: a template ends there, and a file that ends anywhere else, without
//! a stamp, is a part of one.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::place::Headers;

/// Whether the file ends where its headers say; `None` when they are of no known format, or do not say it.
pub fn ends_as_linked(path: &Path) -> io::Result<Option<bool>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let headers = Headers {
        file: &file,
        length,
    };
    let Some(magic) = headers.read::<4>(0)? else {
        return Ok(None);
    };
    let end = match magic {
        [0x7F, b'E', b'L', b'F'] => find_end_of_elf(&headers)?,
        [b'M', b'Z', ..] => find_end_of_pe(&headers)?,
        [0xCF, 0xFA, 0xED, 0xFE] => find_end_of_macho(&headers)?,
        _ => return Ok(None),
    };
    Ok(Some(end == Some(length)))
}

/// Linkers put the table of sections last.
fn find_end_of_elf(headers: &Headers) -> io::Result<Option<u64>> {
    let (Some(table), Some(counts)) = (headers.read::<8>(40)?, headers.read::<4>(58)?) else {
        return Ok(None);
    };
    let [size, count] =
        [0, 2].map(|at| u64::from(u16::from_le_bytes([counts[at], counts[at + 1]])));
    Ok(u64::from_le_bytes(table).checked_add(size * count))
}

/// The end of the last section, or of the symbols and their names, which a linker for development leaves behind them.
fn find_end_of_pe(headers: &Headers) -> io::Result<Option<u64>> {
    const FILE_HEADER_LENGTH: u64 = 24;
    const SECTION_LENGTH: u64 = 40;
    const SYMBOL_LENGTH: u64 = 18;
    let Some(start) = headers.read_u32(0x3C)?.map(u64::from) else {
        return Ok(None);
    };
    let (Some(symbols), Some([low, high])) = (
        headers.read_pair(start + 12)?,
        headers.read::<2>(start + 20)?,
    ) else {
        return Ok(None);
    };
    let Some(count) = headers.read::<2>(start + 6)?.map(u16::from_le_bytes) else {
        return Ok(None);
    };
    let table = start + FILE_HEADER_LENGTH + u64::from(u16::from_le_bytes([low, high]));
    let mut end = 0;
    for index in 0..u64::from(count) {
        let Some((size, offset)) = headers.read_pair(table + index * SECTION_LENGTH + 16)? else {
            return Ok(None);
        };
        end = end.max(u64::from(offset) + u64::from(size));
    }
    let (offset, count) = symbols;
    if offset != 0 {
        let names = u64::from(offset) + u64::from(count) * SYMBOL_LENGTH;
        let Some(length) = headers.read_u32(names)? else {
            return Ok(None);
        };
        end = end.max(names + u64::from(length));
    }
    Ok(Some(end))
}

/// The end of the last segment, which holds the signature.
fn find_end_of_macho(headers: &Headers) -> io::Result<Option<u64>> {
    const HEADER_LENGTH: u64 = 32;
    const SEGMENT: u32 = 0x19;
    let Some((count, _)) = headers.read_pair(16)? else {
        return Ok(None);
    };
    let (mut position, mut end) = (HEADER_LENGTH, 0);
    for _ in 0..count {
        let Some((kind, length)) = headers.read_pair(position)? else {
            return Ok(None);
        };
        if kind == SEGMENT {
            let Some(place) = headers.read::<16>(position + 40)? else {
                return Ok(None);
            };
            let place = u128::from_le_bytes(place);
            end = end.max((place as u64).saturating_add((place >> 64) as u64));
        }
        position += u64::from(length.max(8));
    }
    Ok(Some(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(bytes: &[u8]) -> Option<bool> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        ends_as_linked(&path).unwrap()
    }

    #[test]
    fn this_program_ends_as_it_was_linked_and_no_part_of_it_does() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(ends(&bytes), Some(true));
        for length in [bytes.len() - 1, bytes.len() / 2, 100] {
            assert_eq!(ends(&bytes[..length]), Some(false), "{length}");
        }
        assert_eq!(
            ends(&[&bytes[..], b"a part of a stamp"].concat()),
            Some(false)
        );
    }

    #[test]
    fn other_files_do_not_say_where_they_end() {
        for bytes in [&b""[..], b"#!/bin/sh\n", b"\x7fEL"] {
            assert_eq!(ends(bytes), None);
        }
    }
}
