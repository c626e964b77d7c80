//! The central directory: which members there are.

use cs_archive::{ReadAt, read_exact_at};

use super::fields::{u16_at, u32_at, u64_at};
use super::names::decode_name;
use crate::fault::Fault;
use crate::limits::too_many;

const END_RECORD_BYTES: usize = 22;
const LONGEST_COMMENT: usize = 0xffff;
const UNKNOWN: u32 = u32::MAX;
/// The system that writes a member's Unix mode into its attributes.
const UNIX: u8 = 3;
/// What messages call it.
const SUBJECT: &str = "the zip directory";

/// One member, as the central directory describes it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) is_utf8: bool,
    pub(crate) is_encrypted: bool,
    /// 0 is stored, 8 deflated.
    pub(crate) method: u16,
    /// Bytes that it takes in the archive.
    pub(crate) stored: u64,
    /// Bytes that it has.
    pub(crate) size: u64,
    pub(crate) crc32: u32,
    /// Where its local header starts.
    pub(crate) header: u64,
    /// Its Unix mode; 0 where it has none.
    pub(crate) mode: u32,
    /// What follows its bytes starts here at the latest.
    pub(crate) limit: u64,
}

/// Where the central directory is, as the end of the archive says.
pub(crate) struct Directory {
    entries: u64,
    length: u64,
    start: u64,
    is_wide: bool,
}

impl Directory {
    /// Find the directory of an archive, which ends with it.
    pub(crate) fn find(bytes: &dyn ReadAt) -> Result<Self, Fault> {
        let longest = (END_RECORD_BYTES + LONGEST_COMMENT) as u64;
        let tail_start = bytes.len().saturating_sub(longest);
        let mut tail = vec![0; (bytes.len() - tail_start) as usize];
        read_exact_at(bytes, &mut tail, tail_start).map_err(Fault::Read)?;
        let at = find_end(&tail).ok_or_else(|| Fault::damaged("no zip directory at its end"))?;
        let record = &tail[at..];
        let found = Self {
            entries: u16_at(record, 10).into(),
            length: u32_at(record, 12).into(),
            start: u32_at(record, 16).into(),
            is_wide: false,
        };
        let (found, stop) = found.widen(bytes, tail_start + at as u64)?;
        // Between directory and end nothing can hide, and nothing in front of the archive moves it.
        if found.start.checked_add(found.length) == Some(stop) {
            Ok(found)
        } else {
            let reason = "the zip directory is not where the end of the archive says";
            Err(Fault::damaged(reason))
        }
    }

    /// Take the numbers of the zip64 end record in front of an end record at `position`
    /// where that has no room for them; where what was read starts.
    fn widen(self, bytes: &dyn ReadAt, position: u64) -> Result<(Self, u64), Fault> {
        let has_no_room = [self.length, self.start].contains(&u64::from(UNKNOWN));
        if !has_no_room && self.entries != 0xffff {
            return Ok((self, position));
        }
        let broken = || Fault::damaged("the zip64 end record is broken");
        let mut locator = [0; 20];
        let before = position.checked_sub(20).ok_or_else(broken)?;
        read_exact_at(bytes, &mut locator, before).map_err(Fault::Read)?;
        if !locator.starts_with(b"PK\x06\x07") && !has_no_room {
            // It just has so many entries.
            return Ok((self, position));
        }
        let start = u64_at(&locator, 8);
        let mut record = [0; 56];
        if !locator.starts_with(b"PK\x06\x07")
            || start.checked_add(56).is_none_or(|end| end > before)
        {
            return Err(broken());
        }
        read_exact_at(bytes, &mut record, start).map_err(Fault::Read)?;
        let found = Self {
            entries: u64_at(&record, 32),
            length: u64_at(&record, 40),
            start: u64_at(&record, 48),
            is_wide: true,
        };
        if record.starts_with(b"PK\x06\x06") {
            Ok((found, start))
        } else {
            Err(broken())
        }
    }

