//! Positioned reads, the same on every platform.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use cs_link::ReadAt;

/// Read at an absolute position; the file's own position is of no account (Windows moves it, nobody looks at it).
pub(crate) fn read_file_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        #[cfg(unix)]
        let result = std::os::unix::fs::FileExt::read_at(file, buf, offset);
        #[cfg(windows)]
        let result = std::os::windows::fs::FileExt::seek_read(file, buf, offset);
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Fill `buf`, or fail with `UnexpectedEof`.
pub(crate) fn read_file_exact_at(
    file: &File,
    mut buf: &mut [u8],
    mut offset: u64,
) -> io::Result<()> {
    while !buf.is_empty() {
        match read_file_at(file, buf, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                buf = &mut buf[count..];
                offset += count as u64;
            }
        }
    }
    Ok(())
}

/// Part of a file, shared with other parts of it.
pub struct FileSlice {
    file: Arc<File>,
    offset: u64,
    length: u64,
}

impl FileSlice {
    /// Take `length` bytes of `file` from `offset`.
    pub fn new(file: Arc<File>, offset: u64, length: u64) -> Self {
        Self {
            file,
            offset,
            length,
        }
    }
}

impl ReadAt for FileSlice {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let wanted = clamp(buf.len(), offset, self.length);
        read_file_at(&self.file, &mut buf[..wanted], self.offset + offset)
    }
}

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
            let file = File::open(&self.path)?;
            let metadata = file.metadata()?;
            if !metadata.is_file() || metadata.len() != self.length {
                let what = format!("{} was changed while it was in use", self.path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            let _ = self.file.set(file);
        }
        Ok(self.file.get().expect("set above"))
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

/// How many of `wanted` bytes there are from `offset` on.
pub(crate) fn clamp(wanted: usize, offset: u64, length: u64) -> usize {
    let available = length.saturating_sub(offset);
    wanted.min(usize::try_from(available).unwrap_or(usize::MAX))
}
