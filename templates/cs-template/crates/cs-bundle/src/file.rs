//! Archives of a bundle directory.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use cs_archive::{ReadAt, clamp, read_file_at};
use cs_file::Links;

/// A file that is opened at its first use: a bundle directory of thousands of archives must not hold a handle for each.
pub(crate) struct LazyFile {
    path: PathBuf,
    length: u64,
    file: OnceLock<File>,
}

impl LazyFile {
    pub(crate) fn new(path: PathBuf, length: u64) -> Self {
        Self {
            path,
            length,
            file: OnceLock::new(),
        }
    }

    fn open(&self) -> io::Result<&File> {
        if self.file.get().is_none() {
            // Two threads may both open it; one handle is kept, the other closed.
            let file = match cs_file::open(&self.path, Links::Refused) {
                Err(error) if cs_file::is_odd(&error) => return Err(self.changed()),
                opened => opened?,
            };
            if file.metadata()?.len() != self.length {
                return Err(self.changed());
            }
            let _ = self.file.set(file);
        }
        Ok(self.file.get().expect("set above"))
    }

    fn changed(&self) -> io::Error {
        let what = format!("{} was changed while it was in use", self.path.display());
        io::Error::new(io::ErrorKind::InvalidData, what)
    }
}

impl ReadAt for LazyFile {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let wanted = clamp(buf.len(), offset, self.length);
        read_file_at(self.open()?, &mut buf[..wanted], offset)
    }
}
