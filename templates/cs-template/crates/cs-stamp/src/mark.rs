//! The mark of a template: what it is and which stamps it reads, for readers that do not run it.
//!
//! `docs/reference/stamp-format.md` is the contract.

use cs_entry::footer::FORMAT_VERSION;

/// Length of a mark in bytes.
pub const MARK_LENGTH: usize = 128;

const MAGIC: &[u8; 16] = b"\x89CS-TEMPLATE\r\n\x1a\n";
const FORMATS_OFFSET: usize = 16;
const NAME_OFFSET: usize = 48;
const VERSION_OFFSET: usize = 80;
const TEXT_LENGTH: usize = 31;

/// The mark of a template that reads what this crate reads.
///
/// `name` and `version` are printable ASCII, at most 31 bytes long, and not empty: anything else does not compile.
#[must_use]
pub const fn template_mark(name: &str, version: &str) -> [u8; MARK_LENGTH] {
    let mark = write([0; MARK_LENGTH], 0, MAGIC);
    let mark = write(mark, FORMATS_OFFSET, &FORMAT_VERSION.to_le_bytes());
    let mark = write(mark, NAME_OFFSET, printable(name));
    write(mark, VERSION_OFFSET, printable(version))
}

const fn printable(text: &str) -> &[u8] {
    let bytes = text.as_bytes();
    assert!(!bytes.is_empty() && bytes.len() <= TEXT_LENGTH);
    let mut index = 0;
    while index < bytes.len() {
        assert!(bytes[index].is_ascii_graphic());
        index += 1;
    }
    bytes
}

const fn write(mut mark: [u8; MARK_LENGTH], offset: usize, bytes: &[u8]) -> [u8; MARK_LENGTH] {
    let mut index = 0;
    while index < bytes.len() {
        mark[offset + index] = bytes[index];
        index += 1;
    }
    mark
}
