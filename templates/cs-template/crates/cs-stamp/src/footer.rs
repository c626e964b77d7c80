//! The last 512 bytes of a stamp: where its parts are and what their digests must be.

use std::fmt;

use cs_entry::footer::{
    DIGEST_OFFSET, ENTRIES_OFFSET, ENTRY_COUNT, ENTRY_COUNT_OFFSET, ENTRY_LENGTH, FORMAT_VERSION,
    IDENTITY_OFFSET, LENGTH, RESERVED_OFFSET, STAMP_LENGTH_OFFSET, VERSION_OFFSET,
};

use crate::bytes::{array_at, sha256};

/// How many bytes signing tools may append behind the footer.
pub const TRAILING_LIMIT_BYTES: u64 = 16 << 20;

/// The parts of a stamp, in the order in which they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// Who this runtime is and how it behaves; JSON.
    Header,
    /// The packages of this platform in install order; JSON.
    Plan,
    /// The runtime lock; YAML.
    Lock,
    /// Compiled modules of noarch packages, tar.zst; may be absent.
    Bytecode,
    /// Package archives, tar.zst; may be absent.
    Bundle,
    /// What a later run needs; binary.
    Launch,
}

impl Part {
    /// Every part, in order.
    pub const ALL: [Self; ENTRY_COUNT] = [
        Self::Header,
        Self::Plan,
        Self::Lock,
        Self::Bytecode,
        Self::Bundle,
        Self::Launch,
    ];

    /// The part's name, which is also its tag in the footer.
    pub fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Plan => "plan",
            Self::Lock => "lock",
            Self::Bytecode => "bytecode",
            Self::Bundle => "bundle",
            Self::Launch => "launch",
        }
    }

    /// The largest length in bytes that a reader accepts; `None` for what is only ever read in place.
    pub fn limit_bytes(self) -> Option<u64> {
        match self {
            Self::Header => Some(1 << 20),
            Self::Plan => Some(256 << 20),
            Self::Lock => Some(1 << 30),
            Self::Launch => Some(3584),
            Self::Bytecode | Self::Bundle => None,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Where a part is in the file, and what its bytes must hash to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartSpan {
    /// Absolute offset in the file, in bytes.
    pub offset: u64,
    /// Length in bytes; 0 when the part is absent.
    pub length: u64,
    /// SHA-256 of the part.
    pub sha256: [u8; 32],
}

/// A footer that holds together. Offsets are absolute.
#[derive(Debug, Clone)]
pub(crate) struct Footer {
    pub identity: [u8; 32],
    pub parts: [PartSpan; ENTRY_COUNT],
}

/// Why 512 bytes with a valid digest are no footer that can be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FooterFault {
    Version(u32),
    Structure(String),
}

/// Read a footer that starts at `footer_offset` of its file and for which [`cs_entry::footer::is_footer`] holds.
pub(crate) fn parse_footer(bytes: &[u8], footer_offset: u64) -> Result<Footer, FooterFault> {
    let version = u32::from_le_bytes(array_at(bytes, VERSION_OFFSET));
    if version != FORMAT_VERSION {
        return Err(FooterFault::Version(version));
    }
    let entry_count = u32::from_le_bytes(array_at(bytes, ENTRY_COUNT_OFFSET));
    ensure(entry_count as usize == ENTRY_COUNT, || {
        format!("it lists {entry_count} parts, not 6")
    })?;
    ensure(
        bytes[RESERVED_OFFSET..DIGEST_OFFSET]
            .iter()
            .all(|byte| *byte == 0),
        || "its reserved bytes are not zero".to_owned(),
    )?;
    let stamp_length = u64::from_le_bytes(array_at(bytes, STAMP_LENGTH_OFFSET));
    let stamp_offset = (footer_offset + LENGTH as u64)
        .checked_sub(stamp_length)
        .ok_or_else(|| structure("the stamp is said to be longer than the file".to_owned()))?;
    let parts = parse_entries(bytes, stamp_offset, footer_offset)?;
    let identity = array_at(bytes, IDENTITY_OFFSET);
    ensure(identity == identity_of(&parts), || {
        "its identity is not that of its parts".to_owned()
    })?;
    Ok(Footer { identity, parts })
}

/// Read the six part entries, which must follow each other without gaps from the stamp's first byte to the footer.
fn parse_entries(
    bytes: &[u8],
    stamp_offset: u64,
    footer_offset: u64,
) -> Result<[PartSpan; ENTRY_COUNT], FooterFault> {
    let mut parts = [PartSpan {
        offset: 0,
        length: 0,
        sha256: [0; 32],
    }; ENTRY_COUNT];
    let mut expected_offset = stamp_offset;
    for (index, part) in Part::ALL.into_iter().enumerate() {
        let entry = &bytes[ENTRIES_OFFSET + index * ENTRY_LENGTH..][..ENTRY_LENGTH];
        ensure(is_tag(&entry[..8], part.name()), || {
            format!("its entry {index} is not the one of the {part}")
        })?;
        let offset = stamp_offset.checked_add(u64::from_le_bytes(array_at(entry, 8)));
        ensure(offset == Some(expected_offset), || {
            format!("the {part} does not start where the part before ends")
        })?;
        let length = u64::from_le_bytes(array_at(entry, 16));
        parts[index] = PartSpan {
            offset: expected_offset,
            length,
            sha256: array_at(entry, 24),
        };
        expected_offset = expected_offset
            .checked_add(length)
            .ok_or_else(|| structure(format!("the {part} is said to be longer than the file")))?;
    }
    ensure(expected_offset == footer_offset, || {
        "its parts do not end where it starts".to_owned()
    })?;
    Ok(parts)
}

/// The digest that names a build: of everything but the bundle, whose archives the plan pins.
fn identity_of(parts: &[PartSpan; ENTRY_COUNT]) -> [u8; 32] {
    let digests: Vec<u8> = parts[..4].iter().flat_map(|part| part.sha256).collect();
    sha256(&digests)
}

fn is_tag(field: &[u8], name: &str) -> bool {
    field.starts_with(name.as_bytes()) && field[name.len()..].iter().all(|byte| *byte == 0)
}

fn structure(detail: String) -> FooterFault {
    FooterFault::Structure(detail)
}

fn ensure(holds: bool, detail: impl FnOnce() -> String) -> Result<(), FooterFault> {
    if holds {
        Ok(())
    } else {
        Err(structure(detail()))
    }
}
