//! Zip archives: the list of their members, and the bytes of each one.
//!
//! Layout: PKWARE's APPNOTE, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.14 and
//! 4.3.15 (zip64), 4.3.16 (end record). Only the central directory says what there is.

mod directory;
mod fields;
mod inflate;
mod names;
mod reader;
mod sink;
mod stored;

pub(crate) use directory::{Directory, Member};
pub(crate) use reader::Reader;
pub(crate) use stored::{Span, list_spans};
