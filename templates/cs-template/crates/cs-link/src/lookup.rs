//! Entries by their path, in a few bytes each.

use std::hash::{BuildHasher, RandomState};

use crate::paths::PathEntry;

/// Nothing is here.
const FREE: u32 = u32::MAX;

/// Finds entries of one list, which itself is not kept: a table of indices, half of it
/// free, searched from where a path's hash points to.
pub(crate) struct Lookup {
    slots: Vec<u32>,
    hasher: RandomState,
}

impl Lookup {
    /// Get to know `entries`. Of two with the same path the later one is found.
    pub(crate) fn new(entries: &[PathEntry]) -> Self {
        let mut lookup = Self {
            slots: vec![FREE; (2 * entries.len()).next_power_of_two()],
            hasher: RandomState::new(),
        };
        for (index, entry) in (0..).zip(entries) {
            let slot = lookup.slot(entries, &entry.source);
            lookup.slots[slot] = index;
        }
        lookup
    }

    /// The index of the entry with this path.
    pub(crate) fn find(&self, entries: &[PathEntry], path: &str) -> Option<usize> {
        let index = self.slots[self.slot(entries, path)];
        (index != FREE).then_some(index as usize)
    }

    /// Where the path's entry is, or would be.
    fn slot(&self, entries: &[PathEntry], path: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = self.hasher.hash_one(path) as usize & mask;
        loop {
            let index = self.slots[slot];
            if index == FREE || *entries[index as usize].source == *path {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::OldLists;
    use crate::paths::parse_old_lists;

    fn entries(count: usize) -> Vec<PathEntry> {
        let files: String = (0..count).map(|number| format!("d/{number}\n")).collect();
        let files = files.as_bytes();
        let lists = OldLists {
            files,
            ..OldLists::default()
        };
        parse_old_lists(&lists, count as u64).unwrap()
    }

    #[test]
    fn listed_names_are_found_and_no_others() {
        for count in [0, 1, 2, 3, 1000] {
            let entries = entries(count);
            let lookup = Lookup::new(&entries);
            for (index, entry) in entries.iter().enumerate() {
                assert_eq!(lookup.find(&entries, &entry.source), Some(index));
            }
            assert_eq!(lookup.find(&entries, "d/x"), None);
            assert_eq!(lookup.find(&entries, ""), None);
        }
    }

    #[test]
    fn of_two_with_one_path_the_later_one_is_found() {
        let mut entries = entries(2);
        entries[0].source = entries[1].source.clone();
        assert_eq!(Lookup::new(&entries).find(&entries, "d/1"), Some(1));
    }
}
