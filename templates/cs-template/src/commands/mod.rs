//! What each command of the runtime does.

pub mod bootstrap;
mod kept;
pub mod news;
mod noted;
pub mod rollback;
pub mod shell;
pub mod status;
pub mod uninstall;
pub mod verify;
