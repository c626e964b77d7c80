//! Package archives into a prefix: the streaming linker.
//!
//! [`Archives`] and [`Progress`] are the seams: bundles and downloads implement the first, whoever shows progress the second.

mod source;

pub use source::{Archive, ArchiveError, Archives, Progress, ReadAt};
