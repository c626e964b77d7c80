//! Finding the footer, which signing tools may have pushed away from the end of the file.

use std::fs::File;
use std::io;

use cs_archive::read_file_exact_at;
use cs_entry::footer::{LENGTH, is_footer, magic};

use crate::TRAILING_LIMIT_BYTES;

/// How many offsets one step of the search looks at.
const STEP: u64 = 1 << 20;
/// The footer's length, in the type of file offsets.
const FOOTER_LENGTH: u64 = LENGTH as u64;

/// What the end of a file holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// No trace of a stamp.
    Nothing,
    /// The start of a footer, but no footer whose digest matches.
    Damaged,
    /// A footer, and where it starts.
    Footer { bytes: Vec<u8>, offset: u64 },
}

/// Find the last valid footer that starts within the file's last 512 bytes + 16 MiB.
pub(crate) fn find_footer(file: &File) -> io::Result<Found> {
    let file_length = file.metadata()?.len();
    let mut found = Found::Nothing;
    // Nearly always the footer is the very end: one read, no search.
    if let Some(offset) = file_length.checked_sub(FOOTER_LENGTH) {
        found = search_window(&read_window(file, offset, file_length)?, 1, offset, found);
    }
    let first = file_length.saturating_sub(TRAILING_LIMIT_BYTES + FOOTER_LENGTH);
    let mut end = file_length;
    while end > first && !matches!(found, Found::Footer { .. }) {
        let start = end.saturating_sub(STEP).max(first);
        // A footer that starts in this window may end after it.
        let window = read_window(file, start, file_length.min(end + FOOTER_LENGTH))?;
        found = search_window(&window, (end - start) as usize, start, found);
        end = start;
    }
    Ok(found)
}

fn read_window(file: &File, start: u64, end: u64) -> io::Result<Vec<u8>> {
    let mut window = vec![0; (end - start) as usize];
    read_file_exact_at(file, &mut window, start)?;
    Ok(window)
}

/// The last footer that starts at one of the first `count` offsets of `window`, else what is already known.
fn search_window(window: &[u8], count: usize, window_offset: u64, known: Found) -> Found {
    let magic = magic();
    let mut found = known;
    for start in (0..count).rev() {
        if window[start] != magic[0] || !window[start..].starts_with(&magic) {
            continue;
        }
        match window
            .get(start..start + LENGTH)
            .filter(|bytes| is_footer(bytes))
        {
            Some(bytes) => {
                return Found::Footer {
                    bytes: bytes.to_vec(),
                    offset: window_offset + start as u64,
                };
            }
            None => found = Found::Damaged,
        }
    }
    found
}
