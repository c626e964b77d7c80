//! In which form the runtime speaks.

use std::ffi::OsStr;

/// In which form the runtime speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Sentences, and a bar on a terminal.
    Text,
    /// One JSON object a line.
    Json,
}

impl Form {
    /// `json` or `text`.
    pub fn parse(word: &OsStr) -> Option<Self> {
        match word.to_str()? {
            "json" => Some(Self::Json),
            "text" => Some(Self::Text),
            _ => None,
        }
    }
}
