//! Which script belongs to this executable, and how is it started with the Python of its prefix?
//!
//! On Windows a command of a Python package is a script, `Scripts\NAME-script.py`, and next to it a copy of this
//! launcher, `Scripts\NAME.exe`. The launcher runs the script with `python.exe`, one directory up. It finds both
//! from its own path alone, so a prefix may be anywhere, and what the first line of the script says does not matter.
//!
//! The process that runs the script looks like the launcher: it has its arguments as they were written, its
//! standard streams, its console, its exit status; Ctrl-C is the script's matter, and when the launcher ends, so does
//! the script.
//!
//! The executables have no standard library and no C library, so each is a few kilobytes. [`names`] and
//! [`text`] are plain functions over UTF-16, which run on any system; `windows` calls the system.

#![cfg_attr(not(test), no_std)]

pub mod names;
pub mod text;
#[cfg(windows)]
pub mod windows;

/// The executables of this crate: for commands, and for programs with windows.
pub const EXECUTABLES: [&str; 2] = ["cs-launcher.exe", "cs-launcherw.exe"];

/// A panic would be a bug in this crate: nothing here can panic.
#[cfg(all(windows, feature = "executables", not(test)))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    windows::exit(windows::FAILURE)
}
