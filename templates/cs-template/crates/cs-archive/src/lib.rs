//! One package archive: what it is called, where its bytes are, and how they are handed on.
//!
//! This is the seam between the suppliers of archives (bundles, downloads) and the linker, which takes
//! them. Neither side knows the other. [`Archives`] and [`ReadAt`] are what a supplier implements,
//! [`Progress`] what a caller implements to show how far the linker is. Everything that both sides, or
//! the stamp, need to read an archive is here once: positioned reads, SHA-256, hex, tar headers.

#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

mod digest;
mod file;
mod hex;
mod memory;
mod queue;
mod source;
pub mod tar;
mod wanted;

pub use digest::{Sha256, hash, sha256};
pub use file::{
    FileSlice, WholeFile, clamp, read_exact_at, read_file_at, read_file_exact_at, read_some,
};
pub use hex::{from_hex, to_hex};
pub use memory::is_memory_error;
pub use queue::{Chain, Queue};
pub use source::{Archive, Archives, Progress, ReadAt};
pub use wanted::Wanted;
