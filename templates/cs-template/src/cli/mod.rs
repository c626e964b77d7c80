//! What the user asks for: arguments, variables, help.

pub mod arguments;
pub mod help;
mod nearest;
pub mod parser;
mod table;
pub mod usage;
pub mod variables;
