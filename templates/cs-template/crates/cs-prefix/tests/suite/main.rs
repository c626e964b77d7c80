//! The life of a prefix, as its directories show it.
#![cfg(unix)]

mod changes;
mod common;
mod extras;
mod install;
mod limits;
mod mounts;
mod overlay;
mod permissions;
mod processes;
mod rollback;
mod settings;
mod state;
mod trust;
mod uninstall;
