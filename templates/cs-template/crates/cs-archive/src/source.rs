//! Where archives come from, and what is informed of the progress.

use std::fmt;
use std::io;

/// Random access to the bytes of one package archive. Offsets and lengths are in bytes.
pub trait ReadAt: Send + Sync {
    /// Length of the whole archive.
    fn len(&self) -> u64;

    /// Whether the archive holds no byte at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether only this process can change the bytes while they are read. Otherwise the
    /// linker compares them once more.
    fn is_fixed(&self) -> bool {
        false
    }

    /// Read into `buf` from `offset`; 0 at the end, as `pread(2)`.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn len(&self) -> u64 {
        (**self).len()
    }

    fn is_fixed(&self) -> bool {
        (**self).is_fixed()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(buf, offset)
    }
}

impl ReadAt for Vec<u8> {
    fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let start = usize::try_from(offset).map_or(self.len(), |start| start.min(self.len()));
        let count = buf.len().min(self.len() - start);
        buf[..count].copy_from_slice(&self[start..start + count]);
        Ok(count)
    }
}

/// One archive, ready to be linked.
pub struct Archive {
    /// Index into the job's packages.
    pub index: usize,
    /// The archive's bytes.
    pub bytes: Box<dyn ReadAt>,
    /// Whether the supplier has already compared the SHA-256 of exactly these bytes,
    /// which no other process can change. Otherwise the linker does it.
    pub verified: bool,
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("index", &self.index)
            .field("length", &self.bytes.len())
            .field("verified", &self.verified)
            .finish()
    }
}

/// Hands out archives to the linker's worker threads: each once, in whatever order is best.
pub trait Archives: Sync {
    /// Why an archive is not available, in the supplier's own words.
    type Error;

    /// The next archive; `None` when all are handed out. Blocks while none is ready.
    fn next(&self) -> Result<Option<Archive>, Self::Error>;

    /// No more archives are wanted: the job failed or was cancelled. Wakes every thread
    /// that waits in [`next`](Self::next).
    fn stop(&self) {}
}

/// Hears of progress, from any thread, often: implementations must be cheap.
pub trait Progress: Sync {
    /// `archive_bytes` more bytes of the archives were consumed and `files` more files written.
    fn advance(&self, package: usize, archive_bytes: u64, files: u64) {
        let _ = (package, archive_bytes, files);
    }

    /// One package is in place.
    fn finished(&self, package: usize) {
        let _ = package;
    }

    /// `modules` more Python modules of `total` are compiled; 0 when that begins.
    fn compiled(&self, modules: usize, total: usize) {
        let _ = (modules, total);
    }
}
