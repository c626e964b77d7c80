//! What each command of the runtime does.

pub mod bootstrap;
mod kept;
pub mod news;
pub mod rollback;
pub mod shell;
pub mod status;
pub mod uninstall;
pub mod verify;
