//! What starts the scripts of entry points on Windows: the crate cs-launcher, built by this crate's build script.

/// The executable that starts `NAME-script.py` when it is called `NAME.exe`; none where scripts start by themselves.
#[cfg(windows)]
pub const LAUNCHER: Option<&[u8]> =
    Some(include_bytes!(concat!(env!("OUT_DIR"), "/cs-launcher.exe")));
/// The executable that starts `NAME-script.py` when it is called `NAME.exe`; none where scripts start by themselves.
#[cfg(not(windows))]
pub const LAUNCHER: Option<&[u8]> = None;
