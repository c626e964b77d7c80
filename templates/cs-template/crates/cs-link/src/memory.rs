//! Telling that memory is short from everything else that can be wrong.

use std::io;

/// What zstd calls a failed allocation: `ZSTD_error_memory_allocation`, 64, as a function returns it.
const ZSTD_ALLOCATION: usize = usize::MAX - 63;
/// What a bzip2 decoder takes for blocks of the largest kind: four bytes for each of 900,000, and some tables.
const BZIP2_BYTES: usize = 4 << 20;

/// Whether the system or a decoder says that there is not enough memory.
pub fn is_memory_error(error: &io::Error) -> bool {
    let is_zstd = || error.to_string() == zstd::zstd_safe::get_error_name(ZSTD_ALLOCATION);
    error.kind() == io::ErrorKind::OutOfMemory
        || (error.kind() == io::ErrorKind::Other && is_zstd())
}

/// Whether a bzip2 decoder can be had: the decoder itself takes a lack of memory for the end of its input.
pub(crate) fn has_room_for_bzip2() -> bool {
    Vec::<u8>::new().try_reserve_exact(BZIP2_BYTES).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_without_memory_is_told_from_one_with_bad_input() {
        let decoder = io::Error::other("Allocation error : not enough memory");
        assert!(is_memory_error(&decoder));
        assert!(is_memory_error(&io::ErrorKind::OutOfMemory.into()));
        let bad = zstd::decode_all(&b"not zstd at all"[..]).unwrap_err();
        assert!(!is_memory_error(&bad));
        assert!(!is_memory_error(&io::ErrorKind::UnexpectedEof.into()));
    }
}
