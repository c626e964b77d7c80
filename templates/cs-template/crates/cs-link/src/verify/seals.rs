//! What the records are when everything is in place.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::atomic::AtomicBool;

use cs_archive::to_hex;

use crate::fault::Fault;
use crate::hashing::{BUFFER_BYTES, hash_all};
use crate::records::locate_record;
use crate::shared::{Shared, write_fault};
use crate::tree::Hand;
use crate::{LinkError, Seals};

/// The SHA-256 of every package's record. One that a link script has removed has none.
pub(crate) fn seal_records(shared: &Shared, hand: &mut Hand) -> Result<Seals, LinkError> {
    let (mut seals, mut buffer) = (BTreeMap::new(), vec![0; BUFFER_BYTES]);
    for (index, package) in shared.job.packages.iter().enumerate() {
        let located = locate_record(shared, index).map_err(|fault| fault.of(package))?;
        if let Some(path) = located {
            let seal = seal(shared, hand, &path, &mut buffer).map_err(|fault| fault.of(package))?;
            seals.extend(seal.map(|seal| (path, seal)));
        }
    }
    Ok(seals)
}

fn seal(
    shared: &Shared,
    hand: &mut Hand,
    path: &str,
    buffer: &mut [u8],
) -> Result<Option<String>, Fault> {
    let fault = |error| write_fault(shared, path, error);
    let file = match hand.open_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.map_err(fault)?,
    };
    let (sha256, _) = hash_all(file, buffer, &AtomicBool::new(false)).map_err(fault)?;
    Ok(Some(to_hex(&sha256)))
}
