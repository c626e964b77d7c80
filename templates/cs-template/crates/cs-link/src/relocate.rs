//! What post-link scripts wrote with the staging directory's path in it.

use std::fs::{self, File, Metadata};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use memchr::memmem::Finder;

use crate::fault::Fault;
use crate::paths::{FileMode, Placeholder};
use crate::placeholder::Replacer;
use crate::{Job, LinkError};

const CHUNK_BYTES: usize = 128 * 1024;

/// Put the final prefix in place of the staging directory's path in everything that has changed since `start`.
///
/// Only a bytecode file is not changed but removed: Python writes it anew.
pub(crate) fn relocate_changes(
    job: &Job,
    start: &Metadata,
    cancel: &AtomicBool,
) -> Result<(), LinkError> {
    let Some(staging) = job.staging.to_str() else {
        return Ok(());
    };
    let Some(prefix) = job.prefix.to_str() else {
        return Ok(());
    };
    let walk = Walk {
        staging,
        prefix,
        finder: Finder::new(staging),
        start,
        cancel,
    };
    let mut directories = vec![job.staging.to_owned()];
    while let Some(directory) = directories.pop() {
        let entries = fs::read_dir(&directory).map_err(|source| error_at(&directory, source))?;
        for entry in entries {
            let path = entry.map_err(|source| error_at(&directory, source))?.path();
            walk.visit(&path, &mut directories)?;
        }
    }
    Ok(())
}

/// Create a file in the same directory, under a name that nobody uses.
fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut number = 0_u32;
    loop {
        let copy = path.with_file_name(format!(".relocated-{number}"));
        match File::create_new(&copy) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            created => return created.map(|file| (copy, file)),
        }
    }
}

fn error_at(path: &Path, source: io::Error) -> LinkError {
    Fault::Write {
        path: path.to_owned(),
        source,
    }
    .into()
}

struct Walk<'a> {
    staging: &'a str,
    prefix: &'a str,
    finder: Finder<'a>,
    start: &'a Metadata,
    cancel: &'a AtomicBool,
}

impl Walk<'_> {
    fn visit(&self, path: &Path, directories: &mut Vec<PathBuf>) -> Result<(), LinkError> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(Fault::Cancelled.into());
        }
        let metadata = fs::symlink_metadata(path).map_err(|source| error_at(path, source))?;
        if metadata.is_dir() {
            directories.push(path.to_owned());
            return Ok(());
        }
        if !changed_since(&metadata, self.start) {
            return Ok(());
        }
        let relocated = if metadata.is_symlink() {
            self.relocate_link(path)
        } else if metadata.is_file() {
            self.relocate_file(path, &metadata)
        } else {
            Ok(())
        };
        relocated.map_err(|source| error_at(path, source))
    }

    #[cfg(unix)]
    fn relocate_link(&self, path: &Path) -> io::Result<()> {
        let target = fs::read_link(path)?;
        match target.strip_prefix(self.staging) {
            Err(_) => Ok(()),
            Ok(rest) => {
                fs::remove_file(path)?;
                std::os::unix::fs::symlink(Path::new(self.prefix).join(rest), path)
            }
        }
    }

    /// Symbolic links need privileges here; scripts do not make them.
    #[cfg(not(unix))]
    fn relocate_link(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn relocate_file(&self, path: &Path, metadata: &Metadata) -> io::Result<()> {
        let Some(mode) = self.find(path)? else {
            return Ok(());
        };
        if path.extension().is_some_and(|extension| extension == "pyc") {
            return fs::remove_file(path);
        }
        if mode == FileMode::Binary && self.prefix.len() > self.staging.len() {
            // There is no room for the longer path; what is there is all that a script could have meant.
            return Ok(());
        }
        let (copy, file) = create_beside(path)?;
        self.rewrite(path, file, mode)?;
        fs::set_permissions(&copy, metadata.permissions())?;
        fs::rename(&copy, path)
    }

    /// Whether the file holds the staging directory's path, and whether it is text.
    fn find(&self, path: &Path) -> io::Result<Option<FileMode>> {
        let mut file = File::open(path)?;
        let mut buffer = vec![0; CHUNK_BYTES];
        let (mut kept, mut found, mut mode) = (0, false, FileMode::Text);
        loop {
            let count = file.read(&mut buffer[kept..])?;
            if count == 0 {
                return Ok(found.then_some(mode));
            }
            let filled = &buffer[..kept + count];
            if filled.contains(&0) {
                mode = FileMode::Binary;
            }
            found |= self.finder.find(filled).is_some();
            let keep = filled.len().min(self.staging.len());
            let from = filled.len() - keep;
            buffer.copy_within(from..from + keep, 0);
            kept = keep;
        }
    }

    fn rewrite(&self, path: &Path, copy: File, mode: FileMode) -> io::Result<()> {
        let mut replacer = Replacer::new(
            &Placeholder {
                mode,
                text: Rc::from(self.staging),
            },
            self.prefix,
        );
        let mut input = BufReader::with_capacity(CHUNK_BYTES, File::open(path)?);
        let mut output = BufWriter::with_capacity(CHUNK_BYTES, copy);
        let (mut chunk, mut settled) = (vec![0; CHUNK_BYTES], Vec::new());
        loop {
            let count = input.read(&mut chunk)?;
            settled.clear();
            replacer.push(&chunk[..count], count == 0, &mut settled);
            output.write_all(&settled)?;
            if count == 0 {
                return output.flush();
            }
        }
    }
}

#[cfg(unix)]
fn changed_since(metadata: &Metadata, start: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (metadata.ctime(), metadata.ctime_nsec()) >= (start.ctime(), start.ctime_nsec())
}

#[cfg(not(unix))]
fn changed_since(metadata: &Metadata, start: &Metadata) -> bool {
    match (metadata.modified(), start.modified()) {
        (Ok(changed), Ok(start)) => changed >= start,
        _ => true,
    }
}
