//! Wheels: archives of Python projects, put in place as uv and pip do it.
//!
//! The format is PyPA's "Binary distribution format", what is left in the prefix "Recording installed projects".
//! A wheel says what it holds in the directory of its zip archive: everything is looked at before a file is made.

mod contents;
mod entry_points;
mod interpreters;
mod made;
mod placing;
mod rows;
mod scheme;
mod script;
mod site;
mod targets;

use std::collections::HashSet;
use std::sync::PoisonError;

use cs_archive::ReadAt;

use self::contents::Contents;
use self::made::Made;
use self::placing::Placing;
use self::scheme::Scheme;
use self::targets::Targets;
use crate::checks::check_room;
use crate::fault::Fault;
use crate::input::Monitor;
use crate::limits::{LONG_LIST, LONGEST_PATHS, check_count, most_entries, plausible_limit};
use crate::linked::Linked;
use crate::shared::Shared;
use crate::system::System;
use crate::tree::Hand;
use crate::zip::{Directory, Member, Reader};
use crate::{Package, Wheel};

pub(crate) use contents::normalize_name;
pub(crate) use cs_file::record::from_site;
pub(crate) use rows::{Facts, Row, decode_hash, read_rows, render_rows};
pub(crate) use site::to_site;

/// An entry of a zip directory takes about half of what is made of it in memory.
const LONG_DIRECTORY: u64 = LONG_LIST / 4;

/// Put the files of a verified wheel in place, and write its RECORD.
pub(crate) fn link_wheel(
    shared: &Shared,
    hand: &mut Hand,
    (index, package, wheel): (usize, &Package, &Wheel),
    bytes: &dyn ReadAt,
    monitor: &Monitor,
) -> Result<Linked, Fault> {
    let layout = shared.layout.ok_or(Fault::MissingPython)?;
    let directory = Directory::find(bytes)?;
    // Not all wheels with many members take their memory at once.
    let is_long = directory.len() > LONG_DIRECTORY;
    let lock = || {
        shared
            .long_lists
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    };
    let _turn = is_long.then(lock);
    let most = most_entries(bytes.len());
    let members = directory.read(bytes, LONGEST_PATHS as u64, most)?;
    check_sizes(&members, bytes.len(), shared, &package.archive.file_name)?;
    let mut reader = Reader::new(bytes, monitor);
    let contents = Contents::read(&members, &mut reader, &package.name, layout.minor_version())?;
    let scheme = Scheme {
        system: System::HERE,
        layout,
        project: &package.name,
        prefix: shared.prefix,
    };
    let made = Made::new(&contents, &scheme, wheel, shared.job.launchers)?;
    let targets = Targets::new(shared.job, &scheme, &contents).find_all(&members, &made.paths())?;
    let paths = targets.iter().flatten().map(|target| &*target.path);
    check_count(paths.collect(), made.0.len(), most)?;
    let placing = Placing {
        shared,
        hand,
        monitor,
        claimant: shared.claims.claimant_of(index),
        scheme: &scheme,
        rows: Vec::with_capacity(members.len() + made.0.len()),
        superseded: HashSet::new(),
        linked: Linked::default(),
    };
    placing.place_all(&members, targets, &mut reader, contents, made)
}

/// Stop before anything is written when the wheel is a bomb, or has no room.
fn check_sizes(
    members: &[Member],
    length: u64,
    shared: &Shared,
    file_name: &str,
) -> Result<(), Fault> {
    let limit = plausible_limit(length);
    let sizes = members.iter().map(|member| member.size);
    let sum = sizes.fold(0, u64::saturating_add);
    if sum > limit.bytes {
        return Err(Fault::hostile("the zip directory", limit.reason));
    }
    check_room(sum, shared, file_name)
}
