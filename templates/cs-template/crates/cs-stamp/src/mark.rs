//! The mark of a template: what it is and which stamps it reads, for readers that do not run it.
//!
//! `docs/reference/stamp-format.md` is the contract.

use cs_entry::footer::FORMAT_VERSION;

/// Length of a mark in bytes.
pub const MARK_LENGTH: usize = 128;

const MAGIC: &[u8; 16] = b"\x89CS-TEMPLATE\r\n\x1a\n";
const FORMATS_OFFSET: usize = 16;
const NAME_OFFSET: usize = 48;
const VERSION_OFFSET: usize = 72;
const TARGET_OFFSET: usize = 104;

/// The mark of a template that reads what this crate reads.
///
/// `target` is the conda subdir that the template is compiled for. Each text is printable ASCII, not empty, and fits
/// into its field with a NUL behind it: anything else does not compile.
#[must_use]
pub const fn template_mark(name: &str, version: &str, target: &str) -> [u8; MARK_LENGTH] {
    let mark = write([0; MARK_LENGTH], 0, MAGIC);
    let mark = write(mark, FORMATS_OFFSET, &FORMAT_VERSION.to_le_bytes());
    let mark = write(
        mark,
        NAME_OFFSET,
        printable(name, VERSION_OFFSET - NAME_OFFSET),
    );
    let mark = write(
        mark,
        VERSION_OFFSET,
        printable(version, TARGET_OFFSET - VERSION_OFFSET),
    );
    write(
        mark,
        TARGET_OFFSET,
        printable(target, MARK_LENGTH - TARGET_OFFSET),
    )
}

const fn printable(text: &str, field_length: usize) -> &[u8] {
    let bytes = text.as_bytes();
    assert!(!bytes.is_empty() && bytes.len() < field_length);
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
