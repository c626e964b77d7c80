//! What remembers the paths of a package: `conda-meta/*.json`, or a wheel's RECORD.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::{Read, Write};
use std::sync::atomic::AtomicBool;

use crate::LinkError;
use crate::clobber::fold;
use crate::fault::Fault;
use crate::hashing::{BUFFER_BYTES, hash_all};
use crate::record::{self, Digest, PathKind, PathRecord};
use crate::shared::{Shared, write_fault};
use crate::tree::{Hand, replace_file};
use crate::wheel::{Facts, Row, from_site, read_rows, render_rows, to_site};

/// The paths that a package's record lists.
pub(crate) fn read_paths(
    shared: &Shared,
    hand: &mut Hand,
    index: usize,
) -> Result<Vec<PathRecord>, Fault> {
    let package = &shared.job.packages[index];
    if let Some(conda) = package.conda() {
        return record::read_paths(shared, hand, (package, conda));
    }
    let Some((site, record)) = find_record(shared, index) else {
        return Ok(Vec::new());
    };
    let paths = read_record(shared, hand, &record)?
        .into_iter()
        .filter_map(|row| from_site(site, &row.path));
    Ok(paths
        .map(|path| PathRecord::new(path, PathKind::File))
        .collect())
}

/// Where a package's record is; none for a wheel whose RECORD is another package's by now.
pub(crate) fn locate_record(shared: &Shared, index: usize) -> Result<Option<String>, Fault> {
    let package = &shared.job.packages[index];
    match package.conda() {
        Some(conda) => record::record_path((package, conda)).map(Some),
        None => Ok(find_record(shared, index).map(|(_, record)| record)),
    }
}

/// Have the records say what link scripts have made of the packages' files.
pub(crate) fn amend_records(
    shared: &Shared,
    hand: &mut Hand,
    changed: &[String],
) -> Result<(), LinkError> {
    if changed.is_empty() {
        return Ok(());
    }
    let changed: HashSet<Cow<str>> = changed.iter().map(|path| fold(path)).collect();
    for (index, package) in shared.job.packages.iter().enumerate() {
        amend_record(shared, hand, index, &changed).map_err(|fault| fault.of(package))?;
    }
    Ok(())
}

fn amend_record(
    shared: &Shared,
    hand: &mut Hand,
    index: usize,
    changed: &HashSet<Cow<str>>,
) -> Result<(), Fault> {
    let package = &shared.job.packages[index];
    if let Some(conda) = package.conda() {
        return record::amend_record(shared, hand, (package, conda), &mut |hand, path| {
            let is_changed = changed.contains(&*fold(&path.path));
            Ok(is_changed && amend_path(shared, hand, path)?)
        });
    }
    let Some((site, record)) = find_record(shared, index) else {
        return Ok(());
    };
    let (Ok(mut rows), mut is_amended) = (read_record(shared, hand, &record), false) else {
        return Ok(());
    };
    for row in &mut rows {
        let path = from_site(site, &row.path);
        let path = path.filter(|path| changed.contains(&*fold(path)) && *path != record);
        if let Some((sha256, size)) = path.map_or(Ok(None), |path| describe(shared, hand, &path))? {
            let facts = Facts::of_digest(sha256, size);
            // What has no hash, such as a compiled module, keeps none.
            if !row.facts.hash.is_empty() && row.facts != facts {
                row.facts = facts;
                is_amended = true;
            }
        }
    }
    if is_amended {
        store_rows(shared, hand, &record, rows)?;
    }
    Ok(())
}

/// Say of a file or link what is there now; whether that differs from before.
fn amend_path(shared: &Shared, hand: &mut Hand, path: &mut PathRecord) -> Result<bool, Fault> {
    if path.path_type == PathKind::SoftLink {
        let target = hand.read_link(&path.path).ok();
        let was = std::mem::replace(&mut path.link_target, target);
        return Ok(was != path.link_target);
    }
    if path.path_type == PathKind::Compiled {
        return Ok(false);
    }
    let Some((sha256, size)) = describe(shared, hand, &path.path)? else {
        return Ok(false);
    };
    // The clock of a file system is coarse: files that were written just before the scripts started come here too.
    if path.sha256_in_prefix.or(path.sha256) == Some(Digest(sha256)) {
        return Ok(false);
    }
    path.sha256_in_prefix = Some(Digest(sha256));
    path.size_in_bytes = Some(size);
    Ok(true)
}

/// SHA-256 and size of a regular file; none of anything else.
fn describe(
    shared: &Shared,
    hand: &mut Hand,
    path: &str,
) -> Result<Option<([u8; 32], u64)>, Fault> {
    let fault = |error| write_fault(shared, path, error);
    let Ok(file) = hand.open_file(path) else {
        return Ok(None);
    };
    if !file.metadata().map_err(fault)?.is_file() {
        return Ok(None);
    }
    let mut buffer = vec![0; BUFFER_BYTES];
    hash_all(file, &mut buffer, &AtomicBool::new(false))
        .map(Some)
        .map_err(fault)
}

/// Take paths, which are folded, out of a package's record, and add compiled modules.
pub(crate) fn edit_record(
    shared: &Shared,
    hand: &mut Hand,
    index: usize,
    lost: &HashSet<Cow<str>>,
    compiled: Vec<String>,
) -> Result<(), Fault> {
    let package = &shared.job.packages[index];
    if let Some(conda) = package.conda() {
        let added = compiled.into_iter();
        let added = added.map(|path| PathRecord::new(path, PathKind::Compiled));
        return record::edit_record(shared, hand, (package, conda), lost, added.collect());
    }
    let Some((site, record)) = find_record(shared, index) else {
        return Ok(());
    };
    let mut rows = read_record(shared, hand, &record)?;
    rows.retain(|row| {
        let path = from_site(site, &row.path);
        !path.is_some_and(|path| lost.contains(&fold(&path)))
    });
    rows.extend(compiled.iter().map(|path| Row {
        path: to_site(site, path),
        facts: Facts::default(),
    }));
    store_rows(shared, hand, &record, rows)
}

fn store_rows(shared: &Shared, hand: &mut Hand, record: &str, rows: Vec<Row>) -> Result<(), Fault> {
    let write =
        |hand: &mut Hand| replace_file(hand, record)?.write_all(render_rows(rows).as_bytes());
    write(hand).map_err(|error| write_fault(shared, record, error))
}

/// `site-packages`, and the RECORD of a wheel that still has its own.
fn find_record<'a>(shared: &Shared<'a>, index: usize) -> Option<(&'a str, String)> {
    let record = shared.wheels.find(index)?;
    let is_own = shared
        .claims
        .owns(&record, shared.claims.claimant_of(index));
    is_own.then_some((&*shared.layout?.site_packages, record))
}

fn read_record(shared: &Shared, hand: &mut Hand, record: &str) -> Result<Vec<Row>, Fault> {
    let mut text = Vec::new();
    hand.open_file(record)
        .and_then(|mut file| file.read_to_end(&mut text))
        .map_err(|error| write_fault(shared, record, error))?;
    Ok(read_rows(&text))
}
