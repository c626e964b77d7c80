//! One row of the table.

/// Exit status and advice: whole sentences, or nothing.
pub type Verdict = (u8, String);

/// A row whose advice is a fixed sentence.
pub fn row(status: u8, advice: &str) -> Verdict {
    (status, advice.to_owned())
}
