//! A streaming tar reader: ustar, GNU long names, pax paths and sizes.
//!
//! An entry's bytes are lent out of one buffer, so that a small file is one slice and costs one `write(2)`.

use std::io::Read;

use cs_archive::tar::{BLOCK_BYTES, Header, padding, parse_pax_size, pax_records, until_nul};

use crate::fault::Fault;

const BUFFER_BYTES: usize = 256 * 1024;
const LONGEST_EXTENSION: u64 = 1024 * 1024;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    HardLink,
    SymbolicLink,
    Directory,
    /// A device, a fifo, or something that no package needs: the type byte.
    Other(u8),
}

/// One entry's header. Paths are raw bytes, to be checked by their user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) path: Vec<u8>,
    pub(crate) link: Vec<u8>,
    pub(crate) size: u64,
    pub(crate) mode: u32,
    /// Seconds since 1970.
    pub(crate) modified: i64,
}

/// How many more bytes may come, and what is said when there are more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) bytes: u64,
    pub(crate) reason: &'static str,
}

/// Reads one tar stream of at most `limit` bytes.
pub(crate) struct TarReader<R> {
    input: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Bytes of the current entry that are still to be lent.
    remaining: u64,
    padding: usize,
    limit: Option<Limit>,
}

/// What long-name and pax entries say of the entry behind them.
#[derive(Default)]
struct Overrides {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    modified: Option<i64>,
}

impl<R: Read> TarReader<R> {
    pub(crate) fn new(input: R, limit: Option<Limit>) -> Self {
        let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
        Self {
            input,
            buffer,
            start: 0,
            end: 0,
            remaining: 0,
            padding: 0,
            limit,
        }
    }

    /// Change how many more bytes may come.
    pub(crate) fn set_limit(&mut self, limit: Limit) {
        self.limit = Some(limit);
    }

    /// The next entry; what is left of the one before is skipped.
    pub(crate) fn next_entry(&mut self) -> Result<Option<Entry>, Fault> {
        let mut overrides = Overrides::default();
        loop {
            self.skip_rest()?;
            if !self.fill(BLOCK_BYTES)? {
                return if self.start == self.end {
                    Ok(None)
                } else {
                    Err(cut_short())
                };
            }
            let mut block = [0; BLOCK_BYTES];
            block.copy_from_slice(&self.buffer[self.start..self.start + BLOCK_BYTES]);
            self.start += BLOCK_BYTES;
            if block.iter().all(|&byte| byte == 0) {
                return Ok(None);
            }
            let header = Header::check(&block).map_err(Fault::damaged)?;
            self.set_size(header.size().map_err(Fault::damaged)?);
            match header.kind() {
                b'L' => overrides.path = Some(trimmed(self.read_extension()?)),
                b'K' => overrides.link = Some(trimmed(self.read_extension()?)),
                b'x' => {
                    read_pax(&self.read_extension()?, &mut overrides).map_err(Fault::damaged)?
                }
                b'g' => {}
                _ => return self.entry(header, overrides).map(Some),
            }
        }
    }

    /// The next bytes of the current entry; empty at its end. An entry smaller than the buffer comes in one piece.
    pub(crate) fn chunk(&mut self) -> Result<&[u8], Fault> {
        let wanted = usize::try_from(self.remaining)
            .unwrap_or(usize::MAX)
            .min(self.buffer.len() / 2);
        if !self.fill(wanted)? {
            return Err(cut_short());
        }
        let count = usize::try_from(self.remaining)
            .unwrap_or(usize::MAX)
            .min(self.end - self.start);
        self.remaining -= count as u64;
        let from = self.start;
        self.start += count;
        Ok(&self.buffer[from..from + count])
    }

    fn set_size(&mut self, size: u64) {
        self.remaining = size;
        self.padding = padding(size) as usize;
    }

