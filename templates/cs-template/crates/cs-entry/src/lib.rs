//! Can this be a plain hand-over? Answered before any language runtime starts up.
//!
//! A later run of a runtime replaces itself by the delegate and does nothing else. On Linux, in a statically linked
//! executable, the kernel jumps straight to [`cs_entry_start`](linux), which does exactly that with a dozen system
//! calls, or jumps on to the C library's `_start` as if it had never been there. `docs/explanation/launch.md` says why.
//!
//! The rules of a hand-over ([`environment`], [`launch`], [`ownership`], [`footer`]) are plain functions over
//! bytes, which the slow path uses too: what the delegate sees does not depend on the path that led to it.
//!
//! Code here runs before relocation and before the C library is set up. So there is: no allocation; no call out of the
//! crate, not even to `memcpy`, whose address is found at start-up (`no_builtins`, loops in [`text`]); no panic; no
//! table of pointers, because pointers in data are only right after relocation (lists of names are one string).
//! `tests/suite/object.rs` compiles the crate and checks all of this in the object file.

#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]
#![cfg_attr(not(test), no_std, no_builtins)]

pub mod environment;
pub mod footer;
pub mod launch;
pub mod ownership;
pub mod place;
pub mod sha256;
pub mod text;

#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod linux;
