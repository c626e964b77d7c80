//! Where an archive's bytes go while they arrive: memory or an unlinked file, and the hash.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cs_archive::{ReadAt, Sha256, WholeFile};

/// Largest archive that is kept in memory.
const LARGEST_IN_MEMORY: u64 = 4 * 1024 * 1024;
/// Most bytes of archives in memory, those at the linker included.
const MEMORY_BUDGET: u64 = 16 * 1024 * 1024;

/// Memory that archives may still take.
pub(crate) struct Budget(AtomicU64);

impl Budget {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(MEMORY_BUDGET)))
    }

    fn reserve(self: &Arc<Self>, bytes: u64) -> Option<Reservation> {
        let take = |left: u64| left.checked_sub(bytes);
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take)
            .ok()?;
        Some(Reservation {
            budget: Arc::clone(self),
            bytes,
        })
    }
}

/// Part of the budget, given back when the archive is dropped.
struct Reservation {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.0.fetch_add(self.bytes, Ordering::AcqRel);
    }
}

struct Memory {
    bytes: Vec<u8>,
    _reservation: Reservation,
}

impl ReadAt for Memory {
    fn len(&self) -> u64 {
        ReadAt::len(&self.bytes)
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.bytes.read_at(buf, offset)
    }
}

enum Store {
    Memory(Memory),
    File(File),
}

/// An archive that is arriving.
pub(crate) struct Sink {
    store: Store,
    hash: Sha256,
    length: u64,
}

impl Sink {
    /// Choose memory for small archives while there is room, else an unlinked file in `directory`.
    pub(crate) fn create(
        size: Option<u64>,
        budget: &Arc<Budget>,
        directory: &Path,
    ) -> io::Result<Self> {
        let reservation = size
            .filter(|&size| size <= LARGEST_IN_MEMORY)
            .and_then(|size| budget.reserve(size));
        let store = match reservation {
            Some(reservation) => {
                let bytes = Vec::with_capacity(reservation.bytes as usize);
                Store::Memory(Memory {
                    bytes,
                    _reservation: reservation,
                })
            }
            None => Store::File(tempfile::tempfile_in(directory)?),
        };
        Ok(Self {
            store,
            hash: Sha256::new(),
            length: 0,
        })
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> u64 {
        self.length
    }

    pub(crate) fn append(&mut self, chunk: &[u8]) -> io::Result<()> {
        match &mut self.store {
            Store::Memory(memory) => memory.bytes.extend_from_slice(chunk),
            Store::File(file) => file.write_all(chunk)?,
        }
        self.hash.update(chunk);
        self.length += chunk.len() as u64;
        Ok(())
    }

    /// Forget everything that has arrived.
    pub(crate) fn restart(&mut self) -> io::Result<()> {
        match &mut self.store {
            Store::Memory(memory) => memory.bytes.clear(),
            Store::File(file) => {
                file.rewind()?;
                file.set_len(0)?;
            }
        }
        self.hash = Sha256::new();
        self.length = 0;
        Ok(())
    }

    /// SHA-256 of what has arrived.
    pub(crate) fn sha256(&self) -> [u8; 32] {
        self.hash.clone().finish()
    }

    pub(crate) fn into_bytes(self) -> Box<dyn ReadAt> {
        match self.store {
            Store::Memory(memory) => Box::new(memory),
            Store::File(file) => Box::new(WholeFile::new(file, self.length)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(sink: &mut Sink) {
        sink.append(b"wrong").unwrap();
        sink.restart().unwrap();
        sink.append(b"hello ").unwrap();
        sink.append(b"world").unwrap();
    }

    #[test]
    fn memory_and_file_hold_the_same() {
        let directory = tempfile::tempdir().unwrap();
        for size in [Some(11), None] {
            let mut sink = Sink::create(size, &Budget::new(), directory.path()).unwrap();
            assert_eq!(matches!(sink.store, Store::Memory(_)), size.is_some());
            fill(&mut sink);
            assert_eq!(sink.len(), 11);
            assert_eq!(sink.sha256()[..4], [0xb9, 0x4d, 0x27, 0xb9]);
            let bytes = sink.into_bytes();
            let mut buffer = [0; 20];
            assert_eq!(bytes.read_at(&mut buffer, 6).unwrap(), 5);
            assert_eq!(&buffer[..5], b"world");
            assert_eq!(bytes.read_at(&mut buffer, 11).unwrap(), 0);
            assert_eq!(bytes.read_at(&mut buffer, u64::from(u32::MAX)).unwrap(), 0);
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn memory_is_bounded_and_given_back() {
        let directory = tempfile::tempdir().unwrap();
        let budget = Budget::new();
        let create = || Sink::create(Some(LARGEST_IN_MEMORY), &budget, directory.path()).unwrap();
        let mut sinks: Vec<Sink> = (0..5).map(|_| create()).collect();
        let in_memory = sinks
            .iter()
            .filter(|sink| matches!(sink.store, Store::Memory(_)))
            .count();
        assert_eq!(in_memory, 4);
        let bytes = sinks.remove(0).into_bytes();
        assert!(
            matches!(create().store, Store::File(_)),
            "the linker still has it"
        );
        drop(bytes);
        assert!(matches!(create().store, Store::Memory(_)));
    }
}
