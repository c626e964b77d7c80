//! What keeps a package from being put in place, before anything of it is.

use std::io;

use crate::fault::Fault;
use crate::paths::{FileMode, PathEntry};
use crate::shared::{Shared, write_fault};

/// Stop when there is no room for so many bytes of a package.
pub(crate) fn check_room(needed: u64, shared: &Shared, package: &str) -> Result<(), Fault> {
    const WORTH_ASKING: u64 = 1024 * 1024 * 1024;
    if needed < WORTH_ASKING {
        return Ok(());
    }
    match shared.tree.free_bytes() {
        Some(free) if free < needed => {
            let message =
                format!("the files of {package} alone need {needed} bytes, and {free} are free");
            let source = io::Error::new(io::ErrorKind::StorageFull, message);
            Err(write_fault(shared, "", source))
        }
        _ => Ok(()),
    }
}

/// Binary files cannot take a prefix that is longer than what they have room for.
pub(crate) fn check_placeholders(entries: &[PathEntry], shared: &Shared) -> Result<(), Fault> {
    let too_short = |entry: &&PathEntry| {
        entry.placeholder.as_ref().is_some_and(|placeholder| {
            cfg!(unix)
                && placeholder.mode == FileMode::Binary
                && placeholder.text.len() < shared.prefix.len()
        })
    };
    match entries
        .iter()
        .filter(too_short)
        .min_by_key(|entry| entry.placeholder.as_ref().map(|found| found.text.len()))
    {
        None => Ok(()),
        Some(entry) => Err(Fault::PrefixTooLong {
            path: entry.source.to_string(),
            prefix: shared.job.prefix.to_owned(),
            length: shared.prefix.len(),
            limit: entry
                .placeholder
                .as_ref()
                .map_or(0, |found| found.text.len()),
        }),
    }
}