    fn entry(&mut self, header: Header, overrides: Overrides) -> Result<Entry, Fault> {
        if let Some(size) = overrides.size {
            self.set_size(size);
        }
        let path = overrides.path.unwrap_or_else(|| header.path());
        let kind = match header.kind() {
            b'0' | 0 | b'7' if path.ends_with(b"/") => Kind::Directory,
            b'0' | 0 | b'7' => Kind::File,
            b'1' => Kind::HardLink,
            b'2' => Kind::SymbolicLink,
            b'5' => Kind::Directory,
            other => Kind::Other(other),
        };
        if kind != Kind::File && !matches!(kind, Kind::Other(_)) {
            // Some writers give links the size of their target; no data follows.
            self.set_size(0);
        }
        self.check_limit()?;
        Ok(Entry {
            kind,
            path,
            link: overrides.link.unwrap_or_else(|| header.link().to_vec()),
            size: self.remaining,
            mode: header.mode().unwrap_or(0o644),
            modified: overrides.modified.or(header.modified()).unwrap_or(0),
        })
    }

    fn read_extension(&mut self) -> Result<Vec<u8>, Fault> {
        if self.remaining > LONGEST_EXTENSION {
            return Err(Fault::damaged("a tar entry has a name of more than 1 MiB"));
        }
        let mut bytes = Vec::new();
        while self.remaining > 0 {
            bytes.extend_from_slice(self.chunk()?);
        }
        Ok(bytes)
    }

    fn skip_rest(&mut self) -> Result<(), Fault> {
        while self.remaining > 0 {
            self.chunk()?;
        }
        let padding = std::mem::take(&mut self.padding);
        if self.fill(padding)? {
            self.start += padding;
            Ok(())
        } else {
            Err(cut_short())
        }
    }

    /// Have at least `wanted` bytes in the buffer; false when the stream ends before.
    fn fill(&mut self, wanted: usize) -> Result<bool, Fault> {
        if self.end - self.start >= wanted {
            return Ok(true);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < wanted {
            let count = match self.input.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                other => other.map_err(Fault::decoding)?,
            };
            if count == 0 {
                return Ok(false);
            }
            self.end += count;
            self.spend(count as u64)?;
        }
        Ok(true)
    }

    /// Stop before the first byte of an entry that is longer than what may still come.
    fn check_limit(&self) -> Result<(), Fault> {
        let here = (self.end - self.start) as u64;
        match &self.limit {
            Some(limit) if self.remaining > limit.bytes.saturating_add(here) => {
                Err(Fault::hostile("(the whole archive)", limit.reason))
            }
            _ => Ok(()),
        }
    }

    fn spend(&mut self, count: u64) -> Result<(), Fault> {
        if let Some(limit) = &mut self.limit {
            limit.bytes = limit
                .bytes
                .checked_sub(count)
                .ok_or_else(|| Fault::hostile("(the whole archive)", limit.reason))?;
        }
        Ok(())
    }
}

fn cut_short() -> Fault {
    Fault::damaged("the archive is cut short")
}

fn trimmed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(until_nul(&bytes).len());
    bytes
}

/// Take what a pax header says of the entry behind it.
fn read_pax(records: &[u8], overrides: &mut Overrides) -> Result<(), &'static str> {
    for record in pax_records(records) {
        let (key, value) = record?;
        match key {
            b"path" => overrides.path = Some(value.to_vec()),
            b"linkpath" => overrides.link = Some(value.to_vec()),
            b"size" => overrides.size = Some(parse_pax_size(value)?),
            b"mtime" => overrides.modified = whole_seconds(value),
            _ => {}
        }
    }
    Ok(())
}

