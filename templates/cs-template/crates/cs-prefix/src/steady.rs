//! Looks that take a while, at a prefix that another process may exchange meanwhile.
//!
//! Who does not hold the claim may list the records of one prefix and read those of the next, or find none where
//! prefixes are exchanged in two steps.

use std::path::Path;

use crate::sys;

/// How often to look: each time takes another exchange, and so another installation.
const MOST_LOOKS: u32 = 10;

/// Look at what is in a directory, and again if another directory was in its place when the look ended.
///
/// What the last look finds counts, be it an error.
pub fn look_steadily<T>(directory: &Path, mut look: impl FnMut() -> T) -> T {
    let mut before = sys::identify(directory);
    for _ in 1..MOST_LOOKS {
        let found = look();
        let after = sys::identify(directory);
        if after == before {
            return found;
        }
        before = after;
    }
    look()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_look_ends_at_the_directory_that_it_began_with() {
        let place = tempfile::tempdir().unwrap();
        let [prefix, next, away] = ["prefix", "next", "away"].map(|name| place.path().join(name));
        for (directory, record) in [(&prefix, "old"), (&next, "new")] {
            fs::create_dir(directory).unwrap();
            fs::write(directory.join(record), "").unwrap();
        }
        let mut looks = 0;
        let found = look_steadily(&prefix, || {
            looks += 1;
            let names: Vec<_> = fs::read_dir(&prefix).unwrap().collect();
            let name = names[0].as_ref().unwrap().file_name();
            if looks == 1 {
                fs::rename(&prefix, &away).unwrap();
                fs::rename(&next, &prefix).unwrap();
            }
            fs::read(prefix.join(&name)).map(|_| name)
        });
        assert_eq!(found.unwrap(), "new");
        assert_eq!(looks, 2);
    }

    #[test]
    fn a_directory_that_comes_during_a_look_is_looked_at() {
        let place = tempfile::tempdir().unwrap();
        let prefix = place.path().join("prefix");
        let found = look_steadily(&prefix, || {
            let is_there = prefix.is_dir();
            let _ = fs::create_dir(&prefix);
            is_there
        });
        assert!(found);
    }

    #[test]
    fn a_look_at_what_is_never_the_same_ends() {
        let place = tempfile::tempdir().unwrap();
        let prefix = place.path().join("prefix");
        let mut looks = 0;
        look_steadily(&prefix, || {
            looks += 1;
            if prefix.exists() {
                fs::remove_dir(&prefix).unwrap();
            } else {
                fs::create_dir(&prefix).unwrap();
            }
        });
        assert_eq!(looks, MOST_LOOKS);
    }
}
