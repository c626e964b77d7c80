//! The entry, compiled by itself and run.
#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

mod handover;
mod object;
mod support;