fn whole_seconds(time: &[u8]) -> Option<i64> {
    let time = std::str::from_utf8(time).ok()?;
    time.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use cs_archive::tar::{Block, checksum};

    use super::*;

    fn header(kind: u8, path: &str, size: &[u8]) -> Block {
        let mut header = [0; BLOCK_BYTES];
        header[..path.len()].copy_from_slice(path.as_bytes());
        header[100..107].copy_from_slice(b"0000755");
        header[124..124 + size.len()].copy_from_slice(size);
        header[136..147].copy_from_slice(b"00000000012");
        header[156] = kind;
        header[257..263].copy_from_slice(b"ustar\0");
        seal(header)
    }

    fn seal(mut header: Block) -> Block {
        let sum = format!("{:06o}\0 ", checksum(&header));
        header[148..156].copy_from_slice(sum.as_bytes());
        header
    }

    fn padded(data: &[u8]) -> Vec<u8> {
        let mut data = data.to_vec();
        data.resize(data.len().next_multiple_of(BLOCK_BYTES), 0);
        data
    }

    fn entries(bytes: &[u8]) -> Result<Vec<(Entry, Vec<u8>)>, Fault> {
        let mut tar = TarReader::new(bytes, None);
        let mut entries = Vec::new();
        while let Some(entry) = tar.next_entry()? {
            let mut data = Vec::new();
            while data.len() < entry.size as usize {
                data.extend_from_slice(tar.chunk()?);
            }
            entries.push((entry, data));
        }
        Ok(entries)
    }

    #[test]
    fn pax_headers_override_path_link_size_and_time() {
        let records = b"13 path=long\n14 linkpath=l\n9 size=3\n14 mtime=77.5\n15 comment=a=b\n";
        let tar = [
            &header(b'x', "PaxHeader", format!("{:o}", records.len()).as_bytes())[..],
            &padded(records),
            &header(b'0', "short", b"0"),
            &padded(b"abc"),
            &[0; 1024],
        ]
        .concat();
        let entries = entries(&tar).unwrap();
        let (entry, data) = &entries[0];
        assert_eq!(
            (&entry.path[..], &entry.link[..], entry.size, entry.modified),
            (&b"long"[..], &b"l"[..], 3, 77)
        );
        assert_eq!(data, b"abc");
    }

    #[test]
    fn sizes_may_be_in_base_256() {
        let tar = [
            &header(b'0', "a", &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2])[..],
            &padded(b"hi"),
        ]
        .concat();
        assert_eq!(entries(&tar).unwrap()[0].1, b"hi");
    }

    #[test]
    fn a_slash_at_the_end_makes_an_old_file_a_directory() {
        assert_eq!(
            entries(&header(0, "d/", b"0")).unwrap()[0].0.kind,
            Kind::Directory
        );
    }

    #[test]
    fn a_header_with_a_wrong_sum_and_a_negative_size_are_refused() {
        let mut wrong = header(b'0', "a", b"0");
        wrong[0] = b'b';
        assert!(entries(&wrong).is_err());
        assert!(entries(&header(b'0', "a", &[0xff; 12])).is_err());
    }

    #[test]
    fn a_stream_that_ends_within_an_entry_is_cut_short() {
        let whole = [&header(b'0', "a", b"1000")[..], &padded(&[1; 512])].concat();
        for cut in [1, 511, 512, 600, 1000] {
            assert!(entries(&whole[..cut]).is_err(), "{cut}");
        }
        assert_eq!(entries(&whole).unwrap().len(), 1);
    }

    #[test]
    fn no_more_than_the_limit_is_read() {
        let whole = [&header(b'0', "a", b"1000")[..], &padded(&[1; 512])].concat();
        let mut tar = TarReader::new(
            &whole[..],
            Some(Limit {
                bytes: 600,
                reason: "too much",
            }),
        );
        let fault = tar
            .next_entry()
            .and_then(|_| tar.chunk().map(drop))
            .unwrap_err();
        assert!(matches!(fault, Fault::Hostile { .. }), "{fault:?}");
    }

    #[test]
    fn a_small_file_comes_in_one_piece() {
        let data = vec![3; BUFFER_BYTES / 2];
        let size = format!("{:o}", data.len());
        let whole = [&header(b'0', "a", size.as_bytes())[..], &padded(&data)]
            .concat()
            .repeat(3);
        let mut tar = TarReader::new(&whole[..], None);
        for _ in 0..3 {
            tar.next_entry().unwrap().unwrap();
            assert_eq!(tar.chunk().unwrap().len(), data.len());
            assert_eq!(tar.chunk().unwrap(), b"");
        }
    }
}
