//! Handing out archives, and which crates may know which.

mod neighbours;
mod queue;
