//! The last 512 bytes of a stamp: where its parts are and what their digests must be.

use std::fmt;

use cs_entry::footer::{self, ENTRY_COUNT, Fault, PART_LIMITS};

/// How many bytes signing tools may append after the footer.
pub const TRAILING_LIMIT_BYTES: u64 = 16 << 20;

/// The parts of a stamp, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The runtime's name and version, and how it behaves; JSON.
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

/// Read a footer that starts at `offset` of its file and for which [`footer::is_footer`] holds.
pub(crate) fn parse_footer(bytes: &[u8], offset: u64) -> Result<Footer, Fault> {
    let footer = footer::Footer::check(bytes, offset)?;
    let digest = |bytes: &[u8]| bytes.try_into().map_err(|_| Fault::Identity);
    let mut parts = [PartSpan {
        offset: 0,
        length: 0,
        sha256: [0; 32],
    }; ENTRY_COUNT];
    for (index, part) in parts.iter_mut().enumerate() {
        let span = footer.part(index);
        *part = PartSpan {
            offset: span.offset,
            length: span.length,
            sha256: digest(span.sha256)?,
        };
    }
    Ok(Footer {
        identity: digest(footer.identity())?,
        parts,
    })
}

/// Say what is wrong with a footer, as the rest of a sentence about it.
pub(crate) fn describe(fault: Fault) -> String {
    let name = |index: usize| Part::ALL[index].name();
    match fault {
        Fault::Version(found) => format!("its format version is {found}"),
        Fault::EntryCount(found) => format!("it lists {found} parts, not {ENTRY_COUNT}"),
        Fault::Reserved => "its reserved bytes are not zero".to_owned(),
        Fault::StampLength => "the stamp is longer than the file".to_owned(),
        Fault::Tag(index) => {
            format!("its entry {index} should be the {}", name(index))
        }
        Fault::Offset(index) => {
            format!(
                "the {} does not start where the part before ends",
                name(index)
            )
        }
        Fault::PartLength(index) => {
            format!("it claims more than {} bytes", PART_LIMITS[index])
        }
        Fault::End => "its parts do not end where it starts".to_owned(),
        Fault::Identity => "its identity is not that of its parts".to_owned(),
    }
}
