//! One attempt: one request, its answer, and the body into the sink.

use std::time::Duration;

use reqwest::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, ETAG, HeaderMap, HeaderValue,
    IF_RANGE, LAST_MODIFIED, PRAGMA, RANGE, RETRY_AFTER,
};
use reqwest::{Response, StatusCode};
use reqwest_middleware::ClientWithMiddleware;

use crate::client::describe;
use crate::options::{Options, Request};
use crate::redact::redact_text;
use crate::sink::Sink;

const HINT_NETWORK: &str =
    "Check the network connection; behind a proxy set HTTPS_PROXY; without a network use --bundle";
const HINT_CERTIFICATE: &str = "If a company proxy inspects connections, set SSL_CERT_FILE to its certificates; without a network use --bundle";
const HINT_CREDENTIALS: &str =
    "Put credentials for this host into the file that RATTLER_AUTH_FILE names, or use --bundle";
const HINT_PROXY: &str = "Put the proxy's user and password into HTTPS_PROXY, or use --bundle";
const HINT_GONE: &str =
    "The channel no longer has this archive; set up a mirror that does, or use --bundle";

/// Why an attempt failed.
pub(crate) enum Failure {
    /// Worth another attempt.
    Transient {
        reason: String,
        hint: &'static str,
        retry_after: Option<Duration>,
    },
    /// Another attempt would fail the same way.
    Permanent { reason: String, hint: &'static str },
    /// The body is not the archive: another size than the lock says. A cache between may be to blame.
    WrongSize { actual: String },
    /// The spool directory cannot be written.
    Spool(std::io::Error),
}

impl Failure {
    fn transient(reason: impl Into<String>) -> Self {
        Self::Transient {
            reason: reason.into(),
            hint: HINT_NETWORK,
            retry_after: None,
        }
    }
}

/// What earlier attempts learned about the server's copy.
#[derive(Default)]
pub(crate) struct Resumption {
    /// Strong ETag or date, for `If-Range`.
    validator: Option<HeaderValue>,
    /// Whether the server said that it serves ranges.
    accepts_ranges: bool,
}

/// One attempt's surroundings.
pub(crate) struct Attempt<'a> {
    pub(crate) client: &'a ClientWithMiddleware,
    pub(crate) options: &'a Options,
    pub(crate) request: &'a Request,
    /// Ask caches between to fetch anew.
    pub(crate) fresh: bool,
}

impl Attempt<'_> {
    /// Fetch what `sink` lacks.
    pub(crate) async fn run(
        &self,
        sink: &mut Sink,
        resumption: &mut Resumption,
    ) -> Result<(), Failure> {
        let start = if resumption.validator.is_some() || resumption.accepts_ranges {
            sink.len()
        } else {
            0
        };
        let response = self.send(start, resumption).await?;
        if start > 0 && response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            return self.start_over(sink, resumption, "the server no longer has the rest");
        }
        check_status(&response)?;
        let resumed = start > 0 && response.status() == StatusCode::PARTIAL_CONTENT;
        if resumed && range_start(response.headers()) != Some(start) {
            return self.start_over(sink, resumption, "the server resumed at the wrong place");
        }
        if !resumed {
            self.restart(sink)?;
            *resumption = Resumption::learn(response.headers());
        }
        self.check_length(&response, sink.len())?;
        self.receive(response, sink).await
    }

    /// Forget what has arrived and what was learned: the next attempt asks for everything.
    fn start_over(
        &self,
        sink: &mut Sink,
        resumption: &mut Resumption,
        reason: &str,
    ) -> Result<(), Failure> {
        self.restart(sink)?;
        *resumption = Resumption::default();
        Err(Failure::transient(reason))
    }

    async fn send(&self, start: u64, resumption: &Resumption) -> Result<Response, Failure> {
        // Archives are compressed, and their digests are those of the bytes as they are.
        let mut request = self
            .client
            .get(&self.request.url)
            .header(ACCEPT_ENCODING, "identity");
        if start > 0 {
            request = request.header(RANGE, format!("bytes={start}-"));
            if let Some(validator) = &resumption.validator {
                request = request.header(IF_RANGE, validator.clone());
            }
        }
        if self.fresh {
            request = request
                .header(CACHE_CONTROL, "no-cache")
                .header(PRAGMA, "no-cache");
        }
        let patience = self.options.connect_timeout + self.options.stall_timeout;
        match tokio::time::timeout(patience, request.send()).await {
            Err(_) => Err(Failure::transient(format!(
                "no answer within {} s",
                patience.as_secs_f32()
            ))),
            Ok(Err(error)) => Err(classify(error)),
            Ok(Ok(response)) => Ok(response),
        }
    }

    /// Compare what the server announces with what the lock says, before anything is stored.
    fn check_length(&self, response: &Response, have: u64) -> Result<(), Failure> {
        match (self.request.size, response.content_length()) {
            (Some(size), Some(length)) if have.saturating_add(length) != size => {
                Err(Failure::WrongSize {
                    actual: format!("{} bytes", have.saturating_add(length)),
                })
            }
            _ => Ok(()),
        }
    }

    async fn receive(&self, mut response: Response, sink: &mut Sink) -> Result<(), Failure> {
        loop {
            let received = tokio::time::timeout(self.options.stall_timeout, response.chunk()).await;
            let chunk = match received {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => return self.check_complete(sink.len()),
                // All is here, whatever became of the connection.
                _ if self.request.size == Some(sink.len()) => return Ok(()),
                Ok(Err(error)) => return Err(Failure::transient(self.broken(sink.len(), &error))),
                Err(_) => return Err(Failure::transient(self.stalled(sink.len()))),
            };
            let length = sink.len() + chunk.len() as u64;
            if let Some(size) = self.request.size.filter(|&size| length > size) {
                return Err(Failure::WrongSize {
                    actual: format!("more than {size} bytes"),
                });
            }
            sink.append(&chunk).map_err(Failure::Spool)?;
            self.advance(chunk.len() as i64);
        }
    }

    /// A body that ends without an error may still have been cut off: HTTP/1.0 has no other way to end one.
    fn check_complete(&self, length: u64) -> Result<(), Failure> {
        match self.request.size {
            Some(size) if length < size => Err(Failure::transient(format!(
                "the connection closed after {length} of {size} bytes"
            ))),
            _ => Ok(()),
        }
    }

    fn stalled(&self, length: u64) -> String {
        format!(
            "the server sent nothing for {} s, after {length} bytes",
            self.options.stall_timeout.as_secs_f32()
        )
    }

    fn broken(&self, length: u64, error: &reqwest::Error) -> String {
        let cause = std::error::Error::source(error).map_or_else(|| "unknown".to_owned(), describe);
        format!(
            "the connection broke after {length} bytes ({})",
            redact_text(&cause)
        )
    }

    fn restart(&self, sink: &mut Sink) -> Result<(), Failure> {
        if sink.len() > 0 {
            self.advance(-(sink.len() as i64));
            sink.restart().map_err(Failure::Spool)?;
        }
        Ok(())
    }

    fn advance(&self, bytes: i64) {
        if let Some(progress) = &self.options.progress {
            progress(self.request.index, bytes);
        }
    }
}

