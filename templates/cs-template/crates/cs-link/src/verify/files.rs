//! Files, links and directories, compared with what is recorded of them.

use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::AtomicBool;

use cs_archive::to_hex;

use super::difference::Change;
use super::expected::{Expected, Fact};
use crate::clean::with_slashes;
use crate::hashing::hash_all;
use crate::tree::{Hand, is_obstructed};

/// Compare one path with what is recorded of it; how many bytes of it were read.
pub(super) fn compare(
    hand: &mut Hand,
    buffer: &mut [u8],
    expected: &Expected,
    cancel: &AtomicBool,
) -> Result<u64, Change> {
    match &expected.fact {
        Fact::Present => {
            open_file(hand, &expected.path)?;
            Ok(0)
        }
        Fact::Directory => match hand.is_directory(&expected.path) {
            Ok(true) => Ok(0),
            Ok(false) => Err(Change::Kind),
            Err(error) => Err(judge(&error)),
        },
        Fact::Link(target) => compare_target(hand, &expected.path, target.as_deref()).map(|()| 0),
        Fact::File { size, sha256 } => {
            let file = open_file(hand, &expected.path)?;
            compare_file(file, buffer, *size, sha256.as_ref(), cancel)
        }
    }
}

/// Open what must be a regular file.
pub(super) fn open_file(hand: &mut Hand, path: &str) -> Result<File, Change> {
    let file = hand.open_file(path).map_err(|error| judge(&error))?;
    match file.metadata() {
        Ok(metadata) if metadata.is_file() => Ok(file),
        Ok(_) => Err(Change::Kind),
        Err(error) => Err(judge(&error)),
    }
}

/// What an error says of the file.
fn judge(error: &io::Error) -> Change {
    match error.kind() {
        io::ErrorKind::NotFound => Change::Missing,
        // Not a regular file, as the way without `openat` says it; not a link, as reading one says it.
        io::ErrorKind::InvalidInput | io::ErrorKind::IsADirectory => Change::Kind,
        _ if is_obstructed(error) => Change::Kind,
        _ => Change::Unreadable(cs_file::describe_error(error)),
    }
}

fn compare_target(hand: &mut Hand, path: &str, expected: Option<&str>) -> Result<(), Change> {
    let found = hand.read_link(path).map_err(|error| judge(&error))?;
    match expected {
        Some(expected) if with_slashes(expected) != with_slashes(&found) => Err(Change::Target {
            expected: expected.to_owned(),
            found,
        }),
        _ => Ok(()),
    }
}

fn compare_file(
    file: File,
    buffer: &mut [u8],
    size: Option<u64>,
    sha256: Option<&[u8; 32]>,
    cancel: &AtomicBool,
) -> Result<u64, Change> {
    let unreadable = |error: io::Error| Change::Unreadable(cs_file::describe_error(&error));
    let found = file.metadata().map_err(unreadable)?.len();
    if let Some(expected) = size.filter(|size| *size != found) {
        return Err(Change::Size { expected, found });
    }
    let Some(expected) = sha256 else {
        return Ok(0);
    };
    // One that grows meanwhile is read no further.
    let (found, read) = hash_all(file.take(found + 1), buffer, cancel).map_err(unreadable)?;
    if found == *expected {
        return Ok(read);
    }
    Err(Change::Sha256 {
        expected: to_hex(expected),
        found: to_hex(&found),
    })
}
