//! The user's directories.

use std::path::PathBuf;

use crate::cli::variables::{Lookup, read_value};

/// `HOME`, else what the user database says.
pub fn find_home(lookup: Lookup) -> Option<PathBuf> {
    let variable = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    read_value(variable, lookup)
        .map(PathBuf::from)
        .or_else(std::env::home_dir)
        .filter(|home| home.is_absolute())
}

/// `LOCALAPPDATA`, `XDG_DATA_HOME`, or where it would be under the home directory.
pub fn find_user_data(lookup: Lookup) -> Option<PathBuf> {
    let absolute = |name| {
        read_value(name, lookup)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    if cfg!(windows) {
        absolute("LOCALAPPDATA").or_else(|| Some(find_home(lookup)?.join("AppData").join("Local")))
    } else if cfg!(target_os = "macos") {
        Some(find_home(lookup)?.join("Library/Application Support"))
    } else {
        absolute("XDG_DATA_HOME").or_else(|| Some(find_home(lookup)?.join(".local/share")))
    }
}
