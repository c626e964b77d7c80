//! What the user asks for: arguments, variables, help.

pub mod arguments;
pub mod help;
mod nearest;
pub mod parser;
pub mod usage;
pub mod variables;
