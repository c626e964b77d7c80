//! What the user asks for: arguments, variables, help.

pub mod arguments;
pub mod help;
mod nearest;
mod parser;
pub mod variables;
