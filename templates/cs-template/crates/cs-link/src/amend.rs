//! Records say what link scripts have left of the packages' files.

use std::io::ErrorKind;
use std::sync::atomic::AtomicBool;

use crate::clobber::BYTECODE;
use crate::fault::Fault;
use crate::hashing::{BUFFER_BYTES, hash_all};
use crate::record::{Digest, PathKind, PathRecord, read_paths, store_paths};
use crate::records::{find_record, read_record, store_rows};
use crate::shared::{Shared, write_fault};
use crate::tree::{Hand, is_obstructed};
use crate::untouched::Untouched;
use crate::wheel::{Facts, from_site};
use crate::{Conda, LinkError, Package};

/// Look at everything that records list and scripts may have touched, and have the records say what it is now.
pub(crate) fn amend_records(
    shared: &Shared,
    hand: &mut Hand,
    untouched: &Untouched,
) -> Result<(), LinkError> {
    let touched = untouched.find_touched();
    // Nothing says which package a compiled module is of.
    let concerns_all = touched.contains(&BYTECODE);
    // One that does not make directories which are gone.
    let mut reader = shared.tree.reader();
    for (index, package) in shared.job.packages.iter().enumerate() {
        if !concerns_all && !touched.contains(&shared.claims.claimant_of(index)) {
            continue;
        }
        let hands = (&mut *hand, &mut reader);
        let amended = match package.conda() {
            Some(conda) => amend_conda(shared, hands, (package, conda), untouched),
            None => amend_wheel(shared, hands, index, untouched),
        };
        amended.map_err(|fault| fault.of(package))?;
    }
    Ok(())
}

/// Amend a record of conda's. What a link script has made of the record itself is left so.
fn amend_conda(
    shared: &Shared,
    (hand, reader): (&mut Hand, &mut Hand),
    package: (&Package, &Conda),
    untouched: &Untouched,
) -> Result<(), Fault> {
    let Ok(paths) = read_paths(shared, hand, package) else {
        return Ok(());
    };
    let amended = amend_each(paths, |path| {
        if untouched.has(&path.path) {
            return Ok(Amendment::None);
        }
        Ok(amend_path(path, look(shared, reader, &path.path)?))
    })?;
    amended.map_or(Ok(()), |paths| store_paths(shared, hand, package, &paths))
}

/// Amend a wheel's RECORD, which lists files alone.
fn amend_wheel(
    shared: &Shared,
    (hand, reader): (&mut Hand, &mut Hand),
    index: usize,
    untouched: &Untouched,
) -> Result<(), Fault> {
    let Some((site, record)) = find_record(shared, index) else {
        return Ok(());
    };
    let Ok(rows) = read_record(shared, hand, &record) else {
        return Ok(());
    };
    let amended = amend_each(rows, |row| {
        let path = from_site(site, &row.path);
        match path.filter(|path| *path != record && !untouched.has(path)) {
            Some(path) => Ok(amend_facts(&mut row.facts, look(shared, reader, &path)?)),
            None => Ok(Amendment::None),
        }
    })?;
    amended.map_or(Ok(()), |rows| store_rows(shared, hand, &record, rows))
}

/// What is to be done to what a record says of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Amendment {
    /// It is right.
    None,
    /// It has been put right.
    Made,
    /// It is to go: there is nothing that a record could describe.
    Removal,
}

/// Amend each entry of a record; those that stay, if anything was to be done.
fn amend_each<T>(
    entries: Vec<T>,
    mut amend: impl FnMut(&mut T) -> Result<Amendment, Fault>,
) -> Result<Option<Vec<T>>, Fault> {
    let (mut kept, mut is_amended) = (Vec::with_capacity(entries.len()), false);
    for mut entry in entries {
        let amendment = amend(&mut entry)?;
        is_amended |= amendment != Amendment::None;
        if amendment != Amendment::Removal {
            kept.push(entry);
        }
    }
    Ok(is_amended.then_some(kept))
}

/// What is at a path.
enum Found {
    File {
        sha256: [u8; 32],
        size: u64,
    },
    Link(String),
    Directory,
    /// Nothing, or nothing that a record could describe.
    Nothing,
    /// It cannot be read.
    Unknown,
}

fn look(shared: &Shared, hand: &mut Hand, path: &str) -> Result<Found, Fault> {
    let fault = |error| write_fault(shared, path, error);
    let file = match hand.open_file(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Ok(look_closer(hand, path, &error)),
    };
    let metadata = file.metadata().map_err(fault)?;
    if metadata.is_dir() {
        return Ok(Found::Directory);
    }
    if !metadata.is_file() {
        return Ok(Found::Nothing);
    }
    let mut buffer = vec![0; BUFFER_BYTES];
    let (sha256, size) = hash_all(file, &mut buffer, &AtomicBool::new(false)).map_err(fault)?;
    Ok(Found::File { sha256, size })
}

/// What is at a path that cannot be opened as a file.
fn look_closer(hand: &mut Hand, path: &str, error: &std::io::Error) -> Found {
    if let Ok(target) = hand.read_link(path) {
        return Found::Link(target);
    }
    match hand.is_directory(path) {
        Ok(true) => Found::Directory,
        _ if is_obstructed(error) => Found::Nothing,
        _ => Found::Unknown,
    }
}

/// Have a record of conda's say what there is.
fn amend_path(path: &mut PathRecord, found: Found) -> Amendment {
    let was = path.clone();
    match found {
        Found::Unknown => {}
        Found::Nothing => return Amendment::Removal,
        Found::Directory => be_of(path, &[PathKind::Directory]),
        Found::Link(target) => {
            be_of(path, &[PathKind::SoftLink]);
            path.link_target = Some(target);
        }
        Found::File { sha256, size } => {
            be_of(path, &FILES);
            // The clock of a file system is coarse: what was written just before the scripts started comes here too.
            let is_known = path.sha256_in_prefix.or(path.sha256) == Some(Digest(sha256));
            if !is_known && path.path_type != PathKind::Compiled {
                path.sha256_in_prefix = Some(Digest(sha256));
                path.size_in_bytes = Some(size);
            }
        }
    }
    if *path == was {
        Amendment::None
    } else {
        Amendment::Made
    }
}

/// Kinds of regular files. What a script has put in place of another kind is of the first.
const FILES: [PathKind; 5] = [
    PathKind::File,
    PathKind::Compiled,
    PathKind::UnixEntryPoint,
    PathKind::WindowsEntryPointScript,
    PathKind::WindowsEntryPointExe,
];

/// Forget what is said of a path that is of none of these kinds any more.
fn be_of(path: &mut PathRecord, kinds: &[PathKind]) {
    if !kinds.contains(&path.path_type) {
        *path = PathRecord::new(std::mem::take(&mut path.path), kinds[0]);
    }
}

/// Have a row of a RECORD say what there is.
fn amend_facts(facts: &mut Facts, found: Found) -> Amendment {
    match found {
        Found::Unknown => Amendment::None,
        // What has no hash, such as a compiled module, keeps none.
        Found::File { .. } if facts.hash.is_empty() => Amendment::None,
        Found::File { sha256, size } => {
            let is = Facts::of_digest(sha256, size);
            if *facts == is {
                return Amendment::None;
            }
            *facts = is;
            Amendment::Made
        }
        Found::Link(_) | Found::Directory | Found::Nothing => Amendment::Removal,
    }
}
