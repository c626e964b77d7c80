//! Making files and links where several packages may want to.

use std::io;

use crate::aside::is_in_the_way;
use crate::clobber::{Claim, Claimant};
use crate::fault::Fault;
use crate::shared::{Shared, write_fault};
use crate::tree::Hand;

/// Makes files and links at paths that a claimant owns.
pub(crate) struct Maker<'a, 't> {
    pub(crate) shared: &'a Shared<'a>,
    pub(crate) hand: &'a mut Hand<'t>,
    pub(crate) claimant: Claimant,
}

/// Something that was made, and where it is for now.
pub(crate) struct Made<T> {
    pub(crate) made: T,
    /// Another place than the one it was made for, until all packages are there.
    pub(crate) aside: Option<String>,
    /// Whether it took the place of something that the claimant itself had made.
    pub(crate) supersedes: bool,
}

impl<T> Made<T> {
    fn in_place(made: T, supersedes: bool) -> Self {
        Self {
            made,
            aside: None,
            supersedes,
        }
    }
}

impl<'t> Maker<'_, 't> {
    /// Make something at `path`, in place of what a package with less right to it has put
    /// there. `None` when another has more right.
    ///
    /// `attempt` gets the path to make it at.
    pub(crate) fn make<T>(
        &mut self,
        path: &str,
        mut attempt: impl FnMut(&mut Hand<'t>, &str) -> io::Result<T>,
    ) -> Result<Option<Made<T>>, Fault> {
        let claim = self.shared.claims.claim(path, self.claimant);
        if claim == Claim::Refused {
            return Ok(None);
        }
        match attempt(self.hand, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.replace(path, claim, &mut attempt)
            }
            Err(error) => self.keep_aside(path, claim, error, &mut attempt).map(Some),
            Ok(made) => Ok(Some(Made::in_place(made, false))),
        }
    }

    /// The same, with no other claim in between: for what takes more than one step by name.
    pub(crate) fn make_owned<T>(
        &mut self,
        path: &str,
        mut attempt: impl FnMut(&mut Hand<'t>, &str) -> io::Result<T>,
    ) -> Result<Option<Made<T>>, Fault> {
        match self.shared.claims.claim(path, self.claimant) {
            Claim::Refused => Ok(None),
            claim => self.replace(path, claim, &mut attempt),
        }
    }

    /// Make something in place of what is there, while no other package can claim the path.
    ///
    /// Packages that claimed it before may still be about to put something there; each of them tries only once.
    fn replace<T>(
        &mut self,
        path: &str,
        claim: Claim,
        attempt: &mut dyn FnMut(&mut Hand<'t>, &str) -> io::Result<T>,
    ) -> Result<Option<Made<T>>, Fault> {
        let mut removed = false;
        let Self {
            shared,
            hand,
            claimant,
        } = self;
        let made = shared.claims.while_owned(path, *claimant, || {
            loop {
                match attempt(hand, path) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        hand.remove(path)?;
                        removed = true;
                    }
                    made => return made,
                }
            }
        });
        match made {
            None => Ok(None),
            Some(Ok(made)) => {
                let supersedes = removed && claim == Claim::Again;
                Ok(Some(Made::in_place(made, supersedes)))
            }
            Some(Err(error)) => self.keep_aside(path, claim, error, attempt).map(Some),
        }
    }

    /// Make it elsewhere for now, if what failed is that something of another kind is in the way.
    fn keep_aside<T>(
        &mut self,
        path: &str,
        claim: Claim,
        error: io::Error,
        attempt: &mut dyn FnMut(&mut Hand<'t>, &str) -> io::Result<T>,
    ) -> Result<Made<T>, Fault> {
        if !is_in_the_way(&error) || is_the_runtimes(path) {
            return Err(write_fault(self.shared, path, error));
        }
        let kept = self
            .shared
            .aside
            .keep(self.hand, path, self.claimant, attempt);
        let (made, place) = kept.map_err(|error| write_fault(self.shared, path, error))?;
        Ok(Made {
            made,
            aside: Some(place),
            supersedes: claim == Claim::Again,
        })
    }
}

/// Whether a path is one that this program needs for itself.
pub(crate) fn is_the_runtimes(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    first.eq_ignore_ascii_case("conda-meta")
}
