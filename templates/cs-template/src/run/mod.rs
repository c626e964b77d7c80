//! Start a program in the prefix: its environment, activation, and the hand-over itself.

pub mod activation;
pub mod environment;
pub mod handover;
