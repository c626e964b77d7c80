//! Whether there is memory enough.

/// What a bzip2 decoder takes for blocks of the largest kind: four bytes for each of 900,000, and some tables.
const BZIP2_BYTES: usize = 4 << 20;

/// Whether there is memory for a bzip2 decoder: the decoder itself reports a lack of memory as the end of its input.
pub(crate) fn has_room_for_bzip2() -> bool {
    Vec::<u8>::new().try_reserve_exact(BZIP2_BYTES).is_ok()
}
