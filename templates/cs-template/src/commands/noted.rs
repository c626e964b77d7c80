//! What has been said of a prefix, so that it is said once.
//!
//! The note is in the prefix, and goes with it. One that a crash has cut short is another one, and is written again.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use cs_file::Links;
use cs_prefix::OWN_FILES;

/// Longer files are not this module's.
const LIMIT_BYTES: u64 = 1 << 16;
/// The file's name.
const NAME: &str = "said";

/// Whether this runtime says something new about the prefix, and then remember it. Where nothing can be remembered,
/// all is new.
pub fn is_new(prefix: &Path, stamp: &str, message: &str) -> bool {
    let path = prefix.join(OWN_FILES).join(NAME);
    let text = format!("{stamp}\n{message}\n");
    let found = cs_file::read(&path, Links::Refused, LIMIT_BYTES);
    if found.is_ok_and(|found| found == text.as_bytes()) {
        return false;
    }
    // A prefix that may not be written to is one of the reasons for a note.
    let _ = replace(&path, &text);
    true
}

/// What is there is removed, never followed or written to.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_not_new_until_something_else_is_said() {
        let prefix = tempfile::tempdir().unwrap();
        let is_new = |stamp, message| is_new(prefix.path(), stamp, message);
        assert!(is_new("aa", "kept"));
        assert!(!is_new("aa", "kept"));
        assert!(is_new("bb", "kept"));
        assert!(is_new("bb", "kept for another reason"));
        assert!(is_new("aa", "kept"));
    }

    #[test]
    fn half_a_note_is_none() {
        let prefix = tempfile::tempdir().unwrap();
        assert!(is_new(prefix.path(), "aa", "kept"));
        let path = prefix.path().join(OWN_FILES).join(NAME);
        fs::write(&path, "aa\nke").unwrap();
        assert!(is_new(prefix.path(), "aa", "kept"));
        assert!(!is_new(prefix.path(), "aa", "kept"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_replaced_and_not_followed() {
        let prefix = tempfile::tempdir().unwrap();
        let target = prefix.path().join("target");
        fs::write(&target, "aa\nkept\n").unwrap();
        fs::create_dir_all(prefix.path().join(OWN_FILES)).unwrap();
        std::os::unix::fs::symlink(&target, prefix.path().join(OWN_FILES).join(NAME)).unwrap();
        assert!(is_new(prefix.path(), "aa", "kept"));
        assert_eq!(fs::read_to_string(&target).unwrap(), "aa\nkept\n");
        assert!(!is_new(prefix.path(), "aa", "kept"));
    }
}
