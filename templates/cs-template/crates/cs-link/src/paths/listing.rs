//! Paths of a package as they are read, and how many there may be.

use std::collections::HashSet;
use std::rc::Rc;

use super::entry::PathEntry;
use crate::fault::Fault;
use crate::limits::{LONGEST_PATHS, LONGEST_PLACEHOLDER, too_many};

/// Placeholders are the same for most files of a package: keep one copy of each.
#[derive(Default)]
pub(super) struct Placeholders(HashSet<Rc<str>>);

impl Placeholders {
    pub(super) fn intern(&mut self, text: &str) -> Result<Rc<str>, Fault> {
        if text.len() > LONGEST_PLACEHOLDER {
            return Err(Fault::hostile(
                "info/",
                "a placeholder is longer than 4096 bytes",
            ));
        }
        if text.contains('\0') {
            return Err(Fault::hostile("info/", "a placeholder contains a NUL"));
        }
        if let Some(known) = self.0.get(text) {
            return Ok(Rc::clone(known));
        }
        let text: Rc<str> = Rc::from(text);
        self.0.insert(Rc::clone(&text));
        Ok(text)
    }
}

/// Path entries as they are read, of which there may not be more than `most`.
pub(super) struct Listing {
    pub(super) entries: Vec<PathEntry>,
    pub(super) placeholders: Placeholders,
    most: u64,
    path_bytes: usize,
}

impl Listing {
    pub(super) fn new(most: u64) -> Self {
        Self {
            entries: Vec::new(),
            placeholders: Placeholders::default(),
            most,
            path_bytes: 0,
        }
    }

    pub(super) fn add(&mut self, entry: PathEntry) -> Result<(), Fault> {
        self.path_bytes += entry.source.len();
        if self.path_bytes > LONGEST_PATHS {
            return Err(Fault::hostile(
                "info/",
                "its paths add up to more than 64 MiB",
            ));
        }
        if self.entries.len() as u64 >= self.most {
            return Err(Fault::hostile("info/", too_many(self.most)));
        }
        self.entries.push(entry);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::LONGEST_PATH;
    use crate::paths::{OldLists, parse_old_lists, parse_paths_json};

    #[test]
    fn a_list_of_too_many_paths_is_refused() {
        let list = |count| {
            format!(
                r#"{{"paths": [{}]}}"#,
                vec![r#"{"\u005fpath": "a"}"#; count].join(",")
            )
        };
        assert_eq!(parse_paths_json(list(5).as_bytes(), 5).unwrap().len(), 5);
        let fault = parse_paths_json(list(6).as_bytes(), 5).unwrap_err();
        assert!(
            format!("{fault:?}").contains("more than 5 files"),
            "{fault:?}"
        );
        for files in ["a\nb\nc\nd\ne\n", "\n\n\n\n\n", "a\nb\nc\nd\ne"] {
            let lists = OldLists {
                files: files.as_bytes(),
                ..OldLists::default()
            };
            let fault = parse_old_lists(&lists, 4).unwrap_err();
            assert!(matches!(fault, Fault::Hostile { .. }));
        }
    }

    #[test]
    fn paths_that_add_up_to_too_much_are_refused() {
        let path = "p".repeat(LONGEST_PATH);
        let list = |count| {
            format!(
                r#"{{"paths": [{}]}}"#,
                vec![format!(r#"{{"_path": "{path}"}}"#); count].join(",")
            )
        };
        let most = LONGEST_PATHS / LONGEST_PATH;
        assert_eq!(
            parse_paths_json(list(most).as_bytes(), 1 << 20)
                .unwrap()
                .len(),
            most
        );
        let fault = parse_paths_json(list(most + 1).as_bytes(), 1 << 20).unwrap_err();
        assert!(format!("{fault:?}").contains("64 MiB"), "{fault:?}");
    }

    #[test]
    fn a_placeholder_is_at_most_as_long_as_a_path() {
        let list = |length| {
            let text = "p".repeat(length);
            format!(
                r#"{{"paths": [{{"_path": "a", "prefix_placeholder": "{text}", "file_mode": "text"}}]}}"#
            )
        };
        assert!(parse_paths_json(list(4096).as_bytes(), 1).is_ok());
        let fault = parse_paths_json(list(4097).as_bytes(), 1).unwrap_err();
        assert!(matches!(fault, Fault::Hostile { .. }));
    }
}
