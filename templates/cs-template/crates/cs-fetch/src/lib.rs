//! Package archives over the network.

mod error;
mod options;

pub use error::{ErrorKind, FetchError};
pub use options::{Event, EventCallback, Options, ProgressCallback, Request};