impl Resumption {
    fn learn(headers: &HeaderMap) -> Self {
        let strong = |value: &&HeaderValue| !value.as_bytes().starts_with(b"W/");
        let validator = headers
            .get(ETAG)
            .filter(strong)
            .or_else(|| headers.get(LAST_MODIFIED))
            .cloned();
        let accepts_ranges = headers
            .get(ACCEPT_RANGES)
            .is_some_and(|value| value.as_bytes() == b"bytes");
        Self {
            validator,
            accepts_ranges,
        }
    }
}

/// First byte of a `Content-Range: bytes FIRST-LAST/TOTAL`.
fn range_start(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    range
        .strip_prefix("bytes ")?
        .split('-')
        .next()?
        .trim()
        .parse()
        .ok()
}

fn check_status(response: &Response) -> Result<(), Failure> {
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let host = response.url().host_str().unwrap_or("the server");
    let reason = format!("{host} answered {status}");
    let permanent = |hint| {
        Err(Failure::Permanent {
            reason: reason.clone(),
            hint,
        })
    };
    match status.as_u16() {
        408 | 425 | 429 | 500..=599 => Err(Failure::Transient {
            reason,
            hint: HINT_NETWORK,
            retry_after: retry_after(response.headers()),
        }),
        401 | 403 => permanent(HINT_CREDENTIALS),
        404 | 410 => permanent(HINT_GONE),
        407 => permanent(HINT_PROXY),
        _ => permanent(HINT_NETWORK),
    }
}

/// `Retry-After` in seconds; its other form, a date, would need the server's clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

/// Tell failures that will repeat themselves from those that may not.
fn classify(error: reqwest_middleware::Error) -> Failure {
    let (text, repeats) = match error {
        reqwest_middleware::Error::Reqwest(error) => {
            let repeats = error.is_builder() || error.is_redirect();
            (describe(&error.without_url()), repeats)
        }
        reqwest_middleware::Error::Middleware(error) => (format!("{error:#}"), false),
    };
    let reason = redact_text(&text);
    if reason.contains("proxy authorization required")
        || reason.contains("proxy authentication required")
    {
        return Failure::Permanent {
            reason,
            hint: HINT_PROXY,
        };
    }
    if reason.contains("certificate") {
        return Failure::Permanent {
            reason,
            hint: HINT_CERTIFICATE,
        };
    }
    match repeats {
        true => Failure::Permanent {
            reason,
            hint: HINT_NETWORK,
        },
        false => Failure::transient(reason),
    }
}
