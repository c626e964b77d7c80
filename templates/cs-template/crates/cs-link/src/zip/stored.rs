//! The members of a `.conda` file: the position of each one's bytes.
//!
//! They are stored, not compressed: what is compressed is in them.

use cs_archive::{ReadAt, read_exact_at};

use super::directory::{Directory, Member};
use super::fields::u16_at;
use crate::fault::Fault;

const LONGEST_DIRECTORY: u64 = 4 * 1024 * 1024;

/// One stored member.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) name: String,
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// List the members of an archive that has only stored ones.
pub(crate) fn list_spans(bytes: &dyn ReadAt) -> Result<Vec<Span>, Fault> {
    let members = Directory::find(bytes)?.read(bytes, LONGEST_DIRECTORY, u64::MAX)?;
    let spans = members.into_iter().map(|member| find_span(bytes, member));
    spans.collect()
}

/// Find the bytes of a member.
fn find_span(bytes: &dyn ReadAt, member: Member) -> Result<Span, Fault> {
    let name = member.name;
    if member.is_encrypted || member.method != 0 {
        let reason = "a .conda file's members must be stored, this one is compressed or encrypted";
        return Err(Fault::damaged_at(name, reason));
    }
    let mut local = [0; 30];
    read_exact_at(bytes, &mut local, member.header).map_err(Fault::Read)?;
    let start = member.header + 30 + u64::from(u16_at(&local, 26)) + u64::from(u16_at(&local, 28));
    let end = start.saturating_add(member.stored);
    if !local.starts_with(b"PK\x03\x04") || member.size != member.stored || end > member.limit {
        return Err(Fault::damaged_at(
            name,
            "its own header does not match the zip directory",
        ));
    }
    Ok(Span { name, start, end })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One member named `m` with the bytes `data`, its sizes in a zip64 field when `wide`.
    fn archive(wide: bool, comment: &[u8]) -> Vec<u8> {
        let size = if wide { [0xff; 4] } else { [4, 0, 0, 0] };
        let extra: &[u8] = if wide {
            &[1, 0, 16, 0, 4, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]
        } else {
            &[]
        };
        let lengths = [1, 0, extra.len() as u8, 0];
        let fields = [&[45, 0][..], &[0; 12], &size, &size, &lengths].concat();
        let mut out = [b"PK\x03\x04", &fields[..], b"m", extra, b"data"].concat();
        let start = out.len() as u32;
        out.extend([b"PK\x01\x02\x2d\0", &fields[..], &[0; 14], b"m", extra].concat());
        let length = out.len() as u32 - start;
        let end = [
            b"PK\x05\x06\0\0\0\0\x01\0\x01\0",
            &length.to_le_bytes()[..],
            &start.to_le_bytes(),
        ]
        .concat();
        [
            &out[..],
            &end,
            &(comment.len() as u16).to_le_bytes(),
            comment,
        ]
        .concat()
    }

    #[test]
    fn a_member_is_found_with_narrow_and_with_wide_sizes() {
        for (wide, comment) in [
            (false, &b""[..]),
            (true, b""),
            (false, b"a comment with PK\x05\x06 in it"),
        ] {
            let bytes = archive(wide, comment);
            let members = list_spans(&bytes).unwrap();
            let [Span { name, start, end }] = &members[..] else {
                panic!("{members:?}")
            };
            assert_eq!(name, "m");
            assert_eq!(&bytes[*start as usize..*end as usize], b"data");
        }
    }

    #[test]
    fn a_compressed_member_is_refused() {
        let mut bytes = archive(false, b"");
        let entry = bytes
            .windows(4)
            .position(|window| window == b"PK\x01\x02")
            .unwrap();
        bytes[entry + 10] = 8;
        let fault = format!("{:?}", list_spans(&bytes).unwrap_err());
        assert!(fault.contains("must be stored"), "{fault}");
    }

    #[test]
    fn whatever_byte_is_changed_nothing_outside_is_read() {
        for wide in [false, true] {
            let whole = archive(wide, b"");
            for at in 0..whole.len() {
                for change in [0x01, 0x80, 0xff] {
                    let mut bytes = whole.clone();
                    bytes[at] ^= change;
                    for member in list_spans(&bytes).unwrap_or_default() {
                        assert!(member.start <= member.end && member.end <= whole.len() as u64);
                    }
                }
            }
        }
    }
}
