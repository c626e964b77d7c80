//! Reads at an offset, the same on every platform.

use std::fs::File;
use std::io;
use std::sync::Arc;

use crate::ReadAt;

/// Read at an absolute position; the file's own position is of no account (Windows moves it).
pub fn read_file_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
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

/// Fill `buf` from `offset`, or fail with `UnexpectedEof`.
pub fn read_file_exact_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<()> {
    fill(buf, offset, |buf, offset| read_file_at(file, buf, offset))
}

/// Fill `buf` from `offset`, or fail with `UnexpectedEof`.
pub fn read_exact_at(bytes: &dyn ReadAt, buf: &mut [u8], offset: u64) -> io::Result<()> {
    fill(buf, offset, |buf, offset| bytes.read_at(buf, offset))
}

/// Read at least one byte, or fail with `UnexpectedEof`.
pub fn read_some(bytes: &dyn ReadAt, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    some(buf, offset, |buf, offset| bytes.read_at(buf, offset))
}

fn fill(
    mut buf: &mut [u8],
    mut offset: u64,
    read: impl Fn(&mut [u8], u64) -> io::Result<usize>,
) -> io::Result<()> {
    while !buf.is_empty() {
        let count = some(buf, offset, &read)?;
        buf = &mut buf[count..];
        offset += count as u64;
    }
    Ok(())
}

fn some(
    buf: &mut [u8],
    offset: u64,
    read: impl Fn(&mut [u8], u64) -> io::Result<usize>,
) -> io::Result<usize> {
    loop {
        match read(buf, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) if !buf.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
            other => return other,
        }
    }
}

/// How many of `wanted` bytes there are from `offset` on, in something of `length` bytes.
pub fn clamp(wanted: usize, offset: u64, length: u64) -> usize {
    let available = length.saturating_sub(offset);
    wanted.min(usize::try_from(available).unwrap_or(usize::MAX))
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
        read_file_at(
            &self.file,
            &mut buf[..wanted],
            self.offset.saturating_add(offset),
        )
    }
}

/// A file of which every byte belongs to the archive.
pub struct WholeFile {
    file: File,
    length: u64,
}

impl WholeFile {
    /// Take a file that has `length` bytes.
    pub fn new(file: File, length: u64) -> Self {
        Self { file, length }
    }
}

impl ReadAt for WholeFile {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        read_file_at(&self.file, buf, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn a_slice_has_its_own_bytes_and_no_others() {
        let slice = FileSlice::new(Arc::new(file(b"0123456789")), 3, 4);
        let mut buffer = [0; 10];
        assert_eq!(slice.len(), 4);
        assert_eq!(slice.read_at(&mut buffer, 1).unwrap(), 3);
        assert_eq!(&buffer[..3], b"456");
        assert_eq!(slice.read_at(&mut buffer, 4).unwrap(), 0);
        assert_eq!(slice.read_at(&mut buffer, 1000).unwrap(), 0);
    }

    #[test]
    fn a_file_that_ends_early_does_not_fill_a_buffer() {
        let (file, mut buffer) = (file(b"0123"), [0; 3]);
        read_file_exact_at(&file, &mut buffer, 1).unwrap();
        assert_eq!(&buffer, b"123");
        let error = read_file_exact_at(&file, &mut buffer, 2).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        let whole = WholeFile::new(file, 4);
        read_exact_at(&whole, &mut buffer, 0).unwrap();
        assert_eq!(&buffer, b"012");
        let error = read_exact_at(&whole, &mut buffer, 4).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
