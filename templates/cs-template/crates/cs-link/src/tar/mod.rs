//! A streaming tar reader: ustar, GNU long names, pax paths and sizes.
//!
//! An entry's bytes come out of one buffer, so that a small file is one slice and costs one `write(2)`.

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
    /// Bytes of the current entry that were not given out yet.
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
mod tests;
