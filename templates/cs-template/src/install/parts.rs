//! Parts of the stamp that are used without being read into memory as a whole.

use std::sync::Arc;

use cs_bundle::FileSlice;
use cs_link::ReadAt;
use cs_stamp::{Part, Stamp, StampError};
use ring::digest::{Context, SHA256};

const CHUNK_BYTES: usize = 128 << 10;

/// Compare a part with its SHA-256.
pub fn check_part(stamp: &Stamp, part: Part) -> Result<(), StampError> {
    open_part(stamp, part).map(|_| ())
}

/// The compiled modules in the stamp, compared with their SHA-256; `None` when there are none.
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
    if hash(&slice).map_err(io_error)? == span.sha256 {
        return Ok(slice);
    }
    Err(StampError::Part {
        path: stamp.path().to_owned(),
        part,
        detail: "its SHA-256 does not match".to_owned(),
    })
}

fn hash(bytes: &dyn ReadAt) -> std::io::Result<[u8; 32]> {
    let mut context = Context::new(&SHA256);
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut offset = 0;
    loop {
        match bytes.read_at(&mut chunk, offset)? {
            0 => break,
            count => {
                context.update(&chunk[..count]);
                offset += count as u64;
            }
        }
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    Ok(digest)
}
