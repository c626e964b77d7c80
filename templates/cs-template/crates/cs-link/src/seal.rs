//! An archive that is read twice: what is linked is what was verified, even if another program writes to it in between.
//!
//! An archive is hashed as a whole before anything of it is decoded, and read again, here and there, to be linked. The
//! state of the hash at every border between two blocks is kept: a block that is read again must lead from the state
//! in front of it to the one behind it. That costs one more hash of the bytes that are linked, and none of the others.

use std::io;
use std::sync::{Mutex, PoisonError};

use cs_archive::{ReadAt, Sha256, read_exact_at};

use crate::fault::Fault;
use crate::input::Monitor;

const BLOCK_BYTES: u64 = 128 * 1024;

/// An archive's bytes, as they were when it was hashed.
pub(crate) struct Sealed<'a> {
    bytes: &'a dyn ReadAt,
    /// The hash of everything in front of each block, and of everything.
    states: Vec<Sha256>,
    current: Mutex<Block>,
}

/// A block that has been compared.
struct Block {
    index: usize,
    bytes: Vec<u8>,
}

impl<'a> Sealed<'a> {
    /// Hash an archive and keep what it takes to know its bytes again; its SHA-256.
    pub(crate) fn new(bytes: &'a dyn ReadAt, monitor: &Monitor) -> Result<(Self, [u8; 32]), Fault> {
        let mut hash = Sha256::new();
        let mut states = vec![hash.clone()];
        let mut block = Vec::new();
        let blocks = bytes.len().div_ceil(BLOCK_BYTES);
        for index in 0..blocks {
            if monitor.is_cancelled() {
                return Err(Fault::Cancelled);
            }
            read_block(bytes, index, &mut block).map_err(Fault::Read)?;
            hash.update(&block);
            states.push(hash.clone());
        }
        // The last block is where a zip is read first.
        let current = Block {
            index: states.len().saturating_sub(2),
            bytes: block,
        };
        let sealed = Self {
            bytes,
            states,
            current: Mutex::new(current),
        };
        Ok((sealed, hash.finish()))
    }

    /// Read a block again.
    fn load(&self, index: usize, block: &mut Block) -> io::Result<()> {
        let changed = || io::Error::new(io::ErrorKind::InvalidData, CHANGED);
        let mut bytes = std::mem::take(&mut block.bytes);
        read_block(self.bytes, index as u64, &mut bytes).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                changed()
            } else {
                error
            }
        })?;
        let mut hash = self.states[index].clone();
        hash.update(&bytes);
        if hash.finish() != self.states[index + 1].clone().finish() {
            return Err(changed());
        }
        *block = Block { index, bytes };
        Ok(())
    }
}

const CHANGED: &str = "it was changed by another program after it had been verified";

impl ReadAt for Sealed<'_> {
    fn len(&self) -> u64 {
        self.bytes.len()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if offset >= self.len() {
            return Ok(0);
        }
        let (index, from) = (offset / BLOCK_BYTES, (offset % BLOCK_BYTES) as usize);
        let index = usize::try_from(index).map_err(io::Error::other)?;
        let mut block = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if block.index != index || block.bytes.is_empty() {
            self.load(index, &mut block)?;
        }
        let count = buffer.len().min(block.bytes.len() - from);
        buffer[..count].copy_from_slice(&block.bytes[from..from + count]);
        Ok(count)
    }
}

/// Read all of a block.
fn read_block(bytes: &dyn ReadAt, index: u64, block: &mut Vec<u8>) -> io::Result<()> {
    let start = index * BLOCK_BYTES;
    let length = BLOCK_BYTES.min(bytes.len() - start);
    block.resize(length as usize, 0);
    read_exact_at(bytes, block, start)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use cs_archive::sha256 as hash_bytes;

    /// Bytes that another program may change.
    struct Shared(Mutex<Vec<u8>>);

    impl ReadAt for Shared {
        fn len(&self) -> u64 {
            3 * BLOCK_BYTES + 77
        }

        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            let bytes = self.0.lock().unwrap();
            let rest = &bytes[bytes.len().min(offset as usize)..];
            // Short reads are allowed, so make some.
            let count = rest.len().min(buffer.len()).min(50_000);
            buffer[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        }
    }

    fn shared() -> Shared {
        let byte = |number: u64| (number.wrapping_mul(2_654_435_761) >> 11) as u8;
        Shared(Mutex::new((0..3 * BLOCK_BYTES + 77).map(byte).collect()))
    }

    fn read_all(sealed: &Sealed) -> io::Result<Vec<u8>> {
        let mut all = vec![0; sealed.len() as usize];
        let mut done = 0;
        while done < all.len() {
            done += sealed.read_at(&mut all[done..], done as u64)?;
        }
        Ok(all)
    }

    #[test]
    fn bytes_that_stay_are_read_again() {
        let (bytes, flag) = (shared(), AtomicBool::new(false));
        let (sealed, sha256) = Sealed::new(&bytes, &Monitor::silent([&flag, &flag])).unwrap();
        let content = bytes.0.lock().unwrap().clone();
        assert_eq!(sha256, hash_bytes(&content));
        assert_eq!(read_all(&sealed).unwrap(), content);
        let mut piece = [0; 300];
        for at in [
            0, 131_000, 131_071, 131_072, 200_000, 393_290, 393_292, 500_000,
        ] {
            let count = sealed.read_at(&mut piece, at).unwrap();
            let end = content.len().min(at as usize + count);
            assert_eq!(piece[..count], content[content.len().min(at as usize)..end]);
            assert_eq!(count == 0, at as usize >= content.len());
        }
    }

    #[test]
    fn a_byte_that_changes_is_noticed_wherever_it_is() {
        for at in [0, 1, 131_071, 131_072, 262_143, 262_144, 393_215] {
            let (bytes, flag) = (shared(), AtomicBool::new(false));
            let (sealed, _) = Sealed::new(&bytes, &Monitor::silent([&flag, &flag])).unwrap();
            bytes.0.lock().unwrap()[at] ^= 1;
            let error = read_all(&sealed).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{at}");
        }
    }

    #[test]
    fn an_archive_that_is_cut_off_is_noticed() {
        let (bytes, flag) = (shared(), AtomicBool::new(false));
        let (sealed, _) = Sealed::new(&bytes, &Monitor::silent([&flag, &flag])).unwrap();
        bytes.0.lock().unwrap().truncate(200_000);
        let error = read_all(&sealed).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn blocks_that_change_places_are_noticed() {
        let (bytes, flag) = (shared(), AtomicBool::new(false));
        let (sealed, _) = Sealed::new(&bytes, &Monitor::silent([&flag, &flag])).unwrap();
        let block = BLOCK_BYTES as usize;
        let mut content = bytes.0.lock().unwrap();
        let (first, rest) = content.split_at_mut(block);
        first.swap_with_slice(&mut rest[..block]);
        drop(content);
        assert!(read_all(&sealed).is_err());
    }
}
