//! A law of linking: what is made at a path stays until all packages have come. So no two threads write one path.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// How much of a file is compared: one that is being written grows at its end.
const START_BYTES: u64 = 64;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Directory,
    Link(PathBuf),
    /// How it starts.
    File(Vec<u8>),
}

impl Seen {
    fn look(path: &Path) -> Self {
        let kind = path.symlink_metadata().unwrap().file_type();
        if kind.is_dir() {
            return Self::Directory;
        }
        if kind.is_symlink() {
            return Self::Link(path.read_link().unwrap());
        }
        let mut start = Vec::new();
        let file = std::fs::File::open(path).unwrap();
        file.take(START_BYTES).read_to_end(&mut start).unwrap();
        Self::File(start)
    }

    fn may_become(&self, later: &Self) -> bool {
        match (self, later) {
            (Self::File(before), Self::File(after)) => after.starts_with(before),
            _ => self == later,
        }
    }
}

/// Looks at a staging directory again and again while packages come.
pub struct Witness {
    staging: PathBuf,
    seen: Mutex<BTreeMap<PathBuf, Seen>>,
}

impl Witness {
    pub fn new(staging: PathBuf) -> Self {
        Self {
            staging,
            seen: Mutex::default(),
        }
    }

    /// Compare what is there with what was there, but for what the linker keeps for itself.
    pub fn look(&self) {
        let mut seen = self.seen.lock().unwrap();
        for (path, before) in seen.iter() {
            let now = Seen::look(path);
            assert!(
                before.may_become(&now),
                "{}: {before:?}, then {now:?}",
                path.display()
            );
        }
        let mut directories = vec![self.staging.clone()];
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(&directory).unwrap() {
                let path = entry.unwrap().path();
                if path == self.staging.join("conda-meta") {
                    continue;
                }
                let now = Seen::look(&path);
                if now == Seen::Directory {
                    directories.push(path.clone());
                }
                seen.insert(path, now);
            }
        }
    }
}
