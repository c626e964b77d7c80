//! What remembers the paths of a package: `conda-meta/*.json`, or a wheel's RECORD.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::{Read, Write};

use crate::clobber::fold;
use crate::fault::Fault;
use crate::record::{self, PathKind, PathRecord};
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

/// Write the RECORD of a wheel.
pub(crate) fn store_rows(
    shared: &Shared,
    hand: &mut Hand,
    record: &str,
    rows: Vec<Row>,
) -> Result<(), Fault> {
    let write =
        |hand: &mut Hand| replace_file(hand, record)?.write_all(render_rows(rows).as_bytes());
    write(hand).map_err(|error| write_fault(shared, record, error))
}

/// `site-packages`, and the RECORD of a wheel that still has its own.
pub(crate) fn find_record<'a>(shared: &Shared<'a>, index: usize) -> Option<(&'a str, String)> {
    let record = shared.wheels.find(index)?;
    let is_own = shared
        .claims
        .owns(&record, shared.claims.claimant_of(index));
    is_own.then_some((&*shared.layout?.site_packages, record))
}

/// Read the RECORD of a wheel.
pub(crate) fn read_record(
    shared: &Shared,
    hand: &mut Hand,
    record: &str,
) -> Result<Vec<Row>, Fault> {
    let mut text = Vec::new();
    hand.open_file(record)
        .and_then(|mut file| file.read_to_end(&mut text))
        .map_err(|error| write_fault(shared, record, error))?;
    Ok(read_rows(&text))
}
