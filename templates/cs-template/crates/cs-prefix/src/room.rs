//! Is there room for a prefix?

use std::path::Path;

use crate::error::PrefixError;
use crate::state::nearest_existing;
use crate::sys;

/// Refuse when the file system that would hold `directory` lacks space or inodes.
pub(crate) fn check_room(
    directory: &Path,
    required_bytes: u64,
    required_files: u64,
) -> Result<(), PrefixError> {
    let directory = nearest_existing(directory);
    let room = sys::measure_room(directory);
    if let Some(available_bytes) = room.bytes
        && required_bytes > available_bytes
    {
        return Err(PrefixError::NoSpace {
            directory: directory.to_path_buf(),
            required_bytes,
            available_bytes,
        });
    }
    if let Some(available_files) = room.files
        && required_files > available_files
    {
        return Err(PrefixError::NoInodes {
            directory: directory.to_path_buf(),
            required_files,
            available_files,
        });
    }
    Ok(())
}
