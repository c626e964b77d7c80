//! Why an attempt failed, and whether another one may help.

use std::error::Error;
use std::time::Duration;

use reqwest::Response;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::error::Cause;
use crate::redact::redact_text;
#[cfg(target_os = "linux")]
use crate::resolve::ResolveError;

/// Why an attempt failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Worth another attempt.
    Transient {
        reason: String,
        cause: Cause,
        retry_after: Option<Duration>,
    },
    /// Another attempt would fail the same way.
    Permanent { reason: String, cause: Cause },
    /// The body is not the archive: its size does not match the lock. A cache in between may be to blame.
    WrongSize { actual: String },
    /// The spool directory cannot be written.
    Spool(std::io::Error),
}

impl Failure {
    pub(crate) fn transient(reason: impl Into<String>) -> Self {
        Self::Transient {
            reason: reason.into(),
            cause: Cause::Unreachable,
            retry_after: None,
        }
    }

    pub(crate) fn permanent(reason: impl Into<String>, cause: Cause) -> Self {
        Self::Permanent {
            reason: reason.into(),
            cause,
        }
    }
}

/// An error with its causes, each said once.
pub(crate) fn describe(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

pub(crate) fn check_status(response: &Response) -> Result<(), Failure> {
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let host = response.url().host_str().unwrap_or("the server");
    let reason = format!("{host} answered {status}");
    let cause = match status.as_u16() {
        408 | 425 | 429 | 500..=599 => {
            return Err(Failure::Transient {
                reason,
                cause: Cause::Unreachable,
                retry_after: retry_after(response.headers()),
            });
        }
        401 | 403 => Cause::Credentials,
        404 | 410 => Cause::Gone,
        407 => Cause::ProxyCredentials,
        _ => Cause::Unreachable,
    };
    Err(Failure::permanent(reason, cause))
}

/// `Retry-After` in seconds; its other form, a date, would need the server's clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // More than fits is more than anybody waits for.
    is_number.then(|| Duration::from_secs(text.parse().unwrap_or(u64::MAX)))
}

/// Distinguish failures that will repeat from those that may not.
pub(crate) fn classify(error: reqwest::Error) -> Failure {
    let repeats = error.is_builder() || error.is_redirect();
    let error = error.without_url();
    #[cfg(target_os = "linux")]
    if let Some(error) = find_cause::<ResolveError>(&error) {
        return if error.is_final() {
            Failure::permanent(error.to_string(), Cause::Name)
        } else {
            Failure::transient(error.to_string())
        };
    }
    let reason = redact_text(&describe(&error));
    if reason.contains("proxy authorization required")
        || reason.contains("proxy authentication required")
    {
        return Failure::permanent(reason, Cause::ProxyCredentials);
    }
    if reason.contains("certificate") {
        return Failure::permanent(reason, Cause::Certificate);
    }
    if repeats {
        Failure::permanent(reason, Cause::Unreachable)
    } else {
        Failure::transient(reason)
    }
}

/// The resolver's error in the chain of causes. It takes a downcast: reqwest passes on what a resolver says as a
/// `dyn Error`, and has no type for it.
#[cfg(target_os = "linux")]
fn find_cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_said_once() {
        let outer = crate::error::FetchError::LocalFile {
            path: "p".into(),
            source: std::io::Error::other("inner"),
        };
        assert_eq!(describe(&outer), "cannot read p: inner");
    }

    #[test]
    fn pauses_are_asked_for_in_seconds_however_many() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers).map(|pause| pause.as_secs())
        };
        assert_eq!((read(" 7 "), read("86400")), (Some(7), Some(86400)));
        assert_eq!(read("99999999999999999999999"), Some(u64::MAX));
        for text in ["", "-1", "1.5", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
