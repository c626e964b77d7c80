//! What link scripts have left as it was.

use std::collections::HashSet;

use crate::clobber::{Claimant, Claims, Keys};

/// The paths that are there as they were before.
pub(crate) struct Untouched<'c> {
    claims: &'c Claims,
    keys: Keys,
}

impl<'c> Untouched<'c> {
    pub(crate) fn new(claims: &'c Claims) -> Self {
        Self {
            claims,
            keys: Keys::default(),
        }
    }

    /// Take in a path, relative to the prefix.
    pub(crate) fn add(&mut self, path: &str) {
        self.keys.insert(self.claims.key(path));
    }

    /// Whether a path is there as it was.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.keys.contains(&self.claims.key(path))
    }

    /// Whose files are not all there as they were.
    pub(crate) fn find_touched(&self) -> HashSet<Claimant> {
        self.claims.find_owners(|key| !self.keys.contains(&key))
    }
}
