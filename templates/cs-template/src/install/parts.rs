//! Parts of the stamp that are used without being read into memory as a whole.

use std::sync::Arc;

use cs_archive::{FileSlice, hash};
use cs_stamp::{Part, Stamp, StampError};

/// Compare a part with its SHA-256.
pub fn check_part(stamp: &Stamp, part: Part) -> Result<(), StampError> {
    open_part(stamp, part).map(|_| ())
}

/// The compiled modules in the stamp, compared with their SHA-256; `None` without any.
pub fn open_bytecode(stamp: &Stamp) -> Result<Option<FileSlice>, StampError> {
    match stamp.part(Part::Bytecode).length {
        0 => Ok(None),
        _ => open_part(stamp, Part::Bytecode).map(Some),
    }
}

fn open_part(stamp: &Stamp, part: Part) -> Result<FileSlice, StampError> {
    let io_error = |source| StampError::Io {
        path: stamp.path().to_owned(),
        source,
    };
    let span = stamp.part(part);
    let file = stamp.file().try_clone().map_err(io_error)?;
    let slice = FileSlice::new(Arc::new(file), span.offset, span.length);
    if hash(&slice, || false).map_err(io_error)? == Some(span.sha256) {
        return Ok(slice);
    }
    Err(StampError::Part {
        path: stamp.path().to_owned(),
        part,
        detail: "its SHA-256 does not match".to_owned(),
    })
}
