//! The bytes of members.

use std::io::Read;

use cs_archive::ReadAt;

use super::directory::Member;
use super::fields::u16_at;
use super::inflate::Inflater;
use super::names::decode_name;
use super::sink::Sink;
use crate::fault::Fault;
use crate::input::{Input, Monitor};

/// Reads members; best one after the other as they are in the archive.
pub(crate) struct Reader<'a> {
    input: Input<'a>,
    inflater: Inflater,
    names: Vec<u8>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a dyn ReadAt, monitor: &'a Monitor<'a>) -> Self {
        Self {
            input: Input::new(bytes, monitor, 0, bytes.len()),
            inflater: Inflater::new(),
            names: Vec::new(),
        }
    }

    /// Pass the bytes of a member to `sink`: as many as the directory says, with the checksum that it says.
    pub(crate) fn read(&mut self, member: &Member, sink: Sink) -> Result<(), Fault> {
        self.find(member)?;
        match (member.is_encrypted, member.method) {
            (false, 0 | 8) => self.inflater.copy(&mut self.input, member, sink),
            (true, _) => Err(Fault::damaged_at(&*member.name, "it is encrypted")),
            (_, method) => {
                let reason =
                    format!("it is compressed by method {method}; wheels are deflated or stored");
                Err(Fault::damaged_at(&*member.name, reason))
            }
        }
    }

    /// All bytes of a member, or an error where it has more than `most`.
    pub(crate) fn read_all(&mut self, member: &Member, most: u64) -> Result<Vec<u8>, Fault> {
        if member.size > most {
            let reason = format!("larger than {} MiB", most >> 20);
            return Err(Fault::hostile(&*member.name, reason));
        }
        let mut all = Vec::new();
        self.read(member, &mut |piece| {
            all.try_reserve(piece.len()).map_err(|_| Fault::Memory)?;
            all.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(all)
    }

    /// Go to where a member's bytes start. Its own header must call it as the directory does.
    fn find(&mut self, member: &Member) -> Result<(), Fault> {
        self.input.go_to(member.header);
        let mut header = [0; 30];
        self.fill(&mut header)?;
        let lengths = [26, 28].map(|at| usize::from(u16_at(&header, at)));
        let mut names = std::mem::take(&mut self.names);
        names.resize(lengths[0] + lengths[1], 0);
        self.fill(&mut names)?;
        let name = decode_name(&names[..lengths[0]], member.is_utf8);
        let is_same = name.as_deref() == Some(&*member.name);
        let end = member.header + 30 + names.len() as u64 + member.stored;
        self.names = names;
        if header.starts_with(b"PK\x03\x04") && is_same && end <= member.limit {
            return Ok(());
        }
        let reason = "its own header does not match the zip directory";
        Err(Fault::damaged_at(&*member.name, reason))
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Fault> {
        self.input.read_exact(buffer).map_err(Fault::decoding)
    }
}
