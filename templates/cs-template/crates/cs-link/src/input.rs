//! Part of an archive as a buffered stream that reports progress and notices cancellation.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::sync::atomic::{AtomicBool, Ordering};

use cs_archive::{Progress, ReadAt, read_some};

use crate::interruption::Interruption;

const BUFFER_BYTES: usize = 128 * 1024;

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

    /// A monitor that reports to nothing.
    pub(crate) fn silent(flags: [&'a AtomicBool; 2]) -> Self {
        struct Silent;
        impl Progress for Silent {}
        Self::new(&Silent, 0, 0, flags)
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

    /// Report what is left: padding, central directories, members that are not read.
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

    /// Go on at another place.
    pub(crate) fn go_to(&mut self, offset: u64) {
        let buffered = self.position - self.filled as u64;
        if (buffered..=self.position).contains(&offset) {
            self.start = (offset - buffered) as usize;
        } else {
            self.position = offset.min(self.end);
            (self.start, self.filled) = (0, 0);
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
