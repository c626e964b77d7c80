//! What the user reads: messages, errors, progress.

pub mod change;
pub mod error;
pub mod escape;
pub mod form;
pub mod paths;
pub mod phrases;
pub mod progress;
pub mod verdict;
pub mod voice;
pub mod wrap;
