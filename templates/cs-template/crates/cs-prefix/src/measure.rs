//! How much of the disk a prefix takes.

use std::collections::HashSet;
use std::fs::{DirEntry, Metadata};
use std::path::Path;

use crate::carry::CARRIED;
use crate::sys;

/// The bytes of all files in `prefix`, except in `envs` and `pkgs`. A file with several names in it counts once.
///
/// Follows no link and crosses no mount. What cannot be looked at does not count.
pub fn measure(prefix: &Path) -> u64 {
    let (mut bytes, mut seen) = (0, HashSet::new());
    let mut waiting = vec![prefix.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(&directory)
            .into_iter()
            .flatten()
            .flatten()
        {
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            if !metadata.is_dir() {
                bytes += count(&metadata, &mut seen);
            } else if !is_left_out(prefix, &directory, &entry) {
                waiting.push(entry.path());
            }
        }
    }
    bytes
}

fn is_left_out(prefix: &Path, directory: &Path, entry: &DirEntry) -> bool {
    let is_moved = directory == prefix && CARRIED.iter().any(|name| entry.file_name() == *name);
    is_moved || sys::is_mounted_at(&entry.path()).unwrap_or(true)
}

#[cfg(unix)]
fn count(metadata: &Metadata, seen: &mut HashSet<(u64, u64)>) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let is_new = metadata.nlink() < 2 || seen.insert((metadata.dev(), metadata.ino()));
    if is_new { metadata.len() } else { 0 }
}

#[cfg(not(unix))]
fn count(metadata: &Metadata, _seen: &mut HashSet<(u64, u64)>) -> u64 {
    metadata.len()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_count_and_those_of_other_environments_do_not() {
        let prefix = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("a", "12345"),
            ("lib/b", "123"),
            ("lib/envs/c", "1"),
            ("envs/d/e", "99"),
        ] {
            let path = prefix.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        assert_eq!(measure(prefix.path()), 9);
        fs::hard_link(prefix.path().join("a"), prefix.path().join("lib/a")).unwrap();
        assert_eq!(measure(prefix.path()), if cfg!(unix) { 9 } else { 14 });
        assert_eq!(measure(&prefix.path().join("absent")), 0);
    }
}
