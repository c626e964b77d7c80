//! Package archives into a prefix: the streaming linker.
//!
//! [`install()`] takes a [`Job`] and a supplier of archives, and fills the job's staging directory. The seams are
//! [`cs_archive::Archives`], which bundles and downloads implement, and [`cs_archive::Progress`], for a display.

#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub mod activation;
mod amend;
mod aside;
mod bytecode;
mod channel;
mod checks;
mod children;
mod clean;
mod clobber;
#[cfg(target_os = "macos")]
mod codesign;
mod commands;
mod container;
mod crew;
#[cfg(target_os = "linux")]
mod descendants;
mod entry_point;
mod error;
mod fault;
mod hashing;
mod history;
mod info;
mod input;
mod install;
mod interruption;
mod job;
#[cfg(windows)]
pub mod job_object;
mod kind;
mod layout;
mod limits;
mod linked;
mod linker;
mod lookup;
mod maker;
mod memory;
mod order;
mod package;
mod paths;
mod placeholder;
mod record;
mod records;
mod relocate;
mod reserved;
mod scripts;
mod seal;
mod settle;
mod shared;
mod shebang;
mod succession;
mod supersede;
mod system;
mod tar;
mod threads;
mod tree;
mod untouched;
mod verify;
mod wheel;
mod zip;

pub use error::{InstallError, LinkError};
pub use fault::Fault;
pub use install::install;
pub use job::{
    Bytecode, Clobbered, Conda, Format, Job, Launchers, Message, Misstated, Noarch, Package,
    Python, Report, Seals, Superseded, Wheel,
};
pub use kind::Kind;
pub use verify::{Change, Difference, Installed, Verified, verify};
