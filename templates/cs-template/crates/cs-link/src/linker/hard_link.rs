//! Hard links within an archive.

use std::io;

use super::{Deferred, Linker, Outcome, target};
use crate::aside::is_in_the_way;
use crate::container::Container;
use crate::fault::Fault;
use crate::package::unpacked_limit;
use crate::paths::clean_path;
use crate::shared::{checked_path, lossy, write_fault};
use crate::tar::{Entry, Kind};

impl Linker<'_, '_> {
    /// Link to a file of the same package if it is still there and would hold the same bytes, else copy it later.
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
        // A name that is itself a hard link stands for the file that it leads to: only that one has bytes in the archive.
        let source = self.aliases.get(&source).cloned().unwrap_or(source);
        self.aliases.insert(path.to_owned(), source.clone());
        let known = self
            .by_source
            .get(source.as_str())
            .copied()
            .filter(|&existing| {
                matches!(self.outcomes[existing], Outcome::Done { .. })
                    && self.entries[existing].placeholder == self.entries[index].placeholder
            });
        if let Some(outcome) = known
            .map(|existing| self.link_to(index, existing))
            .transpose()?
            .flatten()
        {
            return Ok(outcome);
        }
        self.deferred.push(Deferred { source, index });
        Ok(Outcome::Unseen)
    }

    /// Give an entry that is in place a second name; `None` when it is no longer this package's, or cannot be linked to.
    fn link_to(&mut self, index: usize, existing: usize) -> Result<Option<Outcome>, Fault> {
        let (shared, claimant) = (self.shared, self.claimant);
        let new = target(self.entries, &self.targets, index);
        let old = target(self.entries, &self.targets, existing);
        if !shared.claims.claim(new, claimant) {
            return Ok(Some(Outcome::Lost));
        }
        loop {
            // While the old name is held nobody can put another file there; the two names may not be held together.
            let error = match shared
                .claims
                .while_owned(old, claimant, || self.hand.create_hard_link(new, old))
            {
                None => return Ok(None),
                Some(Ok(())) => return Ok(Some(self.outcomes[existing])),
                Some(Err(error)) => error,
            };
            if can_copy_instead(&error) {
                return Ok(None);
            }
            if error.kind() != io::ErrorKind::AlreadyExists {
                return Err(write_fault(shared, new, error));
            }
            match shared
                .claims
                .while_owned(new, claimant, || self.hand.remove(new))
            {
                None => return Ok(Some(Outcome::Lost)),
                Some(Err(error)) if is_in_the_way(&error) => return Ok(None),
                Some(removed) => removed.map_err(|error| write_fault(shared, new, error))?,
            }
        }
    }

    /// Copy the hard links that could not be linked, reading the archive again: one copy of each source a time.
    pub(crate) fn unpack_deferred(&mut self, container: &Container) -> Result<(), Fault> {
        while !self.deferred.is_empty() {
            let before = self.deferred.len();
            let mut tar = container.payload()?;
            tar.set_limit(unpacked_limit(self.entries, container.len()));
            while let Some(entry) = tar.next_entry()? {
                let path = checked_path(&entry)?;
                if !matches!(entry.kind, Kind::File | Kind::SymbolicLink) {
                    continue;
                }
                if let Some(at) = self
                    .deferred
                    .iter()
                    .position(|deferred| deferred.source == path)
                {
                    let index = self.deferred.swap_remove(at).index;
                    self.outcomes[index] = match entry.kind {
                        Kind::File => self.place_file(index, &entry, &mut tar)?,
                        _ => self.place_symlink(index, &entry)?,
                    };
                }
            }
            if self.deferred.len() == before {
                let Deferred { source, index } = &self.deferred[0];
                let reason =
                    format!("it is a hard link to {source:?}, which the archive does not hold");
                return Err(Fault::damaged_at(
                    self.entries[*index].source.as_str(),
                    reason,
                ));
            }
        }
        Ok(())
    }
}

/// Also where one of the two is kept aside, and something else is at its path.
fn can_copy_instead(error: &io::Error) -> bool {
    use io::ErrorKind::{NotFound, PermissionDenied, TooManyLinks, Unsupported};
    is_in_the_way(error)
        || matches!(
            error.kind(),
            NotFound | Unsupported | PermissionDenied | TooManyLinks
        )
}
