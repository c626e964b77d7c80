//! DNS messages (RFC 1035): one question, and the addresses in its answer.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const HEADER_LENGTH: usize = 12;
const LONGEST_LABEL: usize = 63;
const LONGEST_NAME: usize = 253;
/// Most aliases that are followed from the name to its addresses.
const MOST_ALIASES: usize = 16;
const CLASS_INTERNET: u16 = 1;
const TYPE_ALIAS: u16 = 5;

/// Kind of address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Four,
    Six,
}

impl Family {
    fn record_type(self) -> u16 {
        match self {
            Self::Four => 1,
            Self::Six => 28,
        }
    }
}

/// One question.
#[derive(Debug)]
pub(crate) struct Query {
    family: Family,
    /// In lower case, without a dot at the end.
    name: String,
    /// The question section's bytes.
    question: Vec<u8>,
    id: u16,
}

/// What a server answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Addresses(Vec<IpAddr>),
    /// The name exists without an address of this family.
    NoAddress,
    NoSuchName,
    /// Cut short: to be asked for over TCP.
    Truncated,
    /// Another response code: the server could or would not answer.
    Failure(u8),
}

impl Query {
    /// Ask for `name`; `None` when no DNS name looks like that. Underscores are fine.
    pub(crate) fn new(name: &str, family: Family) -> Option<Self> {
        let mut question = Vec::with_capacity(name.len() + 6);
        for label in name.split('.') {
            if label.is_empty() || label.len() > LONGEST_LABEL {
                return None;
            }
            question.push(label.len() as u8);
            question.extend_from_slice(label.as_bytes());
        }
        question.push(0);
        question.extend_from_slice(&family.record_type().to_be_bytes());
        question.extend_from_slice(&CLASS_INTERNET.to_be_bytes());
        (name.len() <= LONGEST_NAME).then(|| Self {
            family,
            name: name.to_ascii_lowercase(),
            question,
            // A fresh RandomState has fresh keys: without seeing the question, an attacker cannot guess the number.
            id: RandomState::new().hash_one(name) as u16,
        })
    }

    /// The message: recursion desired, one question.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.id.to_be_bytes().to_vec();
        bytes.extend_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        bytes.extend_from_slice(&self.question);
        bytes
    }

    /// Read an answer to this question; `None` for an answer to another question, or one that cannot be parsed.
    pub(crate) fn read(&self, bytes: &[u8]) -> Option<Answer> {
        let mut reader = Reader { bytes, at: 0 };
        let (id, flags) = (reader.read_u16()?, reader.read_u16()?);
        let (questions, answers) = (reader.read_u16()?, reader.read_u16()?);
        let is_response = flags & 0x8000 != 0 && flags & 0x7800 == 0;
        if id != self.id || !is_response {
            return None;
        }
        let code = (flags & 0xf) as u8;
        reader.at = HEADER_LENGTH;
        // A server that understands nothing may leave the question out.
        if questions != 1 {
            return (questions == 0 && code != 0).then_some(Answer::Failure(code));
        }
        let asked = (reader.read_name()?, reader.read_u16()?, reader.read_u16()?);
        if asked != (self.name.clone(), self.family.record_type(), CLASS_INTERNET) {
            return None;
        }
        match code {
            _ if flags & 0x0200 != 0 => Some(Answer::Truncated),
            0 => self.read_records(reader, answers),
            3 => Some(Answer::NoSuchName),
            code => Some(Answer::Failure(code)),
        }
    }

    /// Addresses of the name, or of what it is an alias of; what else a server adds is not believed.
    fn read_records(&self, mut reader: Reader, count: u16) -> Option<Answer> {
        let (mut aliases, mut addresses) = (HashMap::new(), Vec::new());
        for _ in 0..count {
            let owner = reader.read_name()?;
            let (kind, class) = (reader.read_u16()?, reader.read_u16()?);
            reader.skip(4)?;
            let length = reader.read_u16()? as usize;
            let end = reader.at.checked_add(length)?;
            let data = reader.bytes.get(reader.at..end)?;
            if class == CLASS_INTERNET && kind == TYPE_ALIAS {
                aliases.insert(owner, reader.read_name()?);
            } else if class == CLASS_INTERNET && kind == self.family.record_type() {
                addresses.push((owner, read_address(self.family, data)?));
            }
            reader.at = end;
        }
        let mut names = vec![&self.name];
        while let Some(next) = aliases.get(names[names.len() - 1])
            && names.len() <= MOST_ALIASES
        {
            names.push(next);
        }
        addresses.retain(|(owner, _)| names.contains(&owner));
        Some(if addresses.is_empty() {
            Answer::NoAddress
        } else {
            Answer::Addresses(addresses.into_iter().map(|(_, address)| address).collect())
        })
    }
}

fn read_address(family: Family, data: &[u8]) -> Option<IpAddr> {
    Some(match family {
        Family::Four => Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?).into(),
        Family::Six => Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?).into(),
    })
}