    /// Its length in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.length
    }

    /// List the members by their place in the archive: `most` at most, described in `longest` bytes.
    pub(crate) fn read(
        &self,
        bytes: &dyn ReadAt,
        longest: u64,
        most: u64,
    ) -> Result<Vec<Member>, Fault> {
        let directory = self.load(bytes, longest)?;
        let mut members = Vec::new();
        let mut rest = &directory[..];
        while !rest.is_empty() {
            if members.len() as u64 >= most {
                return Err(Fault::hostile(SUBJECT, too_many(most)));
            }
            let (member, after) = read_entry(rest)?;
            members.push(member);
            rest = after;
        }
        if !self.has(members.len() as u64) {
            let reason = "the number of its entries differs from what the archive says";
            return Err(Fault::damaged_at(SUBJECT, reason));
        }
        members.sort_by_key(|member| member.header);
        check_places(&mut members, self.start)?;
        Ok(members)
    }

    /// Whether it stands for so many entries; without zip64 only the last 16 bits of the number are kept.
    fn has(&self, entries: u64) -> bool {
        self.entries
            == if self.is_wide {
                entries
            } else {
                entries & 0xffff
            }
    }

    fn load(&self, bytes: &dyn ReadAt, longest: u64) -> Result<Vec<u8>, Fault> {
        if self.length > longest {
            let reason = format!("it has more than {} MiB", longest >> 20);
            return Err(Fault::hostile(SUBJECT, reason));
        }
        let mut directory = Vec::new();
        let length = usize::try_from(self.length).unwrap_or(usize::MAX);
        directory
            .try_reserve_exact(length)
            .map_err(|_| Fault::Memory)?;
        directory.resize(length, 0);
        read_exact_at(bytes, &mut directory, self.start).map_err(Fault::Read)?;
        Ok(directory)
    }
}

/// Where the end record starts: its comment must end where the archive does.
fn find_end(tail: &[u8]) -> Option<usize> {
    let last = tail.len().checked_sub(END_RECORD_BYTES)?;
    (0..=last).rev().find(|&at| {
        tail[at..].starts_with(b"PK\x05\x06")
            && at + END_RECORD_BYTES + usize::from(u16_at(tail, at + 20)) == tail.len()
    })
}

/// One entry of the directory, and what comes after it.
fn read_entry(rest: &[u8]) -> Result<(Member, &[u8]), Fault> {
    let cut = || Fault::damaged("the zip directory is cut short");
    if rest.len() < 46 || !rest.starts_with(b"PK\x01\x02") {
        return Err(cut());
    }
    let lengths = [28, 30, 32].map(|at| usize::from(u16_at(rest, at)));
    let (name_end, extra_end) = (46 + lengths[0], 46 + lengths[0] + lengths[1]);
    let (entry, after) = rest
        .split_at_checked(extra_end + lengths[2])
        .ok_or_else(cut)?;
    let flags = u16_at(entry, 8);
    let is_utf8 = flags & 0x800 != 0;
    let name = decode_name(&entry[46..name_end], is_utf8).ok_or_else(|| {
        Fault::damaged("a name in the zip directory is not the UTF-8 that it is said to be")
    })?;
    let Some((stored, size, header)) = sizes(entry, &entry[name_end..extra_end]) else {
        return Err(Fault::damaged_at(
            name,
            "the zip directory does not say how long it is",
        ));
    };
    let member = Member {
        name,
        is_utf8,
        // Encrypted; strongly; with hidden headers.
        is_encrypted: flags & 0x2041 != 0,
        method: u16_at(entry, 10),
        stored,
        size,
        crc32: u32_at(entry, 16),
        header,
        mode: if entry[5] == UNIX {
            u32_at(entry, 38) >> 16
        } else {
            0
        },
        limit: 0,
    };
    Ok((member, after))
}

/// Stored length, length and local header's offset, taken from the zip64 extra field where the
/// entry has no room for them.
fn sizes(entry: &[u8], extra: &[u8]) -> Option<(u64, u64, u64)> {
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
    let size = widen(u32_at(entry, 24))?;
    let stored = widen(u32_at(entry, 20))?;
    let header = widen(u32_at(entry, 42))?;
    Some((stored, size, header))
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

/// Give each member its limit, and refuse those that cannot end in front of it.
fn check_places(members: &mut [Member], directory: u64) -> Result<(), Fault> {
    let mut limit = directory;
    for member in members.iter_mut().rev() {
        member.limit = limit;
        let least = 30_u64.saturating_add(member.stored);
        if member
            .header
            .checked_add(least)
            .is_none_or(|end| end > limit)
        {
            let reason = "its bytes are also those of another member, or outside of the archive";
            return Err(Fault::damaged_at(member.name.clone(), reason));
        }
        limit = member.header;
    }
    Ok(())
}
