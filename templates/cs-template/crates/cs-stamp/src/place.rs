//! Where a stamp must end: at the end of what the platform's signature covers, and nowhere else.
//!
//! The headers may be made to deceive: every number in them is checked before it is used.

use std::fs::File;
use std::io;

use cs_archive::read_file_exact_at;

/// The one place that a footer may have in an executable whose format has signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where the signed bytes end.
    pub end: u64,
    /// How many zeros may be between the footer and that end.
    pub padding: u64,
}

/// What the format of an executable says about places.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Places {
    /// No signature says what it covers, as in ELF: the end of the file, or near it.
    NearTheEnd,
    /// One place.
    One(Place),
    /// No place, and why.
    Nowhere(&'static str),
}

/// Zeros before a certificate table, which starts at a multiple of 8.
const PE_PADDING: u64 = 7;
/// Zeros before a code signature, which starts at a multiple of 16.
const MACHO_PADDING: u64 = 15;

/// Find the place of a stamp in a file of `length` bytes.
pub(crate) fn find_places(file: &File, length: u64) -> io::Result<Places> {
    let headers = Headers { file, length };
    let Some(magic) = headers.read::<4>(0)? else {
        return Ok(Places::NearTheEnd);
    };
    let (end, padding) = match magic {
        [b'M', b'Z', ..] => (find_end_of_pe(&headers)?, PE_PADDING),
        [0xCF, 0xFA, 0xED, 0xFE] => (find_end_of_macho(&headers)?, MACHO_PADDING),
        [0xCA, 0xFE, 0xBA, 0xBE | 0xBF] => {
            return Ok(Places::Nowhere(
                "it is a universal executable, which has no place for a stamp",
            ));
        }
        _ => return Ok(Places::NearTheEnd),
    };
    Ok(match end {
        Ok(end) => Places::One(Place { end, padding }),
        Err(why) => Places::Nowhere(why),
    })
}

/// An offset in the file, or why there is none.
type End = Result<u64, &'static str>;

const CUT: &str = "the file ends within its headers";

/// The bytes of a file, as far as they are there.
pub(crate) struct Headers<'a> {
    pub file: &'a File,
    pub length: u64,
}

impl Headers<'_> {
    /// The bytes from `offset` on; `None` when the file ends before.
    pub fn read<const N: usize>(&self, offset: u64) -> io::Result<Option<[u8; N]>> {
        let mut bytes = [0; N];
        if offset
            .checked_add(N as u64)
            .is_none_or(|end| end > self.length)
        {
            return Ok(None);
        }
        read_file_exact_at(self.file, &mut bytes, offset)?;
        Ok(Some(bytes))
    }

    pub fn read_u32(&self, offset: u64) -> io::Result<Option<u32>> {
        Ok(self.read(offset)?.map(u32::from_le_bytes))
    }

    /// Two numbers that follow each other: an offset and a size, or a kind and a size.
    pub fn read_pair(&self, offset: u64) -> io::Result<Option<(u32, u32)>> {
        let pair = self.read::<8>(offset)?.map(u64::from_le_bytes);
        Ok(pair.map(|pair| (pair as u32, (pair >> 32) as u32)))
    }
}

/// A number from the headers; where the file ends before it, so does the search.
macro_rules! known {
    ($read:expr) => {
        match $read? {
            Some(found) => found,
            None => return Ok(Err(CUT)),
        }
    };
}

/// The start of the certificate table, which ends the file; else the end of the file.
fn find_end_of_pe(headers: &Headers<'_>) -> io::Result<End> {
    const OPTIONAL_HEADER: u64 = 24;
    const SECURITY_DIRECTORY: u32 = 4;
    let start = u64::from(known!(headers.read_u32(0x3C)));
    let signature = known!(headers.read::<4>(start));
    let magic = u16::from_le_bytes(known!(headers.read(start + OPTIONAL_HEADER)));
    let fixed_length = match (&signature, magic) {
        (b"PE\0\0", 0x10B) => 96,
        (b"PE\0\0", 0x20B) => 112,
        _ => return Ok(Err("its headers are not those of a Windows executable")),
    };
    let directories = start + OPTIONAL_HEADER + fixed_length;
    if known!(headers.read_u32(directories - 4)) <= SECURITY_DIRECTORY {
        return Ok(Ok(headers.length));
    }
    let (offset, size) = known!(headers.read_pair(directories + u64::from(8 * SECURITY_DIRECTORY)));
    if (offset, size) == (0, 0) {
        return Ok(Ok(headers.length));
    }
    let offset = u64::from(offset);
    if offset % 8 != 0 || offset + u64::from(size) != headers.length {
        return Ok(Err("its certificate table is not the end of the file"));
    }
    Ok(Ok(offset))
}

/// The start of the code signature, which ends the file; else the end of the file.
fn find_end_of_macho(headers: &Headers<'_>) -> io::Result<End> {
    const HEADER_LENGTH: u64 = 32;
    const COMMANDS_LIMIT: u32 = 64 << 10;
    const CODE_SIGNATURE: u32 = 0x1D;
    const CODE_SIGNATURE_LENGTH: u32 = 16;
    let (count, size) = known!(headers.read_pair(16));
    let end = HEADER_LENGTH + u64::from(size);
    if size > COMMANDS_LIMIT || end > headers.length {
        return Ok(Err("its load commands do not fit into it"));
    }
    let (mut position, mut signature) = (HEADER_LENGTH, None);
    for _ in 0..count {
        let (kind, length) = known!(headers.read_pair(position));
        let next = position + u64::from(length);
        if length < 8 || next > end {
            return Ok(Err("its load commands are cut off"));
        }
        if kind == CODE_SIGNATURE {
            if length != CODE_SIGNATURE_LENGTH || signature.is_some() {
                return Ok(Err(
                    "it has two code signatures, or a damaged command for one",
                ));
            }
            signature = headers.read_pair(position + 8)?;
        }
        position = next;
    }
    let Some((offset, size)) = signature else {
        return Ok(Ok(headers.length));
    };
    let offset = u64::from(offset);
    if offset < end || offset + u64::from(size) != headers.length {
        return Ok(Err("its code signature is not the end of the file"));
    }
    Ok(Ok(offset))
}
