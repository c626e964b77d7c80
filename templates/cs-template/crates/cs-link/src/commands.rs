//! The commands that a noarch python package wants.

use std::collections::HashMap;
use std::io::Write;

use cs_archive::sha256;

use crate::clobber::{Claimant, fold};
use crate::entry_point::EntryPoint;
use crate::fault::Fault;
use crate::layout::{Layout, SCRIPTS};
use crate::linked::Linked;
use crate::maker::Maker;
use crate::record::{Digest, PathKind, PathRecord};
use crate::shared::{Shared, write_fault};
use crate::tree::Hand;

/// Makes the package's entry points.
pub(crate) struct EntryPoints<'a, 't> {
    pub(crate) shared: &'a Shared<'a>,
    pub(crate) hand: &'a mut Hand<'t>,
    pub(crate) claimant: Claimant,
    pub(crate) layout: &'a Layout,
}

impl EntryPoints<'_, '_> {
    /// Make the scripts of all commands. Of two with one name the later one stays, in
    /// place of a script of the package too.
    pub(crate) fn create_all(
        mut self,
        entry_points: &[EntryPoint],
        linked: &mut Linked,
    ) -> Result<(), Fault> {
        let mut made = Vec::new();
        for entry_point in entry_points {
            self.create(entry_point, linked, &mut made)?;
        }
        supersede(&mut linked.paths, made, |record| &record.path);
        Ok(())
    }

    /// Make the script of one command, and on Windows what starts it.
    fn create(
        &mut self,
        entry_point: &EntryPoint,
        linked: &mut Linked,
        made: &mut Vec<PathRecord>,
    ) -> Result<(), Fault> {
        let script = entry_point.script(self.layout, self.shared.prefix);
        let command = &entry_point.command;
        if cfg!(windows) {
            let launchers = self.shared.job.launchers.ok_or_else(|| {
                Fault::Plan(format!(
                    "the entry point {command:?} needs a launcher, and this runtime has none"
                ))
            })?;
            let name = format!("{SCRIPTS}/{command}-script.py");
            self.write(
                name,
                &script,
                PathKind::WindowsEntryPointScript,
                linked,
                made,
            )?;
            self.write(
                format!("{SCRIPTS}/{command}.exe"),
                launchers.console,
                PathKind::WindowsEntryPointExe,
                linked,
                made,
            )
        } else {
            self.write(
                format!("{SCRIPTS}/{command}"),
                &script,
                PathKind::UnixEntryPoint,
                linked,
                made,
            )
        }
    }

    fn write(
        &mut self,
        path: String,
        bytes: &[u8],
        kind: PathKind,
        linked: &mut Linked,
        made: &mut Vec<PathRecord>,
    ) -> Result<(), Fault> {
        let mut maker = Maker {
            shared: self.shared,
            hand: self.hand,
            claimant: self.claimant,
        };
        let Some(mut script) = maker.make(&path, |hand, at| hand.create_file(at, 0o777))? else {
            return Ok(());
        };
        script
            .made
            .write_all(bytes)
            .map_err(|error| write_fault(self.shared, &path, error))?;
        linked.files += 1;
        linked.bytes += bytes.len() as u64;
        let record = PathRecord {
            sha256: Some(Digest(sha256(bytes))),
            size_in_bytes: Some(bytes.len() as u64),
            ..PathRecord::new(path, kind)
        };
        made.push(record);
        Ok(())
    }
}

/// Put new records in place of those with the same paths; of new ones with one path the last stays.
fn supersede<T>(records: &mut Vec<T>, new: Vec<T>, path_of: impl Fn(&T) -> &str) {
    let by_path: HashMap<String, T> = new
        .into_iter()
        .map(|record| (fold(path_of(&record)).into_owned(), record))
        .collect();
    records.retain(|record| !by_path.contains_key(&*fold(path_of(record))));
    records.extend(by_path.into_values());
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn new_records_supersede_old_ones_by_path_and_each_path_is_looked_at_once() {
        let looks = Cell::new(0);
        let mut records: Vec<(String, u32)> = (0..3000).map(|n| (format!("bin/{n}"), 0)).collect();
        // The last thousand of them and another thousand, each twice.
        let new = (1..=2).flat_map(|round| (2000..4000).map(move |n| (format!("bin/{n}"), round)));
        supersede(&mut records, new.collect(), |record| {
            looks.set(looks.get() + 1);
            &record.0
        });
        assert_eq!(looks.get(), 3000 + 2 * 2000);
        records.sort_by_key(|(path, _)| path[4..].parse::<u32>().unwrap());
        let expected = (0..4000).map(|n| (format!("bin/{n}"), if n < 2000 { 0 } else { 2 }));
        assert_eq!(records, expected.collect::<Vec<_>>());
    }
}
