//! The members of a `.conda` file: the position of each one's bytes.
//!
//! A `.conda` file is a zip archive whose members are stored, not compressed. Only the central
//! directory is read, and each member's local header for its length. Layout: PKWARE's APPNOTE, sections
//! 4.3.7 (local header), 4.3.12 (central directory), 4.3.14 and 4.3.15 (zip64), 4.3.16 (end record).

use cs_archive::ReadAt;

use crate::fault::Fault;

const END_RECORD_BYTES: u64 = 22;
const LONGEST_COMMENT: u64 = 0xffff;
const LONGEST_DIRECTORY: u64 = 4 * 1024 * 1024;
const UNKNOWN: u32 = u32::MAX;

/// One stored member.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// List the members of a zip archive.
pub(crate) fn list_members(bytes: &dyn ReadAt) -> Result<Vec<Member>, Fault> {
    let directory = find_directory(bytes)?;
    let mut members = Vec::new();
    let mut rest = &directory[..];
    while rest.len() >= 46 && rest.starts_with(b"PK\x01\x02") {
        let (name_length, extra_length, comment_length) =
            (u16_at(rest, 28), u16_at(rest, 30), u16_at(rest, 32));
        let length =
            46 + usize::from(name_length) + usize::from(extra_length) + usize::from(comment_length);
        let entry = rest
            .get(..length)
            .ok_or_else(|| Fault::damaged("the zip directory is cut short"))?;
        members.push(read_member(
            bytes,
            entry,
            usize::from(name_length),
            usize::from(extra_length),
        )?);
        rest = &rest[length..];
    }
    Ok(members)
}

/// Read the central directory.
fn find_directory(bytes: &dyn ReadAt) -> Result<Vec<u8>, Fault> {
    let tail_length = bytes.len().min(END_RECORD_BYTES + LONGEST_COMMENT);
    let tail_start = bytes.len() - tail_length;
    let mut tail = vec![0; usize::try_from(tail_length).unwrap_or_default()];
    read_exact_at(bytes, &mut tail, tail_start)?;
    let at = (0..=tail.len().saturating_sub(END_RECORD_BYTES as usize))
        .rev()
        .find(|&at| {
            tail[at..].starts_with(b"PK\x05\x06") && tail.len() - at >= END_RECORD_BYTES as usize
        })
        .ok_or_else(|| Fault::damaged("not a .conda file: no zip directory"))?;
    let (mut length, mut start) = (
        u64::from(u32_at(&tail, at + 12)),
        u64::from(u32_at(&tail, at + 16)),
    );
    if length == u64::from(UNKNOWN) || start == u64::from(UNKNOWN) {
        (length, start) = find_zip64_directory(bytes, tail_start + at as u64)?;
    }
    if length > LONGEST_DIRECTORY
        || start
            .checked_add(length)
            .is_none_or(|end| end > bytes.len())
    {
        return Err(Fault::damaged("the zip directory points outside the file"));
    }
    let mut directory = vec![0; usize::try_from(length).unwrap_or_default()];
    read_exact_at(bytes, &mut directory, start)?;
    Ok(directory)
}

/// Length and start of the central directory, from the zip64 end record.
fn find_zip64_directory(bytes: &dyn ReadAt, end_record: u64) -> Result<(u64, u64), Fault> {
    let broken = || Fault::damaged("the zip64 end record is broken");
    let mut locator = [0; 20];
    read_exact_at(
        bytes,
        &mut locator,
        end_record.checked_sub(20).ok_or_else(broken)?,
    )?;
    let start = u64_at(&locator, 8);
    if !locator.starts_with(b"PK\x06\x07")
        || start.checked_add(56).is_none_or(|end| end > bytes.len())
    {
        return Err(broken());
    }
    let mut record = [0; 56];
    read_exact_at(bytes, &mut record, start)?;
    if record.starts_with(b"PK\x06\x06") {
        Ok((u64_at(&record, 40), u64_at(&record, 48)))
    } else {
        Err(broken())
    }
}

fn read_exact_at(bytes: &dyn ReadAt, buffer: &mut [u8], offset: u64) -> Result<(), Fault> {
    cs_archive::read_exact_at(bytes, buffer, offset).map_err(Fault::Read)
}

/// Find the bytes of the member that a directory entry describes.
fn read_member(
    bytes: &dyn ReadAt,
    entry: &[u8],
    name_length: usize,
    extra_length: usize,
) -> Result<Member, Fault> {
    let name = String::from_utf8_lossy(&entry[46..46 + name_length]).into_owned();
    let outside = || Fault::damaged_at(name.clone(), "the zip directory points outside the file");
    if u16_at(entry, 8) & 1 != 0 || u16_at(entry, 10) != 0 {
        return Err(Fault::damaged_at(
            name,
            "a .conda file's members must be stored, this one is compressed or encrypted",
        ));
    }
    let extra = &entry[46 + name_length..46 + name_length + extra_length];
    let (length, header) = sizes(entry, extra).ok_or_else(outside)?;
    if header.checked_add(30).is_none_or(|end| end > bytes.len()) {
        return Err(outside());
    }
    let mut local = [0; 30];
    read_exact_at(bytes, &mut local, header)?;
    if !local.starts_with(b"PK\x03\x04") {
        return Err(outside());
    }
    let start = header + 30 + u64::from(u16_at(&local, 26)) + u64::from(u16_at(&local, 28));
    let end = start
        .checked_add(length)
        .filter(|&end| end <= bytes.len())
        .ok_or_else(outside)?;
    Ok(Member { name, start, end })
}

/// Stored length and local header's offset, taken from the zip64 extra field where the entry has no room for them.
fn sizes(entry: &[u8], extra: &[u8]) -> Option<(u64, u64)> {
    let (compressed, uncompressed, offset) =
        (u32_at(entry, 20), u32_at(entry, 24), u32_at(entry, 42));
    let mut wide = zip64_field(extra)
        .unwrap_or_default()
        .chunks_exact(8)
        .map(|chunk| u64_at(chunk, 0));
    let mut widen = |value: u32| {
        if value == UNKNOWN {
            wide.next()
        } else {
            Some(u64::from(value))
        }
    };
    let length = widen(uncompressed)?;
    let stored = widen(compressed)?;
    let offset = widen(offset)?;
    (length == stored).then_some((length, offset))
}

fn zip64_field(mut extra: &[u8]) -> Option<&[u8]> {
    while extra.len() >= 4 {
        let (tag, length) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
        let field = extra.get(4..4 + length)?;
        if tag == 1 {
            return Some(field);
        }
        extra = &extra[4 + length..];
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
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
            let members = list_members(&bytes).unwrap();
            let [Member { name, start, end }] = &members[..] else {
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
        let fault = format!("{:?}", list_members(&bytes).unwrap_err());
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
                    for member in list_members(&bytes).unwrap_or_default() {
                        assert!(member.start <= member.end && member.end <= whole.len() as u64);
                    }
                }
            }
        }
    }
}
