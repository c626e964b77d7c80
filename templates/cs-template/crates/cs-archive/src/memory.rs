//! Distinguish a lack of memory from every other failure.

use std::io;

/// What zstd says about a failed allocation, error 64, and its crate where there is not even a context. Neither is a
/// dependency, so that a stamp is read without a decoder.
const ZSTD_ALLOCATION: [&str; 2] = [
    "Allocation error : not enough memory",
    "zstd could not allocate a decompression context",
];

/// Whether the system or a decoder says that there is not enough memory.
pub fn is_memory_error(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory
        || (error.kind() == io::ErrorKind::Other
            && ZSTD_ALLOCATION.contains(&error.to_string().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_without_memory_differs_from_one_with_bad_input() {
        // As a function of zstd returns it.
        let allocation = usize::MAX - 63;
        let decoder = io::Error::other(zstd::zstd_safe::get_error_name(allocation));
        assert!(is_memory_error(&decoder));
        assert!(is_memory_error(&io::ErrorKind::OutOfMemory.into()));
        // As the crate returns it where not even a context fits, which the integration tests bring about.
        assert!(is_memory_error(&io::Error::other(
            "zstd could not allocate a decompression context"
        )));
        let bad = zstd::decode_all(&b"not zstd at all"[..]).unwrap_err();
        assert!(!is_memory_error(&bad));
        assert!(!is_memory_error(&io::ErrorKind::UnexpectedEof.into()));
    }
}
