//! Regular files, with the prefix in place of the placeholder.

use std::fs::File;
use std::io::{Read, Write};

use cs_archive::Sha256;

use super::{Linker, Outcome, target};
use crate::fault::Fault;
use crate::input::Monitor;
use crate::limits::Spending;
use crate::maker::Maker;
use crate::paths::FileMode;
use crate::placeholder::Replacer;
use crate::record::PathKind;
use crate::shared::{Shared, write_fault};
use crate::tar::{Entry, TarReader};
use crate::tree::{set_modified, start_writing};

/// Gives out the bytes of one file, a piece at a time.
pub(super) trait Chunks {
    /// The next bytes; empty at the end.
    fn chunk(&mut self) -> Result<&[u8], Fault>;
}

impl<R: Read> Chunks for TarReader<R> {
    fn chunk(&mut self) -> Result<&[u8], Fault> {
        TarReader::chunk(self)
    }
}

/// As much text is taken at once as may become much longer by the prefix.
const GROWING_PIECE_BYTES: usize = 4 * 1024;

/// A file that is being written, and what its bytes go through on their way from the archive.
struct Writing<'w> {
    shared: &'w Shared<'w>,
    monitor: &'w Monitor<'w>,
    spending: &'w mut Spending,
    path: &'w str,
    file: File,
    replacer: Option<Replacer>,
    /// Most bytes to pass through at once.
    piece_bytes: usize,
    hash: Option<Sha256>,
    out: Vec<u8>,
    written: u64,
    /// Bytes by which it has become longer.
    added: u64,
}

impl Writing<'_> {
    /// Write a file of `size` bytes.
    fn take_all(&mut self, size: u64, bytes: &mut impl Chunks) -> Result<(), Fault> {
        let mut taken = 0;
        while taken < size {
            if self.monitor.is_cancelled() {
                return Err(Fault::Cancelled);
            }
            let chunk = bytes.chunk()?;
            if chunk.is_empty() {
                return Err(Fault::damaged_at(self.path, "it is cut short"));
            }
            for piece in chunk.chunks(self.piece_bytes) {
                taken += piece.len() as u64;
                self.take(piece, taken, taken == size)?;
            }
        }
        if size == 0 {
            self.take(b"", 0, true)?;
        }
        Ok(())
    }

    /// Write the next piece; with it `taken` bytes have come.
    fn take(&mut self, piece: &[u8], taken: u64, last: bool) -> Result<(), Fault> {
        let bytes = match &mut self.replacer {
            None => piece,
            Some(replacer) => {
                self.out.clear();
                replacer.push(piece, last, &mut self.out);
                &self.out
            }
        };
        if let Some(hash) = &mut self.hash {
            hash.update(bytes);
        }
        self.written += bytes.len() as u64;
        let added = self.written.saturating_sub(taken);
        if added > self.added {
            self.spending.add(self.path, added - self.added)?;
            self.added = added;
        }
        self.file
            .write_all(bytes)
            .map_err(|error| write_fault(self.shared, self.path, error))
    }
}

impl Linker<'_, '_> {
    /// Write a file of the archive, if no other package has more right to its path.
    pub(super) fn place_file(
        &mut self,
        index: usize,
        entry: &Entry,
        bytes: &mut impl Chunks,
    ) -> Result<Outcome, Fault> {
        let path = target(self.entries, &self.targets, index);
        let mut maker = Maker {
            shared: self.shared,
            hand: self.hand,
            claimant: self.claimant,
        };
        let Some(made) = maker.make(path, |hand, at| hand.create_file(at, entry.mode))? else {
            return Ok(Outcome::Lost);
        };
        self.whereabouts.note(index, &made);
        let listed = &self.entries[index];
        // As conda does it: Windows finds libraries in other ways than by paths in binaries.
        let placeholder = listed
            .placeholder
            .as_ref()
            .filter(|found| found.mode == FileMode::Text || cfg!(unix));
        let prefix = self.shared.prefix;
        let grows = placeholder.is_some_and(|found| found.text.len() < prefix.len());
        let is_misstated = listed.size.is_some_and(|stated| stated != entry.size);
        let wants_hash = placeholder.is_some() || listed.sha256.is_none() || is_misstated;
        let mut writing = Writing {
            shared: self.shared,
            monitor: self.monitor,
            spending: &mut self.spending,
            path,
            file: made.made,
            replacer: placeholder.map(|placeholder| Replacer::new(placeholder, prefix)),
            piece_bytes: if grows {
                GROWING_PIECE_BYTES
            } else {
                usize::MAX
            },
            hash: wants_hash.then(Sha256::new),
            out: Vec::new(),
            written: 0,
            added: 0,
        };
        writing.take_all(entry.size, bytes)?;
        let Writing {
            file,
            hash,
            written,
            ..
        } = writing;
        let modified = match placeholder {
            Some(_) => self.patched_time,
            None => Some(entry.modified),
        };
        // A file system that cannot store the time is not a reason to fail.
        let _ = set_modified(&file, modified);
        start_writing(&file, written);
        drop(file);
        self.bytes += written;
        let mut outcome = Outcome::Done {
            kind: PathKind::File,
            size: written,
            sha256: hash.map(Sha256::finish),
        };
        if placeholder.is_some_and(|found| found.mode == FileMode::Binary) {
            let place = made.aside.as_deref().unwrap_or(path).to_owned();
            self.sign(index, &place, entry, &mut outcome)?;
        }
        Ok(outcome)
    }

    /// Sign a program again after replacing has changed it: macOS kills a program whose signature does not match.
    #[cfg(target_os = "macos")]
    fn sign(
        &mut self,
        index: usize,
        path: &str,
        entry: &Entry,
        outcome: &mut Outcome,
    ) -> Result<(), Fault> {
        let changed =
            |sha256: &Option<[u8; 32]>| sha256.is_some() && *sha256 != self.entries[index].sha256;
        if let Outcome::Done { size, sha256, .. } = outcome
            && changed(sha256)
            && crate::codesign::needs_signature(self.hand, path, entry.mode)
        {
            (*size, *sha256) =
                crate::codesign::sign(self.hand, &self.shared.tree.full_path(path), path)
                    .map(|(size, sha256)| (size, Some(sha256)))?;
        }
        Ok(())
    }

    /// Nothing to sign on this system.
    #[cfg(not(target_os = "macos"))]
    fn sign(&mut self, _: usize, _: &str, _: &Entry, _: &mut Outcome) -> Result<(), Fault> {
        Ok(())
    }
}
