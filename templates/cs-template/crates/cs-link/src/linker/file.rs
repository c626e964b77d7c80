//! Regular files, with the prefix in place of the placeholder.

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
use crate::tree::set_modified;

impl Linker<'_, '_> {
    pub(super) fn place_file<R: io::Read>(
        &mut self,
        index: usize,
        entry: &Entry,
        tar: &mut TarReader<R>,
    ) -> Result<Outcome, Fault> {
        let target = target(self.entries, &self.targets, index);
        let mut maker = Maker {
            shared: self.shared,
            hand: self.hand,
            claimant: self.claimant,
        };
        let Some(mut file) = maker.make(target, |hand| hand.create_file(target, entry.mode))?
        else {
            return Ok(Outcome::Lost);
        };
        let placeholder = self.entries[index].placeholder.as_ref();
        let placeholder = placeholder.filter(|found| found.mode == FileMode::Text || cfg!(unix));
        let mut replacer =
            placeholder.map(|placeholder| Replacer::new(placeholder, self.shared.prefix));
        let wants_hash = replacer.is_some() || self.entries[index].sha256.is_none();
        let mut hash = wants_hash.then(|| digest::Context::new(&digest::SHA256));
        let (mut left, mut written) = (entry.size, 0);
        loop {
            if self.monitor.is_cancelled() {
                return Err(Fault::Cancelled);
            }
            let chunk = tar.chunk()?;
            left -= chunk.len() as u64;
            let bytes = match &mut replacer {
                None => chunk,
                Some(replacer) => {
                    self.out.clear();
                    replacer.push(chunk, left == 0, &mut self.out);
                    &self.out
                }
            };
            file.write_all(bytes)
                .map_err(|error| write_fault(self.shared, target, error))?;
            if let Some(hash) = &mut hash {
                hash.update(bytes);
            }
            written += bytes.len() as u64;
            if left == 0 {
                break;
            }
        }
        let modified = if replacer.is_some() {
            self.patched_time
        } else {
            Some(entry.modified)
        };
        set_modified(&file, modified).map_err(|error| write_fault(self.shared, target, error))?;
        drop(file);
        self.bytes += written;
        let mut outcome = Outcome::Done {
            kind: PathKind::File,
            size: written,
            sha256: hash.map(digest_bytes),
        };
        if placeholder.is_some_and(|found| found.mode == FileMode::Binary) {
            self.sign(index, entry, &mut outcome)?;
        }
        Ok(outcome)
    }

    /// Sign a program again that replacing has changed: macOS kills what is not signed as it stands.
    #[cfg(target_os = "macos")]
    fn sign(&mut self, index: usize, entry: &Entry, outcome: &mut Outcome) -> Result<(), Fault> {
        let path = target(self.entries, &self.targets, index);
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
    fn sign(&mut self, _: usize, _: &Entry, _: &mut Outcome) -> Result<(), Fault> {
        Ok(())
    }
}
