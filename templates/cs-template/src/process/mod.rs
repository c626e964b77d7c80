//! This process: its signals, rights and memory, and the host's users and names.

pub mod allocator;
pub mod console;
#[cfg(all(
    target_os = "linux",
    target_env = "gnu",
    any(target_feature = "crt-static", test)
))]
mod host;
pub mod privilege;
pub mod signals;
