//! Part of an archive as a buffered stream that reports progress and notices cancellation.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::sync::atomic::{AtomicBool, Ordering};

use ring::digest;

use crate::fault::{Fault, Interruption};
use crate::{Progress, ReadAt};

const BUFFER_BYTES: usize = 128 * 1024;
const HASH_BUFFER_BYTES: usize = 512 * 1024;

/// Watches over one package: counts what is consumed and written, knows when to stop.
pub(crate) struct Monitor<'a> {
    progress: &'a dyn Progress,
    package: usize,
    flags: [&'a AtomicBool; 2],
    /// Length of the archive that is not yet reported.
    unreported: Cell<u64>,
    files: Cell<u64>,
}

impl<'a> Monitor<'a> {
    pub(crate) fn new(
        progress: &'a dyn Progress,
        package: usize,
        archive_bytes: u64,
        flags: [&'a AtomicBool; 2],
    ) -> Self {
        Self {
            progress,
            package,
            flags,
            unreported: Cell::new(archive_bytes),
            files: Cell::new(0),
        }
    }

    /// A monitor that nobody listens to.
    pub(crate) fn silent(flags: [&'a AtomicBool; 2]) -> Self {
        struct Nobody;
        impl Progress for Nobody {}
        Self::new(&Nobody, 0, 0, flags)
    }

    pub(crate) fn count_file(&self) {
        self.files.set(self.files.get() + 1);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.flags.iter().any(|flag| flag.load(Ordering::Relaxed))
    }

    /// Report bytes as consumed, never more than the archive has: it may be read twice.
    fn consume(&self, bytes: u64) {
        let bytes = bytes.min(self.unreported.get());
        self.unreported.set(self.unreported.get() - bytes);
        let files = self.files.take();
        if bytes + files > 0 {
            self.progress.advance(self.package, bytes, files);
        }
    }

    /// Report what is left: padding, central directories, members that nobody reads.
    pub(crate) fn finish(&self) {
        self.consume(u64::MAX);
        self.progress.finished(self.package);
    }
}

/// Bytes `start..end` of an archive.
pub(crate) struct Input<'a> {
    bytes: &'a dyn ReadAt,
    monitor: &'a Monitor<'a>,
    position: u64,
    end: u64,
    buffer: Box<[u8]>,
    start: usize,
    filled: usize,
}

impl<'a> Input<'a> {
    pub(crate) fn new(
        bytes: &'a dyn ReadAt,
        monitor: &'a Monitor<'a>,
        start: u64,
        end: u64,
    ) -> Self {
        let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
        Self {
            bytes,
            monitor,
            position: start,
            end,
            buffer,
            start: 0,
            filled: 0,
        }
    }
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.filled && self.position < self.end {
            if self.monitor.is_cancelled() {
                return Err(Interruption::Cancelled.into());
            }
            let wanted = self
                .buffer
                .len()
                .min(usize::try_from(self.end - self.position).unwrap_or(usize::MAX));
            let count = read_some(self.bytes, &mut self.buffer[..wanted], self.position)
                .map_err(Interruption::Read)?;
            self.position += count as u64;
            (self.start, self.filled) = (0, count);
            self.monitor.consume(count as u64);
        }
        Ok(&self.buffer[self.start..self.filled])
    }

    fn consume(&mut self, count: usize) {
        self.start += count;
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

fn read_some(bytes: &dyn ReadAt, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match bytes.read_at(buffer, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) if !buffer.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
            other => return other,
        }
    }
}

/// Fill all of `buffer` from `offset`.
pub(crate) fn read_exact_at(
    bytes: &dyn ReadAt,
    buffer: &mut [u8],
    offset: u64,
) -> Result<(), Fault> {
    let mut filled = 0;
    while filled < buffer.len() {
        filled +=
            read_some(bytes, &mut buffer[filled..], offset + filled as u64).map_err(Fault::Read)?;
    }
    Ok(())
}

/// SHA-256 of the whole archive.
pub(crate) fn hash_archive(bytes: &dyn ReadAt, monitor: &Monitor) -> Result<[u8; 32], Fault> {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; HASH_BUFFER_BYTES];
    let mut offset = 0;
    while offset < bytes.len() {
        if monitor.is_cancelled() {
            return Err(Fault::Cancelled);
        }
        let wanted = buffer
            .len()
            .min(usize::try_from(bytes.len() - offset).unwrap_or(usize::MAX));
        let count = read_some(bytes, &mut buffer[..wanted], offset).map_err(Fault::Read)?;
        context.update(&buffer[..count]);
        offset += count as u64;
    }
    Ok(digest_bytes(context))
}

/// Finish a SHA-256.
pub(crate) fn digest_bytes(context: digest::Context) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// SHA-256 of bytes in memory.
pub(crate) fn hash_bytes(bytes: &[u8]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(bytes);
    digest_bytes(context)
}

/// Lower-case hex, as digests are written in plans and messages.
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| {
            [
                DIGITS[usize::from(byte >> 4)] as char,
                DIGITS[usize::from(byte & 15)] as char,
            ]
        })
        .collect()
}

/// Thirty-two bytes of hex, in either case.
pub(crate) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(out)
}
