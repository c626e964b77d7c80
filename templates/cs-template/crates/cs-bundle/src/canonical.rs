//! The canonical form: one zstd frame of raw blocks over a deterministic tar, read in place.
//!
//! ```text
//! 28 B5 2F FD 00 38                      magic, no options, window 128 KiB
//! (3-byte block header, 128 KiB of tar)  raw blocks, all full but the last
//! ```
//!
//! So the byte at `position` of the tar is in the file at `6 + position + 3 * (position / 131072 + 1)`.

use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;

use cs_archive::tar::{BLOCK_BYTES, Block, Header, padding, pax_records, until_nul};
use cs_archive::{ReadAt, clamp, read_file_at, read_file_exact_at};

use crate::expected::is_archive_name;
use crate::header::{
    EXTENDED, MAX_SHORT_NAME, PAX_NAME, REGULAR, render_header, render_path_record,
};

/// Magic number, frame header descriptor, window descriptor.
const FRAME_HEADER: [u8; 6] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x38];
/// Bytes of tar in every zstd block but the last.
const ZSTD_BLOCK: u64 = 131_072;
/// Bytes of a zstd block's header.
const BLOCK_HEADER: u64 = 3;
/// Zero bytes at the end of the tar.
const END_OF_ARCHIVE: u64 = 2 * BLOCK_BYTES as u64;

/// An archive in the tar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// Position of its first byte in the tar.
    pub(crate) position: u64,
    pub(crate) length: u64,
}

/// Where a bundle is not canonical.
#[derive(Debug)]
pub(crate) enum Deviation {
    Unreadable(io::Error),
    Framing {
        what: &'static str,
        file_offset: u64,
    },
    Tar {
        what: &'static str,
        position: u64,
    },
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => {
                write!(f, "it cannot be read ({})", cs_file::describe_error(error))
            }
            Self::Framing { what, file_offset } => {
                write!(f, "{what} at byte {file_offset} of the bundle")
            }
            Self::Tar { what, position } => write!(f, "{what} at byte {position} of its tar"),
        }
    }
}

impl From<io::Error> for Deviation {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// Check every byte that belongs to no archive, and list the archives.
///
/// The bundle is `length` bytes of `file` from `offset`.
pub(crate) fn scan(file: &File, offset: u64, length: u64) -> Result<Vec<Entry>, Deviation> {
    let tar_length = check_framing(file, offset, length)?;
    let tar = Tar {
        file,
        offset,
        length: tar_length,
    };
    let mut entries: Vec<Entry> = Vec::new();
    let mut position = 0;
    while tar_length - position > END_OF_ARCHIVE {
        let entry = tar.read_entry(position)?;
        if entries.last().is_some_and(|last| last.name >= entry.name) {
            return Err(Deviation::Tar {
                what: "an entry is out of order or appears twice",
                position,
            });
        }
        let end = entry.position + entry.length;
        tar.expect_zeros(end, padding(entry.length))?;
        position = end + padding(entry.length);
        entries.push(entry);
    }
    tar.expect_zeros(position, END_OF_ARCHIVE)?;
    Ok(entries)
}

/// Check the frame header and every block header; give the length of the tar.
fn check_framing(file: &File, offset: u64, length: u64) -> Result<u64, Deviation> {
    let framing = |what, file_offset| Deviation::Framing { what, file_offset };
    let mut header = [0; FRAME_HEADER.len()];
    if length < FRAME_HEADER.len() as u64 + BLOCK_HEADER {
        return Err(framing("it ends early,", length));
    }
    read_file_exact_at(file, &mut header, offset)?;
    if header != FRAME_HEADER {
        return Err(framing("the frame header is wrong", 0));
    }
    let mut at = FRAME_HEADER.len() as u64;
    let blocks = (length - at).div_ceil(BLOCK_HEADER + ZSTD_BLOCK);
    for block in 1..=blocks {
        let mut header = [0; 4];
        read_file_exact_at(file, &mut header[..BLOCK_HEADER as usize], offset + at)?;
        // A block's header is its last-flag, two bits of type (0: raw), and its size, little-endian.
        let size = (length - at).saturating_sub(BLOCK_HEADER).min(ZSTD_BLOCK);
        let expected = (size << 3) | u64::from(block == blocks);
        if u64::from(u32::from_le_bytes(header)) != expected || size == 0 {
            return Err(framing("a block header is wrong", at));
        }
        at += BLOCK_HEADER + size;
    }
    let tar_length = length - FRAME_HEADER.len() as u64 - blocks * BLOCK_HEADER;
    if tar_length < END_OF_ARCHIVE || !tar_length.is_multiple_of(BLOCK_BYTES as u64) {
        return Err(framing("it ends early,", length));
    }
    Ok(tar_length)
}

/// The tar inside the frame.
struct Tar<'a> {
    file: &'a File,
    offset: u64,
    length: u64,
}

