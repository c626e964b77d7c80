//! Regular files, with the prefix in place of the placeholder.

use std::fs::File;
use std::io::{self, Write};

use ring::digest;

use super::{Linker, Outcome, target};
use crate::fault::Fault;
use crate::input::digest_bytes;
use crate::maker::Maker;
use crate::paths::FileMode;
use crate::placeholder::Replacer;
use crate::record::PathKind;
use crate::shared::write_fault;
use crate::tar::{Entry, TarReader};
use crate::tree::{set_modified, start_writing};

/// What a file's bytes go through on their way from the archive.
struct Filter {
    replacer: Option<Replacer>,
    hash: Option<digest::Context>,
    out: Vec<u8>,
}

impl Filter {
    /// The bytes to write for a chunk of the archive's.
    fn pass<'a>(&'a mut self, chunk: &'a [u8], last: bool) -> &'a [u8] {
        let bytes = match &mut self.replacer {
            None => chunk,
            Some(replacer) => {
                self.out.clear();
                replacer.push(chunk, last, &mut self.out);
                &self.out
            }
        };
        if let Some(hash) = &mut self.hash {
            hash.update(bytes);
        }
        bytes
    }
}

impl Linker<'_, '_> {
    /// Write a file of the archive, if no other package has more right to its path.
    pub(super) fn place_file<R: io::Read>(
        &mut self,
        index: usize,
        entry: &Entry,
        tar: &mut TarReader<R>,
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
        let mut file = made.made;
        let listed = &self.entries[index];
        // As conda does it: Windows finds libraries in other ways than by paths in binaries.
        let placeholder = listed
            .placeholder
            .as_ref()
            .filter(|found| found.mode == FileMode::Text || cfg!(unix));
        let replacer =
            placeholder.map(|placeholder| Replacer::new(placeholder, self.shared.prefix));
        let is_misstated = listed.size.is_some_and(|stated| stated != entry.size);
        let wants_hash = replacer.is_some() || listed.sha256.is_none() || is_misstated;
        let hash = wants_hash.then(|| digest::Context::new(&digest::SHA256));
        let mut filter = Filter {
            replacer,
            hash,
            out: Vec::new(),
        };
        let size = self.stream(path, entry.size, tar, &mut filter, &mut file)?;
        let modified = if placeholder.is_some() {
            self.patched_time
        } else {
            Some(entry.modified)
        };
        // A file system that cannot hold the time is no reason to fail.
        let _ = set_modified(&file, modified);
        start_writing(&file, size);
        drop(file);
        self.bytes += size;
        let mut outcome = Outcome::Done {
            kind: PathKind::File,
            size,
            sha256: filter.hash.map(digest_bytes),
        };
        if placeholder.is_some_and(|found| found.mode == FileMode::Binary) {
            let place = made.aside.as_deref().unwrap_or(path).to_owned();
            self.sign(index, &place, entry, &mut outcome)?;
        }
        Ok(outcome)
    }

    /// Pass an entry's bytes on to a file; how many are written.
    fn stream<R: io::Read>(
        &self,
        path: &str,
        mut left: u64,
        tar: &mut TarReader<R>,
        filter: &mut Filter,
        file: &mut File,
    ) -> Result<u64, Fault> {
        let mut written = 0;
        loop {
            if self.monitor.is_cancelled() {
                return Err(Fault::Cancelled);
            }
            let chunk = tar.chunk()?;
            left -= chunk.len() as u64;
            let bytes = filter.pass(chunk, left == 0);
            file.write_all(bytes)
                .map_err(|error| write_fault(self.shared, path, error))?;
            written += bytes.len() as u64;
            if left == 0 {
                return Ok(written);
            }
        }
    }

    /// Sign a program again that replacing has changed: macOS kills what is not signed as it stands.
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
