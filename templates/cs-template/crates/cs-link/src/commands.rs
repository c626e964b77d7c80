//! The commands that a noarch python package wants.

use std::io::Write;

use crate::clobber::Claimant;
use crate::entry_point::EntryPoint;
use crate::fault::Fault;
use crate::input::{hash_bytes, to_hex};
use crate::layout::{Layout, SCRIPTS};
use crate::maker::Maker;
use crate::record::{PathKind, PathRecord};
use crate::shared::{Linked, Shared, write_fault};
use crate::tree::Hand;

/// Makes the package's entry points.
pub(crate) struct EntryPoints<'a, 't> {
    pub(crate) shared: &'a Shared<'a>,
    pub(crate) hand: &'a mut Hand<'t>,
    pub(crate) claimant: Claimant,
    pub(crate) layout: &'a Layout,
}

impl EntryPoints<'_, '_> {
    /// Make the script of one command, and on Windows what starts it.
    pub(crate) fn create(
        &mut self,
        entry_point: &EntryPoint,
        linked: &mut Linked,
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
            self.write(name, &script, PathKind::WindowsEntryPointScript, linked)?;
            self.write(
                format!("{SCRIPTS}/{command}.exe"),
                launcher,
                PathKind::WindowsEntryPointExe,
                linked,
            )
        } else {
            self.write(
                format!("{SCRIPTS}/{command}"),
                &script,
                PathKind::UnixEntryPoint,
                linked,
            )
        }
    }

    fn write(
        &mut self,
        path: String,
        bytes: &[u8],
        kind: PathKind,
        linked: &mut Linked,
    ) -> Result<(), Fault> {
        let mut maker = Maker {
            shared: self.shared,
            hand: self.hand,
            claimant: self.claimant,
        };
        let Some(mut made) = maker.make(&path, |hand, at| hand.create_file(at, 0o777))? else {
            return Ok(());
        };
        made.made
            .write_all(bytes)
            .map_err(|error| write_fault(self.shared, &path, error))?;
        linked.files += 1;
        linked.bytes += bytes.len() as u64;
        // A script of the package with the same name has just been replaced.
        linked.paths.retain(|record| record.path != path);
        linked.paths.push(PathRecord {
            sha256: Some(to_hex(&hash_bytes(bytes))),
            size_in_bytes: Some(bytes.len() as u64),
            ..PathRecord::new(path, kind)
        });
        Ok(())
    }
}