impl Tar<'_> {
    /// Read and check the header at `position`, and the long name before it if there is one.
    fn read_entry(&self, position: u64) -> Result<Entry, Deviation> {
        let deviation = |what| Deviation::Tar { what, position };
        let mut block = self.read_block(position)?;
        let mut start = position + BLOCK_BYTES as u64;
        let mut header = Header::check(&block).map_err(deviation)?;
        let name = if header.kind() == EXTENDED {
            let name = self.read_long_name(position, &block)?;
            block = self.read_block(start + BLOCK_BYTES as u64)?;
            start += 2 * BLOCK_BYTES as u64;
            header = Header::check(&block).map_err(deviation)?;
            name
        } else {
            header.path()
        };
        let length = header.size().map_err(deviation)?;
        let name =
            String::from_utf8(name).map_err(|_| deviation("an entry's name is not UTF-8"))?;
        if !is_archive_name(&name) {
            return Err(deviation("an entry is not a package archive"));
        }
        if render_header(&name, length, REGULAR) != block {
            return Err(deviation("a header is not in canonical form"));
        }
        // What is left must hold the data, its padding and the end of the archive.
        let left = self.length.saturating_sub(start + END_OF_ARCHIVE);
        if length > left || length + padding(length) > left {
            return Err(deviation("an entry is longer than the bundle"));
        }
        Ok(Entry {
            name,
            position: start,
            length,
        })
    }

    fn read_block(&self, position: u64) -> io::Result<Block> {
        let mut block = [0; BLOCK_BYTES];
        self.read_exact(&mut block, position)?;
        Ok(block)
    }

    /// Read the pax header at `position`, which `block` is: one record, the name, and it must need it.
    fn read_long_name(&self, position: u64, block: &Block) -> Result<Vec<u8>, Deviation> {
        let deviation = || Deviation::Tar {
            what: "an extended header is not in canonical form",
            position,
        };
        let data = self.read_block(position + BLOCK_BYTES as u64)?;
        let name = match pax_records(until_nul(&data)).next() {
            Some(Ok((b"path", name))) => str::from_utf8(name).map_err(|_| deviation())?,
            _ => return Err(deviation()),
        };
        let (length, record) = render_path_record(name).ok_or_else(deviation)?;
        let canonical = render_header(PAX_NAME, length, EXTENDED) == *block && record == data;
        if !canonical || name.len() <= MAX_SHORT_NAME {
            return Err(deviation());
        }
        Ok(name.as_bytes().to_vec())
    }

    fn expect_zeros(&self, position: u64, length: u64) -> Result<(), Deviation> {
        let mut block = [0; END_OF_ARCHIVE as usize];
        let padding = &mut block[..length as usize];
        self.read_exact(padding, position)?;
        if padding.iter().any(|&byte| byte != 0) {
            return Err(Deviation::Tar {
                what: "padding is not zero",
                position,
            });
        }
        Ok(())
    }

    fn read_exact(&self, buf: &mut [u8], position: u64) -> io::Result<()> {
        match read_tar_at(self.file, self.offset, buf, position)? {
            count if count == buf.len() => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// An archive of a canonical bundle.
pub(crate) struct InPlace {
    file: Arc<File>,
    offset: u64,
    position: u64,
    length: u64,
    fixed: bool,
}

impl InPlace {
    /// An archive within `file`; `fixed` when no process can write to it.
    pub(crate) fn new(file: Arc<File>, offset: u64, entry: &Entry, fixed: bool) -> Self {
        Self {
            file,
            offset,
            position: entry.position,
            length: entry.length,
            fixed,
        }
    }
}

impl ReadAt for InPlace {
    fn len(&self) -> u64 {
        self.length
    }

    fn is_fixed(&self) -> bool {
        self.fixed
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let wanted = clamp(buf.len(), offset, self.length);
        read_tar_at(
            &self.file,
            self.offset,
            &mut buf[..wanted],
            self.position + offset,
        )
    }
}

/// Read bytes of the tar, stepping over block headers; fewer than asked for only at the end of the file.
fn read_tar_at(file: &File, offset: u64, buf: &mut [u8], position: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buf.len() {
        let at = position + done as u64;
        let in_block = clamp(buf.len() - done, at % ZSTD_BLOCK, ZSTD_BLOCK);
        let file_offset =
            offset + FRAME_HEADER.len() as u64 + at + BLOCK_HEADER * (at / ZSTD_BLOCK + 1);
        match read_file_at(file, &mut buf[done..done + in_block], file_offset)? {
            0 => break,
            count => done += count,
        }
    }
    Ok(done)
}
