//! What is wrong with arguments.

/// Arguments that make no sense.
#[derive(Debug, PartialEq, Eq)]
pub struct UsageError {
    /// What is wrong.
    pub message: String,
    /// The command whose help describes it.
    pub command: Option<&'static str>,
}
