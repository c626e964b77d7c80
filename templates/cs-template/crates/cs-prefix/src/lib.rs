//! In which state is a managed prefix, and how does it get from one state to the next?
//!
//! The states, what each command does in each of them, and what survives a kill at any instant are written down in
//! `docs/explanation/prefix-lifecycle.md`; the names there and here are the same. This crate knows nothing of archives,
//! stamps or networks: [`install()`] is handed a closure that fills a directory.

#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

mod aside;
mod carry;
mod changes;
mod claim;
mod clock;
mod contents;
mod copy;
mod decide;
mod distrust;
mod error;
mod extras;
#[cfg(all(test, unix))]
mod failures;
#[cfg(all(test, unix))]
mod fallbacks;
mod foreignness;
mod graves;
mod heartbeat;
mod hold;
mod inplace;
mod install;
mod kind;
mod look;
mod marker;
mod mounts;
mod movable;
mod moves;
mod names;
mod obstacles;
mod patience;
mod placing;
mod policy;
mod protected;
mod remains;
mod remove;
mod requests;
mod rollback;
mod room;
mod settings;
mod state;
mod steady;
mod swap;
mod sys;
mod trust;
mod uninstall;

pub use carry::CARRIED;
pub use changes::{Additions, Changes, find_additions, find_changes};
pub use contents::Contents;
pub use decide::find_reason_to_keep;
pub use distrust::Distrust;
pub use error::{InstallError, PrefixError, Protection};
pub use extras::OWN_FILES;
pub use foreignness::Foreignness;
pub use hold::Hold;
pub use install::{Details, Staging, install, install_and_hold};
pub use kind::Kind;
pub use marker::{Marker, begins_with};
pub use names::Owner;
pub use patience::{News, Waiting};
pub use policy::{KeepReason, Outcome, Policy};
pub use remains::Remains;
pub use rollback::{RolledBack, rollback};
pub use state::{
    Neighbours, State, examine, find_own_changes, find_previous, inspect, look_around,
};
pub use steady::look_steadily;
pub use trust::find_distrust;
pub use uninstall::{Removed, UninstallPlan, plan_uninstall};
