//! What the system says of a failure.

use std::io;

/// The reason for a failure in the system's own words, `No such file or directory`, without Rust's `(os error 2)`.
///
/// Windows speaks the user's language. There the number stays, `(error 2)`, for people who are asked for help and do
/// not know that language.
pub fn describe_error(error: &io::Error) -> String {
    let wrapped = error.get_ref().and_then(|inner| inner.downcast_ref());
    if let Some(inner) = wrapped {
        return describe_error(inner);
    }
    let text = error.to_string();
    match error.raw_os_error() {
        Some(code) => describe(&text, code, cfg!(windows)),
        None => text,
    }
}

/// Whether a limit of this process, `ulimit -n`, allows no further open file or connection.
pub fn is_too_many_open(error: &io::Error) -> bool {
    // The standard library has no kind for it.
    const EMFILE: i32 = 24;
    cfg!(unix) && error.raw_os_error() == Some(EMFILE)
}

/// What Rust's text is to people. Windows ends its own with a full stop.
fn describe(text: &str, code: i32, has_code: bool) -> String {
    let words = text.strip_suffix(&format!(" (os error {code})"));
    let words = words.unwrap_or(text).trim_end_matches('.');
    if has_code {
        format!("{words} (error {code})")
    } else {
        words.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_said_only_where_the_words_may_be_in_any_language() {
        for (text, code, words, words_and_code) in [
            (
                "No such file or directory (os error 2)",
                2,
                "No such file or directory",
                "No such file or directory (error 2)",
            ),
            (
                "Zugriff verweigert. (os error 5)",
                5,
                "Zugriff verweigert",
                "Zugriff verweigert (error 5)",
            ),
            (
                "x (os error 1) (os error 5)",
                5,
                "x (os error 1)",
                "x (os error 1) (error 5)",
            ),
        ] {
            assert_eq!(describe(text, code, false), words);
            assert_eq!(describe(text, code, true), words_and_code);
        }
    }

    #[test]
    fn no_error_of_the_system_keeps_the_words_of_rust() {
        for code in 1..200 {
            let error = io::Error::from_raw_os_error(code);
            for error in [
                describe_error(&error),
                describe_error(&io::Error::other(io::Error::other(error))),
            ] {
                assert!(!error.contains("os error"), "{error}");
                assert!(!error.is_empty());
                assert_eq!(error.ends_with(&format!(" (error {code})")), cfg!(windows));
            }
        }
    }

    #[test]
    fn what_is_not_from_the_system_stays() {
        for text in ["it is a directory", "it is a pipe (os error 2)", "a."] {
            assert_eq!(describe_error(&io::Error::other(text)), text);
        }
        let error = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(describe_error(&error), error.to_string());
    }
}
