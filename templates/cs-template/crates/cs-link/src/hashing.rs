//! The SHA-256 of files.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};

use cs_archive::Sha256;

/// As much is read at once.
pub(crate) const BUFFER_BYTES: usize = 256 * 1024;

/// Hash everything that is left of a source; its SHA-256 and length in bytes. Ends early if it is cancelled.
pub(crate) fn hash_all(
    mut source: impl Read,
    buffer: &mut [u8],
    cancel: &AtomicBool,
) -> io::Result<([u8; 32], u64)> {
    let (mut hash, mut length) = (Sha256::new(), 0);
    while !cancel.load(Ordering::Relaxed) {
        match source.read(buffer) {
            Ok(0) => break,
            Ok(count) => {
                hash.update(&buffer[..count]);
                length += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((hash.finish(), length))
}
