//! Making files and links where several packages may want to.
//!
//! A path is made once, by whichever package comes first, and stays as it is while packages are linked: what has more
//! right to it is kept [aside](crate::aside) until all have come. So no two threads ever write, remove or replace the
//! same file. Windows could not do that: a name that is removed stays taken for as long as anybody has the file open.

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
    /// Whether it is to take the place of something that the claimant itself has made.
    pub(crate) supersedes: bool,
}

impl<'t> Maker<'_, 't> {
    /// Make something at `path`, or aside if something is there already. `None` when another
    /// package has more right to the path.
    ///
    /// `attempt` gets the path to make it at.
    pub(crate) fn make<T>(
        &mut self,
        path: &str,
        attempt: impl FnMut(&mut Hand<'t>, &str) -> io::Result<T>,
    ) -> Result<Option<Made<T>>, Fault> {
        self.try_make(path, attempt)
            .map_err(|error| write_fault(self.shared, path, error))
    }

    /// The same, with the system's error.
    pub(crate) fn try_make<T>(
        &mut self,
        path: &str,
        mut attempt: impl FnMut(&mut Hand<'t>, &str) -> io::Result<T>,
    ) -> io::Result<Option<Made<T>>> {
        let claims = self.shared.claims;
        let claim = claims.claim(path, self.claimant);
        if claim == Claim::Refused {
            return Ok(None);
        }
        let (made, aside) = match attempt(self.hand, path) {
            Ok(made) => (made, None),
            Err(error) if !is_for_later(path, &error) => return Err(error),
            // A package with more right to it has come since.
            Err(_) if !claims.owns(path, self.claimant) => return Ok(None),
            Err(_) => self.keep_aside(path, &mut attempt)?,
        };
        let supersedes = aside.is_some() && claim == Claim::Again;
        Ok(Some(Made {
            made,
            aside,
            supersedes,
        }))
    }

    fn keep_aside<T>(
        &mut self,
        path: &str,
        attempt: &mut dyn FnMut(&mut Hand<'t>, &str) -> io::Result<T>,
    ) -> io::Result<(T, Option<String>)> {
        let aside = self.shared.aside;
        let (made, place) = aside.keep(self.hand, path, self.claimant, attempt)?;
        Ok((made, Some(place)))
    }
}

/// Whether all packages must be there to know what belongs at a path: something is there or in the way already.
fn is_for_later(path: &str, error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AlreadyExists || (is_in_the_way(error) && !is_the_runtimes(path))
}

/// Whether a path is one that this program needs for itself.
pub(crate) fn is_the_runtimes(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    first.eq_ignore_ascii_case("conda-meta")
}
