//! Finding the footer: where a signature covers it, or near the end of a file that has no
//! signatures.

use std::fs::File;
use std::io;

use cs_archive::read_file_exact_at;
use cs_entry::footer::{LENGTH, is_footer, magic};

use crate::TRAILING_LIMIT_BYTES;
use crate::place::{Place, Places, find_places};

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
    /// The start of a footer, and the end of the file before that of the footer.
    Cut,
    /// A footer, and where it starts.
    Footer { bytes: Vec<u8>, offset: u64 },
    /// A footer where the platform's signature does not cover it, and why there is no place for
    /// one.
    Misplaced(Option<&'static str>),
}

impl Found {
    /// What bytes that start as a footer are.
    fn of(bytes: &[u8], offset: u64) -> Self {
        if is_footer(bytes) {
            let bytes = bytes.to_vec();
            Self::Footer { bytes, offset }
        } else {
            Self::Damaged
        }
    }
}

/// Find the footer: where a signature covers it, if the format has signatures; else near the end of the file.
pub(crate) fn find_footer(file: &File) -> io::Result<Found> {
    let file_length = file.metadata()?.len();
    let why = match find_places(file, file_length)? {
        Places::NearTheEnd => return search_file(file, file_length),
        Places::One(place) => match read_at_place(file, place)? {
            Found::Nothing => None,
            found => return Ok(found),
        },
        Places::Nowhere(why) => Some(why),
    };
    Ok(match search_file(file, file_length)? {
        Found::Footer { .. } => Found::Misplaced(why),
        found => found,
    })
}

/// Read the footer that ends at a place, less the zeros that a signer put there.
fn read_at_place(file: &File, place: Place) -> io::Result<Found> {
    let start = place.end.saturating_sub(FOOTER_LENGTH + place.padding);
    let mut window = &read_window(file, start, place.end)?[..];
    for _ in 0..=place.padding {
        let Some(position) = window.len().checked_sub(LENGTH) else {
            break;
        };
        let bytes = &window[position..];
        if bytes.starts_with(&magic()) {
            return Ok(Found::of(bytes, start + position as u64));
        }
        let [shorter @ .., 0] = window else { break };
        window = shorter;
    }
    Ok(Found::Nothing)
}

/// Find the last valid footer that starts within the file's last 512 bytes + 16 MiB.
fn search_file(file: &File, file_length: u64) -> io::Result<Found> {
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

/// The last footer that starts at one of the first `count` offsets of `window`, else what is
/// already known.
fn search_window(window: &[u8], count: usize, window_offset: u64, known: Found) -> Found {
    let magic = magic();
    let mut found = known;
    for start in (0..count).rev() {
        if window[start] != magic[0] || !window[start..].starts_with(&magic) {
            continue;
        }
        found = match window.get(start..start + LENGTH) {
            Some(bytes) => Found::of(bytes, window_offset + start as u64),
            None => Found::Cut,
        };
        if matches!(found, Found::Footer { .. }) {
            return found;
        }
    }
    found
}
