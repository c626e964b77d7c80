//! Directories that are never replaced or removed, whatever they hold.

use std::path::Path;

use crate::error::{PrefixError, Protection};
use crate::sys::is_absence;

/// Refuse a root, a home directory, and anything that the home or the working directory is in.
pub(crate) fn refuse_protected(prefix: &Path) -> Result<(), PrefixError> {
    let refuse = |why| {
        Err(PrefixError::Protected {
            prefix: prefix.to_path_buf(),
            why,
        })
    };
    let real = match prefix.canonicalize() {
        Err(error) if is_absence(&error) => return Ok(()),
        other => other.map_err(|source| PrefixError::io("resolve", prefix, source))?,
    };
    if real.parent().is_none() {
        return refuse(Protection::Root);
    }
    let home = std::env::home_dir().map(|home| home.canonicalize().unwrap_or(home));
    if home.is_some_and(|home| home.starts_with(&real)) {
        return refuse(Protection::Home);
    }
    // On Windows a resolved path has another form.
    let directory = std::env::current_dir().and_then(|directory| directory.canonicalize());
    if directory.is_ok_and(|directory| directory.starts_with(&real)) {
        return refuse(Protection::WorkingDirectory);
    }
    Ok(())
}
