//! From a member's bytes in the archive to what they stand for.

use std::io::BufRead;

use crc32fast::Hasher;
use flate2::{Decompress, FlushDecompress, Status};

use super::directory::Member;
use super::sink::Sink;
use crate::fault::Fault;
use crate::input::Input;

const PIECE_BYTES: usize = 128 * 1024;

/// Decodes one member after the other.
pub(super) struct Inflater {
    state: Decompress,
    out: Box<[u8]>,
}

/// How far a member has come.
struct Progress<'m> {
    member: &'m Member,
    /// Bytes of the archive that are still to come.
    left: u64,
    /// Bytes that were passed on.
    passed: u64,
    hash: Hasher,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self {
            state: Decompress::new(false),
            out: vec![0; PIECE_BYTES].into_boxed_slice(),
        }
    }

    /// Pass a member's bytes on; `input` is where they start in the archive.
    pub(super) fn copy(
        &mut self,
        input: &mut Input,
        member: &Member,
        sink: Sink,
    ) -> Result<(), Fault> {
        let mut progress = Progress {
            member,
            left: member.stored,
            passed: 0,
            hash: Hasher::new(),
        };
        match member.method {
            0 => copy_stored(input, &mut progress, sink)?,
            _ => self.inflate(input, &mut progress, sink)?,
        }
        progress.finish()
    }

    fn inflate(
        &mut self,
        input: &mut Input,
        progress: &mut Progress,
        sink: Sink,
    ) -> Result<(), Fault> {
        self.state.reset(false);
        let mut filled = 0;
        loop {
            let bytes = progress.available(input)?;
            // Where all fits, the decoder need not keep what it has written.
            let is_whole = bytes.len() as u64 == progress.left
                && progress.passed == 0
                && progress.member.size <= PIECE_BYTES as u64;
            let flush = if is_whole {
                FlushDecompress::Finish
            } else {
                FlushDecompress::None
            };
            let (before_in, before_out) = (self.state.total_in(), self.state.total_out());
            let status = self
                .state
                .decompress(bytes, &mut self.out[filled..], flush)
                .map_err(|error| progress.damaged(error.to_string()))?;
            let taken = self.state.total_in() - before_in;
            let made = self.state.total_out() - before_out;
            filled += made as usize;
            input.consume(taken as usize);
            progress.left -= taken;
            let is_at_end = status == Status::StreamEnd;
            if is_at_end || filled == self.out.len() {
                progress.pass(&self.out[..filled], sink)?;
                filled = 0;
            } else if taken == 0 && made == 0 {
                return Err(progress.damaged("it is cut short"));
            }
            if is_at_end {
                return Ok(());
            }
        }
    }
}

fn copy_stored(input: &mut Input, progress: &mut Progress, sink: Sink) -> Result<(), Fault> {
    while progress.left > 0 {
        let bytes = progress.available(input)?;
        let count = bytes.len();
        if count == 0 {
            return Err(progress.damaged("it is cut short"));
        }
        progress.pass(bytes, sink)?;
        input.consume(count);
        progress.left -= count as u64;
    }
    Ok(())
}

impl Progress<'_> {
    /// The next bytes of the member.
    fn available<'i>(&self, input: &'i mut Input) -> Result<&'i [u8], Fault> {
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(&[]);
        }
        let bytes = input.fill_buf().map_err(Fault::decoding)?;
        Ok(&bytes[..bytes.len().min(left)])
    }

    /// Pass bytes on, as long as the member may have so many.
    fn pass(&mut self, bytes: &[u8], sink: Sink) -> Result<(), Fault> {
        self.passed += bytes.len() as u64;
        if self.passed > self.member.size {
            let reason = "it unpacks to more bytes than the zip directory says";
            return Err(Fault::hostile(&*self.member.name, reason));
        }
        self.hash.update(bytes);
        sink(bytes)
    }

    fn finish(self) -> Result<(), Fault> {
        if self.left > 0 || self.passed != self.member.size {
            return Err(self.damaged("its length differs from what the zip directory says"));
        }
        if self.hash.clone().finalize() != self.member.crc32 {
            return Err(self.damaged("its checksum does not match"));
        }
        Ok(())
    }

    fn damaged(&self, reason: impl Into<String>) -> Fault {
        Fault::damaged_at(&*self.member.name, reason)
    }
}
