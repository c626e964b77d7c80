//! Archives from bundles of all kinds.

mod canonical;
mod directory;
mod foreign;
mod support;
