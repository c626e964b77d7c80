//! Hard links within an archive.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, Write};

use super::deferred::{Deferred, Origin};
use super::file::Chunks;
use super::{Linker, Outcome, target};
use crate::clean::{checked_path, clean_path, lossy};
use crate::container::Container;
use crate::fault::Fault;
use crate::limits::unpacked_limit;
use crate::maker::Maker;
use crate::paths::Placeholder;
use crate::shared::{Shared, write_fault};
use crate::tar::{Entry, Kind, TarReader};
use crate::tree::Hand;

const BUFFER_BYTES: usize = 128 * 1024;

impl Linker<'_, '_> {
    /// Link to a file of the same package if it is there and would hold the same bytes, else copy it later.
    pub(super) fn place_hard_link(
        &mut self,
        index: usize,
        path: &str,
        entry: &Entry,
    ) -> Result<Outcome, Fault> {
        let source = clean_path(&entry.link).map_err(|reason| {
            Fault::hostile(
                path,
                format!("it is a hard link to {:?}: {reason}", lossy(&entry.link)),
            )
        })?;
        let source = match self.lookup.find(self.entries, &source) {
            // A name that is itself a hard link means the file that it leads to:
            // only that one has bytes in the archive.
            Some(listed) => match self.aliases.get(&listed) {
                Some(origin) => origin.clone(),
                None => Origin::Listed(listed),
            },
            None => Origin::Other(source),
        };
        self.aliases.insert(index, source.clone());
        if let Origin::Listed(existing) = source
            && let Some(outcome) = self.link_to_same(index, existing)?
        {
            return Ok(outcome);
        }
        self.deferred.push(Deferred { source, index });
        Ok(Outcome::Unseen)
    }

    /// Link to an entry if it is in place with the bytes that this one is to have.
    fn link_to_same(&mut self, index: usize, existing: usize) -> Result<Option<Outcome>, Fault> {
        let is_same = matches!(self.outcomes[existing], Outcome::Done { .. })
            && self.entries[existing].placeholder == self.entries[index].placeholder;
        if is_same {
            self.link_to(index, existing)
        } else {
            Ok(None)
        }
    }

    /// Give an entry that is there a second name; `None` when it cannot be linked to.
    fn link_to(&mut self, index: usize, existing: usize) -> Result<Option<Outcome>, Fault> {
        let new = target(self.entries, &self.targets, index);
        let aside = self.whereabouts.aside(existing);
        let old = aside.unwrap_or_else(|| target(self.entries, &self.targets, existing));
        let mut maker = Maker {
            shared: self.shared,
            hand: self.hand,
            claimant: self.claimant,
        };
        match maker.try_make(new, |hand, at| hand.create_hard_link(at, old)) {
            Ok(None) => Ok(Some(Outcome::Lost)),
            Ok(Some(made)) => {
                self.whereabouts.note(index, &made);
                Ok(Some(self.outcomes[existing]))
            }
            Err(error) if can_copy_instead(&error) => Ok(None),
            Err(error) => Err(write_fault(self.shared, new, error)),
        }
    }

    /// Copy the hard links that could not be linked, reading the archive once more, however many there are.
    pub(crate) fn unpack_deferred(&mut self, container: &Container) -> Result<(), Fault> {
        let mut wanted: HashMap<String, Vec<usize>> = HashMap::new();
        for Deferred { source, index } in std::mem::take(&mut self.deferred) {
            let source = match source {
                Origin::Listed(listed) => self.entries[listed].source.to_string(),
                Origin::Other(path) => path,
            };
            wanted.entry(source).or_default().push(index);
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let mut tar = container.payload()?;
        tar.set_limit(unpacked_limit(self.entries, container.len()));
        while let Some(entry) = tar.next_entry()? {
            let path = checked_path(&entry)?;
            if !matches!(entry.kind, Kind::File | Kind::SymbolicLink) {
                continue;
            }
            let Some(copies) = wanted.remove(&path) else {
                continue;
            };
            match entry.kind {
                Kind::File => self.copy(&path, &copies, &entry, &mut tar)?,
                _ => {
                    for index in copies {
                        self.outcomes[index] = self.place_symlink(index, &entry)?;
                    }
                }
            }
            if wanted.is_empty() {
                return Ok(());
            }
        }
        Err(self.missing_source(&wanted))
    }

    fn missing_source(&self, wanted: &HashMap<String, Vec<usize>>) -> Fault {
        let first = wanted
            .iter()
            .min_by_key(|(_, copies)| copies.first().copied());
        let (source, index) = first.map_or(("", 0), |(source, copies)| (source, copies[0]));
        let reason = format!("it is a hard link to {source:?}, which is not in the archive");
        Fault::damaged_at(&*self.entries[index].source, reason)
    }

    /// Write an entry of the archive under other names: once for each placeholder, where
    /// the file system has hard links.
    fn copy<R: Read>(
        &mut self,
        source: &str,
        copies: &[usize],
        entry: &Entry,
        tar: &mut TarReader<R>,
    ) -> Result<(), Fault> {
        if let &[index] = copies {
            return self.copy_one(index, entry, tar);
        }
        let mut spool = Spool::fill(self.shared, self.hand, tar)?;
        let mut versions: HashMap<Option<Placeholder>, usize> = HashMap::new();
        if let Some(listed) = self.lookup.find(self.entries, source) {
            versions.insert(self.entries[listed].placeholder.clone(), listed);
        }
        for &index in copies {
            let placeholder = &self.entries[index].placeholder;
            if let Some(&existing) = versions.get(placeholder)
                && let Some(outcome) = self.link_to_same(index, existing)?
            {
                self.outcomes[index] = outcome;
                continue;
            }
            versions.insert(placeholder.clone(), index);
            spool.rewind()?;
            self.copy_one(index, entry, &mut spool)?;
        }
        Ok(())
    }

    fn copy_one(
        &mut self,
        index: usize,
        entry: &Entry,
        bytes: &mut impl Chunks,
    ) -> Result<(), Fault> {
        let path = &self.entries[index].source;
        self.spending.unpack(path, entry.size)?;
        self.outcomes[index] = self.place_file(index, entry, bytes)?;
        Ok(())
    }
}

/// An entry's bytes for several readings, in a file without a name.
struct Spool<'a> {
    shared: &'a Shared<'a>,
    file: File,
    buffer: Box<[u8]>,
}

impl<'a> Spool<'a> {
    fn fill(
        shared: &'a Shared<'a>,
        hand: &mut Hand,
        bytes: &mut impl Chunks,
    ) -> Result<Self, Fault> {
        let fault = |error| write_fault(shared, "conda-meta", error);
        let mut file = shared.aside.make_nameless(hand).map_err(fault)?;
        loop {
            let chunk = bytes.chunk()?;
            if chunk.is_empty() {
                break;
            }
            file.write_all(chunk).map_err(fault)?;
        }
        Ok(Self {
            shared,
            file,
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
        })
    }

    fn rewind(&mut self) -> Result<(), Fault> {
        self.file
            .rewind()
            .map_err(|error| write_fault(self.shared, "conda-meta", error))
    }
}

impl Chunks for Spool<'_> {
    fn chunk(&mut self) -> Result<&[u8], Fault> {
        let count = self
            .file
            .read(&mut self.buffer)
            .map_err(|error| write_fault(self.shared, "conda-meta", error))?;
        Ok(&self.buffer[..count])
    }
}

fn can_copy_instead(error: &io::Error) -> bool {
    use io::ErrorKind::{PermissionDenied, TooManyLinks, Unsupported};
    matches!(error.kind(), Unsupported | PermissionDenied | TooManyLinks)
}
