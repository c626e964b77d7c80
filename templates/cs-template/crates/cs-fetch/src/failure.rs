//! Why an attempt failed, and whether another one may help.

use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::Response;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use rustls::CertificateError;

use crate::error::Cause;
use crate::redact::redact_text;
#[cfg(target_os = "linux")]
use crate::resolve::ResolveError;
use crate::tls::is_about_certificates;

/// How hyper-util begins to say that there is no connection to a proxy, or none through it: its error type is private.
const TUNNEL: &str = "tunnel error: ";
/// Its words for a proxy's 407 to `CONNECT`.
const PROXY_WANTS_CREDENTIALS: &str = "tunnel error: proxy authorization required";
/// For any other answer that is not a success.
const PROXY_REFUSED: &str = "tunnel error: unsuccessful";
/// For a proxy that says nothing.
const PROXY_CLOSED: &str = "tunnel error: unexpected end of file";

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
    Spool(io::Error),
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
pub(crate) fn describe(error: &(dyn Error + 'static)) -> String {
    let mut text = say(error);
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = say(error);
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

/// What went wrong on the way to a server, in a few words. The outer errors say which parts of the HTTP library were
/// at work; the innermost says what happened.
fn explain(error: &reqwest::Error) -> String {
    let reason = if error.is_timeout() {
        "there was no answer in time".to_owned()
    } else {
        causes(error).last().map(say).unwrap_or_default()
    };
    match explain_proxy(error, &reason) {
        Some(reason) => reason,
        None if error.is_connect() => format!("cannot connect: {reason}"),
        None => reason,
    }
}

/// The same if it was a proxy that failed, and not the server behind it.
fn explain_proxy(error: &(dyn Error + 'static), reason: &str) -> Option<String> {
    if !causes(error).any(|cause| cause.to_string().starts_with(TUNNEL)) {
        return None;
    }
    Some(match reason {
        PROXY_WANTS_CREDENTIALS => "the proxy wants credentials".to_owned(),
        PROXY_REFUSED => "the proxy refused the connection".to_owned(),
        PROXY_CLOSED => "the proxy closed the connection".to_owned(),
        _ => {
            let reason = reason.strip_prefix(TUNNEL).unwrap_or(reason);
            format!("cannot connect to the proxy: {reason}")
        }
    })
}

/// An error in its own words, but for what rustls says of certificates, and of the errors that this crate makes.
fn say(error: &(dyn Error + 'static)) -> String {
    match (error.downcast_ref(), error.downcast_ref()) {
        (Some(error), _) => cs_file::describe_error(error),
        (_, Some(rustls::Error::Other(own))) => own.to_string(),
        (_, Some(rustls::Error::InvalidCertificate(why))) => {
            let reason = match why {
                CertificateError::UnknownIssuer => "its issuer is not known".to_owned(),
                // What the system's verifier says; on Windows with Rust's form of the number.
                CertificateError::Other(own) => own.to_string().replace("(os error ", "(error "),
                _ => why.to_string(),
            };
            format!("the certificate is not trusted: {reason}")
        }
        _ => error.to_string(),
    }
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
    // A number that does not fit means longer than any wait.
    is_number.then(|| Duration::from_secs(text.parse().unwrap_or(u64::MAX)))
}

/// Distinguish failures that will repeat from those that may not.
pub(crate) fn classify(error: reqwest::Error) -> Failure {
    let repeats = error.is_builder() || error.is_redirect();
    let error = error.without_url();
    let reason = redact_text(&explain(&error));
    if let Some(cause) = find_setup_fault(&error) {
        return Failure::permanent(reason, cause);
    }
    #[cfg(target_os = "linux")]
    if let Some(error) = causes(&error).find_map(|cause| cause.downcast_ref::<ResolveError>()) {
        return if error.is_final() {
            Failure::permanent(error.to_string(), Cause::Name)
        } else {
            Failure::transient(error.to_string())
        };
    }
    if repeats {
        Failure::permanent(reason, Cause::Unreachable)
    } else {
        Failure::transient(reason)
    }
}

/// A limit, certificates or credentials that another attempt would find the same.
fn find_setup_fault(error: &(dyn Error + 'static)) -> Option<Cause> {
    if causes(error).any(|cause| cause.downcast_ref().is_some_and(cs_file::is_too_many_open)) {
        return Some(Cause::OpenFiles);
    }
    if causes(error).any(|cause| cause.downcast_ref().is_some_and(is_about_certificates)) {
        return Some(Cause::Certificate);
    }
    let innermost = causes(error).last()?;
    (innermost.to_string() == PROXY_WANTS_CREDENTIALS).then_some(Cause::ProxyCredentials)
}

/// The error and its causes. What they are takes a downcast: reqwest passes on what resolver, proxy and TLS
/// say as a `dyn Error`. An `io::Error` that wraps another error does not give it as its source.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let outer = error.downcast_ref::<io::Error>();
        match outer.and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_said_once() {
        let outer = crate::error::FetchError::LocalFile {
            path: "p".into(),
            source: io::Error::other("inner"),
        };
        assert_eq!(describe(&outer), "cannot read p: inner");
    }

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Outer(&'static str, #[source] io::Error);

    #[test]
    fn a_certificate_is_at_fault_when_tls_says_so_and_not_when_a_name_does() {
        let refused = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let nested = Outer("connect", io::Error::other(io::Error::other(refused)));
        assert_eq!(find_setup_fault(&nested), Some(Cause::Certificate));
        let damaged = io::Error::other(rustls::Error::DecryptError);
        for inner in [io::Error::other("certificate.example is down"), damaged] {
            let error = Outer("https://certificate.example/certificate", inner);
            assert_eq!(find_setup_fault(&error), None, "{error:?}");
        }
    }

    #[test]
    fn a_proxy_wants_credentials_when_the_innermost_cause_says_so() {
        let refused = Outer("connect", io::Error::other(PROXY_WANTS_CREDENTIALS));
        assert_eq!(find_setup_fault(&refused), Some(Cause::ProxyCredentials));
        let other = Outer(PROXY_WANTS_CREDENTIALS, io::Error::other("reset"));
        assert_eq!(find_setup_fault(&other), None);
        let longer = io::Error::other(format!("{PROXY_WANTS_CREDENTIALS} by a path"));
        assert_eq!(find_setup_fault(&longer), None);
    }

    #[test]
    fn a_proxy_that_fails_is_named_and_no_other_server_is() {
        for (inner, expected) in [
            (PROXY_WANTS_CREDENTIALS, "the proxy wants credentials"),
            (PROXY_REFUSED, "the proxy refused the connection"),
            (PROXY_CLOSED, "the proxy closed the connection"),
            (
                "tunnel error: proxy response headers too long",
                "cannot connect to the proxy: proxy response headers too long",
            ),
        ] {
            let error = Outer("connect", io::Error::other(inner));
            let reason = explain_proxy(&error, inner);
            assert_eq!(reason.as_deref(), Some(expected));
        }
        let refused = || io::Error::other("refused");
        let tunnel = Outer(
            "tunnel error: failed to create underlying connection",
            refused(),
        );
        assert_eq!(
            explain_proxy(&tunnel, "refused").as_deref(),
            Some("cannot connect to the proxy: refused")
        );
        assert_eq!(explain_proxy(&Outer("connect", refused()), "refused"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_limit_on_open_files_is_the_fault_whoever_meets_it() {
        let full = || io::Error::from_raw_os_error(24);
        let nested = Outer(TUNNEL, io::Error::other(Outer("connect", full())));
        assert_eq!(find_setup_fault(&nested), Some(Cause::OpenFiles));
        #[cfg(target_os = "linux")]
        {
            let lookup = ResolveError::Limit {
                host: "h".into(),
                source: full(),
            };
            let error = Outer("connect", io::Error::other(lookup));
            assert_eq!(find_setup_fault(&error), Some(Cause::OpenFiles));
        }
    }

    #[test]
    fn the_words_of_a_failure_are_those_of_its_innermost_cause() {
        let own = rustls::Error::Other(rustls::OtherError(std::sync::Arc::new(io::Error::other(
            "no certificate",
        ))));
        for (inner, expected) in [
            (io::Error::from_raw_os_error(0), None),
            (io::Error::other(own), Some("no certificate")),
            (io::Error::other("closed"), Some("closed")),
            (
                io::Error::other(rustls::Error::InvalidCertificate(
                    CertificateError::UnknownIssuer,
                )),
                Some("the certificate is not trusted: its issuer is not known"),
            ),
            (
                io::Error::other(rustls::Error::InvalidCertificate(CertificateError::Other(
                    rustls::OtherError(std::sync::Arc::new(io::Error::other(
                        "not known (os error -21)",
                    ))),
                ))),
                Some("the certificate is not trusted: not known (error -21)"),
            ),
        ] {
            let text = causes(&Outer("client error (Connect)", inner))
                .last()
                .map(say);
            let text = text.unwrap();
            assert!(
                !text.contains("client error") && !text.contains("os error"),
                "{text}"
            );
            assert!(expected.is_none_or(|words| text == words), "{text}");
        }
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
