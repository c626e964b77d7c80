//! The life of a prefix, as its directories show it.

mod changes;
mod common;
mod extras;
mod install;
#[cfg(unix)]
mod limits;
#[cfg(unix)]
mod mounts;
#[cfg(unix)]
mod overlay;
#[cfg(unix)]
mod permissions;
mod processes;
mod rollback;
mod settings;
mod state;
#[cfg(unix)]
mod trust;
mod uninstall;
