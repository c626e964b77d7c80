//! Package archives into a prefix: the streaming linker.
//!
//! [`install`] takes a [`Job`] and a supplier of [`Archives`], and fills the job's staging directory. [`Archives`] and [`Progress`] are
//! the seams: bundles and downloads implement the first, whoever shows progress the second.

mod error;
mod install;
mod job;
mod source;

pub use error::{Kind, LinkError};
pub use install::install;
pub use job::{Bytecode, Clobbered, Job, Message, Noarch, Package, Python, Report, largest_first};
pub use source::{Archive, ArchiveError, Archives, Progress, ReadAt};
