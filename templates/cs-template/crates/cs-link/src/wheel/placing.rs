//! The files of a wheel, and what comes with them.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write;

use cs_archive::Sha256;

use super::contents::Contents;
use super::made::{FILE_MODE, Made, PROGRAM_MODE};
use super::rows::{Facts, Row, render_rows};
use super::scheme::Scheme;
use super::script::{has_placeholder, replace_first_line};
use super::site::to_site;
use super::targets::Target;
use crate::clobber::{Claimant, fold};
use crate::fault::Fault;
use crate::input::Monitor;
use crate::linked::Linked;
use crate::maker::Maker;
use crate::shared::{Shared, write_fault};
use crate::tree::{Hand, start_writing};
use crate::zip::{Member, Reader};

const EXECUTE: u32 = 0o111;

/// A wheel that is being put in place.
pub(super) struct Placing<'a, 't> {
    pub(super) shared: &'a Shared<'a>,
    pub(super) hand: &'a mut Hand<'t>,
    pub(super) monitor: &'a Monitor<'a>,
    pub(super) claimant: Claimant,
    pub(super) scheme: &'a Scheme<'a>,
    /// What is in place so far, as RECORD has it.
    pub(super) rows: Vec<Row>,
    /// Paths at which one file of the wheel took the place of another, as the system compares them.
    pub(super) superseded: HashSet<String>,
    pub(super) linked: Linked,
}

impl Placing<'_, '_> {
    /// Put all members where they belong, then what is made, RECORD last.
    pub(super) fn place_all(
        mut self,
        members: &[Member],
        targets: Vec<Option<Target>>,
        reader: &mut Reader,
        mut contents: Contents,
        made: Made,
    ) -> Result<Linked, Fault> {
        for (member, target) in members.iter().zip(targets) {
            let Some(target) = target else {
                continue;
            };
            if let Some(rewritten) = self.place(member, &target, reader)? {
                let known = contents.rows.remove(&member.name);
                self.record(
                    &target.path,
                    rewritten.or(known).unwrap_or_else(|| unknown(member)),
                );
            }
            self.monitor.count_file();
            if self.scheme.layout.is_module(&target.path) {
                self.linked.modules.push(target.path);
            }
        }
        for file in &made.0 {
            if self.make(&file.path, file.mode, &file.bytes)? {
                self.record(&file.path, Facts::of(&file.bytes));
            }
        }
        let name = format!("{}.dist-info/RECORD", contents.stem);
        // uv rewrites it in place, so it keeps its mode.
        let own = members.iter().find(|member| member.name == name);
        let mode = own.map_or(FILE_MODE, |member| mode_of(member, false));
        let record = self.scheme.in_site(&name);
        self.record(&record, Facts::default());
        self.drop_superseded();
        let text = render_rows(std::mem::take(&mut self.rows));
        self.make(&record, mode, text.as_bytes())?;
        self.linked.record = Some(record);
        Ok(self.linked)
    }

    fn record(&mut self, path: &str, facts: Facts) {
        let path = to_site(&self.scheme.layout.site_packages, path);
        self.rows.push(Row { path, facts });
    }

    /// Of several files of the wheel that went to one path, know the last alone.
    fn drop_superseded(&mut self) {
        let mut last = HashSet::new();
        self.rows.reverse();
        self.rows.retain(|row| {
            let path = fold(&row.path);
            !self.superseded.contains(&*path) || last.insert(path.into_owned())
        });
        self.rows.reverse();
    }

    /// Write a member, unless another package has more right to its path, which is
    /// `None`; what is to be said of it where it was changed.
    fn place(
        &mut self,
        member: &Member,
        target: &Target,
        reader: &mut Reader,
    ) -> Result<Option<Option<Facts>>, Fault> {
        let mode = mode_of(member, target.is_script);
        let Some(file) = self.create(&target.path, mode)? else {
            return Ok(None);
        };
        let mut writing = Writing {
            shared: self.shared,
            path: &target.path,
            file,
            written: 0,
            hash: None,
        };
        let (scheme, monitor) = (self.scheme, self.monitor);
        let mut is_start = target.is_script;
        reader.read(member, &mut |piece| {
            if monitor.is_cancelled() {
                return Err(Fault::Cancelled);
            }
            if std::mem::take(&mut is_start) && has_placeholder(piece) {
                let (line, rest) = replace_first_line(piece, scheme);
                writing.hash = Some(Sha256::new());
                writing.take(&line)?;
                return writing.take(rest);
            }
            writing.take(piece)
        })?;
        start_writing(&writing.file, writing.written);
        self.linked.bytes += writing.written;
        Ok(Some(writing.hash.map(|hash| {
            Facts::of_digest(hash.finish(), writing.written)
        })))
    }

    /// Write a file of these bytes, unless another package has more right to its path.
    fn make(&mut self, path: &str, mode: u32, bytes: &[u8]) -> Result<bool, Fault> {
        let Some(mut file) = self.create(path, mode)? else {
            return Ok(false);
        };
        file.write_all(bytes)
            .map_err(|error| write_fault(self.shared, path, error))?;
        self.linked.bytes += bytes.len() as u64;
        Ok(true)
    }

    fn create(&mut self, path: &str, mode: u32) -> Result<Option<File>, Fault> {
        let mut maker = Maker {
            shared: self.shared,
            hand: self.hand,
            claimant: self.claimant,
        };
        let made = maker.make(path, |hand, at| hand.create_file(at, mode))?;
        self.linked.files += u64::from(made.is_some());
        if made.as_ref().is_some_and(|made| made.supersedes) {
            let path = to_site(&self.scheme.layout.site_packages, path);
            self.superseded.insert(fold(&path).into_owned());
        }
        Ok(made.map(|made| made.made))
    }
}

/// The mode of a member that is in place.
fn mode_of(member: &Member, is_script: bool) -> u32 {
    if is_script || member.mode & EXECUTE != 0 {
        PROGRAM_MODE
    } else {
        FILE_MODE
    }
}

/// What is known of a member that the wheel's RECORD does not list.
fn unknown(member: &Member) -> Facts {
    Facts {
        hash: String::new(),
        size: Some(member.size),
    }
}

/// A file that is being written.
struct Writing<'w> {
    shared: &'w Shared<'w>,
    path: &'w str,
    file: File,
    written: u64,
    /// Of what is not as it is in the wheel.
    hash: Option<Sha256>,
}

impl Writing<'_> {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if let Some(hash) = &mut self.hash {
            hash.update(bytes);
        }
        self.written += bytes.len() as u64;
        self.file
            .write_all(bytes)
            .map_err(|error| write_fault(self.shared, self.path, error))
    }
}
