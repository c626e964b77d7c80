//! The commands that a noarch python package wants.

use std::collections::HashMap;
use std::io::Write;

use cs_archive::sha256;

use crate::clobber::Claimant;
use crate::entry_point::EntryPoint;
use crate::fault::Fault;
use crate::layout::{Layout, SCRIPTS};
use crate::linked::Linked;
use crate::maker::Maker;
use crate::record::{Digest, PathKind, PathRecord};
use crate::shared::{Shared, write_fault};
use crate::tree::Hand;

/// What was made, by path.
type Made = HashMap<String, PathRecord>;

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
        let mut made = HashMap::new();
        for entry_point in entry_points {
            self.create(entry_point, linked, &mut made)?;
        }
        linked
            .paths
            .retain(|record| !made.contains_key(&record.path));
        linked.paths.extend(made.into_values());
        Ok(())
    }

    /// Make the script of one command, and on Windows what starts it.
    fn create(
        &mut self,
        entry_point: &EntryPoint,
        linked: &mut Linked,
        made: &mut Made,
    ) -> Result<(), Fault> {
        let script = entry_point.script(self.layout, self.shared.prefix);
        let command = &entry_point.command;
        if cfg!(windows) {
            let launcher = self.shared.job.launcher.ok_or_else(|| {
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
                launcher,
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
        made: &mut Made,
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
            ..PathRecord::new(path.clone(), kind)
        };
        made.insert(path, record);
        Ok(())
    }
}
