//! Handing out archives, and who may know whom.

mod neighbours;
mod queue;
