//! Copy a directory tree as it is: links, hard links, modes, times and owners included.

use std::collections::HashMap;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::PrefixError;
use crate::sys;

/// Asked before each file; its error ends the copying.
pub(crate) type Check<'a> = &'a dyn Fn() -> Result<(), PrefixError>;

/// One copying of one or more trees; hard links between them stay such.
pub(crate) struct Copying<'a> {
    check: Check<'a>,
    /// Files of several names, and what the first of them was copied to.
    linked: HashMap<(u64, u64), PathBuf>,
}

impl<'a> Copying<'a> {
    /// Copy until `check` fails.
    pub fn new(check: Check<'a>) -> Self {
        Self {
            check,
            linked: HashMap::new(),
        }
    }

    /// Copy the directory `from` to `to`, which is made if it is not there, without the entries called `left_out`.
    pub fn copy_directory(
        &mut self,
        from: &Path,
        to: &Path,
        left_out: &[&str],
    ) -> Result<(), PrefixError> {
        let fail = |source| PrefixError::io("copy", from, source);
        if sys::is_mounted_at(from).map_err(fail)? {
            let path = from.to_path_buf();
            return Err(PrefixError::MountAppeared { path });
        }
        match sys::make_directory(to) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(fail(error)),
            _ => {}
        }
        for entry in std::fs::read_dir(from).map_err(fail)? {
            let name = entry.map_err(fail)?.file_name();
            if !left_out.iter().any(|other| *other == name) {
                self.copy_entry(&from.join(&name), &to.join(&name))?;
            }
        }
        from.symlink_metadata()
            .and_then(|metadata| sys::copy_attributes(from, to, &metadata))
            .map_err(fail)
    }

    /// Copy whatever is at `from` to `to`, where nothing is.
    pub fn copy_entry(&mut self, from: &Path, to: &Path) -> Result<(), PrefixError> {
        (self.check)()?;
        let fail = |source| PrefixError::io("copy", from, source);
        let metadata = from.symlink_metadata().map_err(fail)?;
        if metadata.is_dir() {
            self.copy_directory(from, to, &[])
        } else {
            self.copy_file(from, to, &metadata).map_err(fail)
        }
    }

    fn copy_file(&mut self, from: &Path, to: &Path, metadata: &Metadata) -> io::Result<()> {
        let identity = sys::link_identity(metadata);
        if let Some(first) = identity.and_then(|identity| self.linked.get(&identity)) {
            return std::fs::hard_link(first, to);
        }
        if metadata.is_file() {
            std::fs::copy(from, to).map(drop)?
        } else {
            sys::copy_special(from, to, metadata)?
        }
        if let Some(identity) = identity {
            self.linked.insert(identity, to.to_path_buf());
        }
        sys::copy_attributes(from, to, metadata)
    }
}

/// What a copy of the tree takes: bytes, files.
pub(crate) fn measure_tree(path: &Path) -> (u64, u64) {
    let Ok(metadata) = path.symlink_metadata() else {
        return (0, 0);
    };
    let own = (metadata.len(), 1);
    if !metadata.is_dir() {
        return own;
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .map(|entry| measure_tree(&entry.path()))
        .fold(own, |sum, part| (sum.0 + part.0, sum.1 + part.1))
}