/// Reads a message from its front; every way out of it is `None`.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn read_u8(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn read_u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes([self.read_u8()?, self.read_u8()?]))
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.at = self.at.checked_add(count)?;
        (self.at <= self.bytes.len()).then_some(())
    }

    /// A name in lower case. The end of one may be a pointer to an earlier place, and only to an earlier one: no loops.
    fn read_name(&mut self) -> Option<String> {
        let mut name = String::new();
        let (mut at, mut after) = (self.at, None);
        loop {
            let length = *self.bytes.get(at)? as usize;
            match length {
                0 => break,
                1..=LONGEST_LABEL => {
                    let label = self.bytes.get(at + 1..at + 1 + length)?;
                    if !name.is_empty() {
                        name.push('.');
                    }
                    name.extend(label.iter().map(|byte| byte.to_ascii_lowercase() as char));
                    at += 1 + length;
                }
                0xc0.. => {
                    let target = (length & 0x3f) << 8 | *self.bytes.get(at + 1)? as usize;
                    after.get_or_insert(at + 2);
                    at = (target < at).then_some(target)?;
                }
                _ => return None,
            }
            // Each byte of a Latin-1 label is one character here.
            if name.chars().count() > LONGEST_NAME {
                return None;
            }
        }
        self.at = after.unwrap_or(at + 1);
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str) -> Query {
        Query::new(name, Family::Four).unwrap()
    }

    /// A response with these records, each an owner (as bytes), a type and data.
    fn response(query: &Query, flags: u16, records: &[(&[u8], u16, &[u8])]) -> Vec<u8> {
        let mut bytes = query.to_bytes();
        bytes[2..4].copy_from_slice(&flags.to_be_bytes());
        bytes[6..8].copy_from_slice(&(records.len() as u16).to_be_bytes());
        for (owner, kind, data) in records {
            bytes.extend_from_slice(owner);
            bytes.extend_from_slice(&kind.to_be_bytes());
            bytes.extend_from_slice(&[0, 1, 0, 0, 0, 60]);
            bytes.extend_from_slice(&(data.len() as u16).to_be_bytes());
            bytes.extend_from_slice(data);
        }
        bytes
    }

    const OWN: &[u8] = &[0xc0, 12];
    const ADDRESS: &[u8] = &[10, 0, 0, 1];

    #[test]
    fn names_that_cannot_be_are_refused_and_underscores_are_not() {
        assert!(Query::new("_x.a_b.example", Family::Four).is_some());
        let long = format!("{}.example", "x".repeat(64));
        let very_long = ["abcdefghi"; 26].join(".");
        for name in ["", "a..b", ".a", "a.", &long, &very_long] {
            assert!(Query::new(name, Family::Six).is_none(), "{name}");
        }
    }

    #[test]
    fn addresses_of_the_name_and_of_its_aliases_count() {
        let query = query("Demo.Example");
        let alias = b"\x05other\x03net\x00";
        let records: [(&[u8], u16, &[u8]); 4] = [
            (b"\x05other\x03NET\x00", 1, ADDRESS),
            (OWN, 5, alias),
            (b"\x04evil\x03net\x00", 1, &[6, 6, 6, 6]),
            (OWN, 46, b"signature"),
        ];
        let answer = query.read(&response(&query, 0x8180, &records));
        assert_eq!(answer, Some(Answer::Addresses(vec![[10, 0, 0, 1].into()])));
    }

    #[test]
    fn aliases_in_a_circle_end() {
        let query = query("a");
        let records: [(&[u8], u16, &[u8]); 2] =
            [(OWN, 5, b"\x01b\x00"), (b"\x01b\x00", 5, b"\x01a\x00")];
        assert_eq!(
            query.read(&response(&query, 0x8180, &records)),
            Some(Answer::NoAddress)
        );
    }

    #[test]
    fn each_response_code_has_its_own_meaning() {
        let query = query("demo.example");
        for (flags, answer) in [
            (0x8180, Answer::NoAddress),
            (0x8183, Answer::NoSuchName),
            (0x8182, Answer::Failure(2)),
            (0x8185, Answer::Failure(5)),
            (0x8380, Answer::Truncated),
        ] {
            assert_eq!(
                query.read(&response(&query, flags, &[])),
                Some(answer),
                "{flags:x}"
            );
        }
    }

    #[test]
    fn unrelated_answers_are_ignored() {
        let (asked, other) = (query("demo.example"), query("evil.example"));
        let good = response(&asked, 0x8180, &[(OWN, 1, ADDRESS)]);
        assert!(asked.read(&good).is_some());
        let mut wrong_id = good.clone();
        wrong_id[0] ^= 1;
        let mut other_question = response(&other, 0x8180, &[(OWN, 1, ADDRESS)]);
        other_question[..2].copy_from_slice(&good[..2]);
        let question = response(&asked, 0x0100, &[]);
        let bad_length = response(&asked, 0x8180, &[(OWN, 1, &[1, 2, 3])]);
        let loops = response(&asked, 0x8180, &[(&[0xc0, 30], 1, ADDRESS)]);
        for bytes in [wrong_id, other_question, question, bad_length, loops] {
            assert_eq!(asked.read(&bytes), None, "{bytes:x?}");
        }
    }

    #[test]
    fn cut_or_changed_bytes_never_panic() {
        let query = query("demo.example");
        let good = response(
            &query,
            0x8180,
            &[(OWN, 5, b"\x01b\xc0\x0c"), (OWN, 1, ADDRESS)],
        );
        for length in 0..good.len() {
            assert_eq!(query.read(&good[..length]), None);
        }
        let mut random = RandomState::new().hash_one(1) | 1;
        for _ in 0..200_000 {
            let mut bytes = good.clone();
            for _ in 0..3 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let at = random as usize % bytes.len();
                bytes[at] = (random >> 32) as u8;
            }
            let _ = query.read(&bytes);
        }
    }
}
