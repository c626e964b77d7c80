//! Where a package's entries are that are not, or not alone, where they belong.

use std::collections::HashMap;

use crate::clobber::fold;
use crate::maker::Made;

#[derive(Default)]
pub(super) struct Whereabouts {
    /// Entries that take the place of others of the package, in this order.
    superseding: Vec<usize>,
    /// Where entries are that are kept aside.
    aside: HashMap<usize, String>,
}

impl Whereabouts {
    /// Remember what is special about where an entry was made.
    pub(super) fn note<T>(&mut self, index: usize, made: &Made<T>) {
        if made.supersedes {
            self.superseding.push(index);
        }
        if let Some(place) = &made.aside {
            self.aside.insert(index, place.clone());
        }
    }

    /// Where an entry is that is kept aside.
    pub(super) fn aside(&self, index: usize) -> Option<&str> {
        self.aside.get(&index).map(String::as_str)
    }

    /// Which entries have the paths that several entries of the package want, which are folded.
    pub(super) fn find_holders<'p>(
        &self,
        path: impl Fn(usize) -> &'p str,
    ) -> HashMap<String, usize> {
        let folded = |&index: &usize| (fold(path(index)).into_owned(), index);
        self.superseding.iter().map(folded).collect()
    }
}
