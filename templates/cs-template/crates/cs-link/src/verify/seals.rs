//! What the records are when everything is in place.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use cs_archive::to_hex;

use super::Seals;
use crate::LinkError;
use crate::fault::Fault;
use crate::hashing::{BUFFER_BYTES, hash_all};
use crate::records::locate_record;
use crate::shared::{Shared, write_fault};
use crate::tree::Hand;

/// The SHA-256 of every package's record.
pub(crate) fn seal_records(shared: &Shared, hand: &mut Hand) -> Result<Seals, LinkError> {
    let (mut seals, mut buffer) = (BTreeMap::new(), vec![0; BUFFER_BYTES]);
    for (index, package) in shared.job.packages.iter().enumerate() {
        let located = locate_record(shared, index).map_err(|fault| fault.of(package))?;
        if let Some(path) = located {
            let seal = seal(shared, hand, &path, &mut buffer).map_err(|fault| fault.of(package))?;
            seals.insert(path, seal);
        }
    }
    Ok(seals)
}

fn seal(shared: &Shared, hand: &mut Hand, path: &str, buffer: &mut [u8]) -> Result<String, Fault> {
    let fault = |error| write_fault(shared, path, error);
    let file = hand.open_file(path).map_err(fault)?;
    let (sha256, _) = hash_all(file, buffer, &AtomicBool::new(false)).map_err(fault)?;
    Ok(to_hex(&sha256))
}
