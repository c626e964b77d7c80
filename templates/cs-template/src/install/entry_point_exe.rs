//! What starts the scripts of entry points on Windows: the crate cs-launcher, built by this crate's build script.

use cs_link::Launchers;

/// The executables that start the script that has their name; none where scripts start by themselves.
#[cfg(windows)]
pub const LAUNCHERS: Option<Launchers> = Some(Launchers {
    console: include_bytes!(concat!(env!("OUT_DIR"), "/cs-launcher.exe")),
    window: include_bytes!(concat!(env!("OUT_DIR"), "/cs-launcherw.exe")),
});
/// The executables that start the script that has their name; none where scripts start by themselves.
#[cfg(not(windows))]
pub const LAUNCHERS: Option<Launchers> = None;
