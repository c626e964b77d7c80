//! Package archives over the network.
//!
//! One background thread downloads, hashes and verifies; [`Fetcher`] hands out finished archives to the linker. Small
//! archives stay in memory within a fixed budget, others go to unlinked files in the spool directory.
//!
//! Proxies (`HTTPS_PROXY`, `NO_PROXY`, ...), certificates (the system's, `SSL_CERT_FILE`, `SSL_CERT_DIR`),
//! credentials (`RATTLER_AUTH_FILE`, `~/.rattler/credentials.json`, `.netrc`) and mirrors (`mirrors` in
//! the `config.toml` of rattler or pixi) are those of rattler's other tools; `oci://` channels have
//! rattler's layout. Keyrings are not read: their libraries would outweigh the runtime.

#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

mod attempt;
mod backoff;
mod client;
mod config;
mod credentials;
mod download;
mod error;
mod failure;
mod fetcher;
mod local;
mod netrc;
mod oci;
mod options;
mod proxy;
mod redact;
mod request;
#[cfg(target_os = "linux")]
pub mod resolve;
mod sink;
mod source;
mod tls;

pub use error::{Cause, FetchError, Kind, Tried};
pub use fetcher::{Fetcher, fetch};
pub use options::{Event, EventCallback, Options, ProgressCallback, Speed};
