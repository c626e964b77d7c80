//! SHA-256: of bytes, of whatever comes piece by piece, and of everything that can be read at an offset.

use std::io;

use ring::digest::{Context, SHA256};

use crate::ReadAt;
use crate::file::read_some;

const BUFFER_BYTES: usize = 512 * 1024;

/// A SHA-256 of bytes that come piece by piece. A clone goes on from the same state.
#[derive(Clone)]
pub struct Sha256(Context);

impl Sha256 {
    /// Nothing so far.
    pub fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Take the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes.
    pub fn finish(self) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(self.0.finish().as_ref());
        out
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

/// SHA-256 of bytes in memory.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(bytes);
    hash.finish()
}

/// SHA-256 of all of `bytes`; `None` when it is no longer wanted, which is asked before every half megabyte.
pub fn hash(bytes: &dyn ReadAt, is_cancelled: impl Fn() -> bool) -> io::Result<Option<[u8; 32]>> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut offset = 0;
    while offset < bytes.len() {
        if is_cancelled() {
            return Ok(None);
        }
        let left = usize::try_from(bytes.len() - offset).unwrap_or(usize::MAX);
        let wanted = left.min(BUFFER_BYTES);
        let count = read_some(bytes, &mut buffer[..wanted], offset)?;
        hash.update(&buffer[..count]);
        offset += count as u64;
    }
    Ok(Some(hash.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says that it is longer than it is.
    struct Short;

    impl ReadAt for Short {
        fn len(&self) -> u64 {
            10
        }

        fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
            vec![0_u8; 9].read_at(buf, offset)
        }
    }

    #[test]
    fn pieces_and_the_whole_have_the_same_digest() {
        let bytes: Vec<u8> = (0..BUFFER_BYTES + 77).map(|at| (at * 7) as u8).collect();
        let expected = sha256(&bytes);
        assert_eq!(hash(&bytes, || false).unwrap(), Some(expected));
        let mut pieces = Sha256::new();
        bytes.chunks(1000).for_each(|piece| pieces.update(piece));
        assert_eq!(pieces.finish(), expected);
        assert_eq!(sha256(b"hello world")[..4], [0xb9, 0x4d, 0x27, 0xb9]);
    }

    #[test]
    fn hashing_stops_when_it_is_cancelled() {
        assert_eq!(hash(&vec![0; 10], || true).unwrap(), None);
    }

    #[test]
    fn bytes_that_end_early_have_no_digest() {
        let error = hash(&Short, || false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
