//! Whether a prefix can be moved at all: on Windows, programs that run from it hold it in its place.
//!
//! Only a rename shows it. So the prefix is renamed, and gets its name back, before anything is built. Meanwhile it is
//! in the scratch space. If a kill leaves it there, whatever empties that space first gives the prefix its name back.

use crate::error::PrefixError;
use crate::look::{is_file, is_there};
use crate::moves::rename;
use crate::names::Names;
use crate::sys;

/// Refuse a prefix that cannot be renamed; the caller holds the claim.
pub(crate) fn check_movable(names: &Names) -> Result<(), PrefixError> {
    if !sys::use_holds_directories() || !is_file(&names.marker_in(&names.prefix))? {
        return Ok(());
    }
    rename(&names.prefix, &names.between())?;
    return_prefix(names)
}

/// Give a prefix that is between two names the one that has nothing.
pub(crate) fn return_prefix(names: &Names) -> Result<(), PrefixError> {
    let between = names.between();
    if !is_file(&names.marker_in(&between))? {
        return Ok(());
    }
    for place in [&names.prefix, &names.previous] {
        if !is_there(place)? {
            return rename(&between, place);
        }
    }
    Ok(())
}
