//! The generic runtime template.
fn main() {}
