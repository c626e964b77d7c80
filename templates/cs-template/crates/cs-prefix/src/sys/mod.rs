//! What differs between operating systems, behind functions of the same name.

mod answers;
pub(crate) use answers::{Attempt, Exchange, Seen, is_absence};

#[cfg(all(test, unix))]
pub(crate) mod pretend;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::*;
