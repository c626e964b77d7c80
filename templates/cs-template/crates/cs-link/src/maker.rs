//! Making files and links where several packages may want to.

use std::io;

use crate::clobber::Claimant;
use crate::fault::Fault;
use crate::shared::{Shared, write_fault};
use crate::tree::Hand;

/// Makes files and links at paths that a claimant owns.
pub(crate) struct Maker<'a, 't> {
    pub(crate) shared: &'a Shared<'a>,
    pub(crate) hand: &'a mut Hand<'t>,
    pub(crate) claimant: Claimant,
}

impl<'t> Maker<'_, 't> {
    /// Make something at `path`, in place of what a package with less right to it has put there. `None` when another has more right.
    pub(crate) fn make<T>(
        &mut self,
        path: &str,
        mut attempt: impl FnMut(&mut Hand<'t>) -> io::Result<T>,
    ) -> Result<Option<T>, Fault> {
        if !self.shared.claims.claim(path, self.claimant) {
            return Ok(None);
        }
        match attempt(self.hand) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.replace(path, attempt)
            }
            made => made
                .map(Some)
                .map_err(|error| write_fault(self.shared, path, error)),
        }
    }

    /// The same, with no other claim in between: for what takes more than one step by name.
    pub(crate) fn make_owned<T>(
        &mut self,
        path: &str,
        attempt: impl FnMut(&mut Hand<'t>) -> io::Result<T>,
    ) -> Result<Option<T>, Fault> {
        if !self.shared.claims.claim(path, self.claimant) {
            return Ok(None);
        }
        self.replace(path, attempt)
    }

    /// Make something in place of what is there, while nobody else can claim the path.
    ///
    /// Those who claimed it before may still be about to put something there; each of them tries only once.
    fn replace<T>(
        &mut self,
        path: &str,
        mut attempt: impl FnMut(&mut Hand<'t>) -> io::Result<T>,
    ) -> Result<Option<T>, Fault> {
        let Self {
            shared,
            hand,
            claimant,
        } = self;
        let made = shared.claims.while_owned(path, *claimant, || {
            loop {
                match attempt(hand) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        hand.remove(path)?
                    }
                    made => return made,
                }
            }
        });
        made.transpose()
            .map_err(|error| write_fault(shared, path, error))
    }
}
