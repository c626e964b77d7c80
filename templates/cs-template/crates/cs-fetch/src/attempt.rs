//! One attempt: one request, its answer, and the body into the sink.

use std::time::Instant;

use reqwest::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, ETAG, HeaderMap, HeaderValue,
    IF_RANGE, LAST_MODIFIED, PRAGMA, RANGE,
};
use reqwest::{Response, StatusCode};
use url::Url;

use crate::client::Client;
use crate::failure::{Failure, check_status, describe};
use crate::options::{Options, Speed};
use crate::redact::redact_text;
use crate::request::Request;
use crate::sink::Sink;

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
    pub(crate) client: &'a Client,
    pub(crate) options: &'a Options,
    pub(crate) request: &'a Request,
    /// Where from.
    pub(crate) source: &'a Url,
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
        let headers = self.make_headers(start, resumption);
        let answer = self
            .client
            .get(self.source, &self.request.wanted.sha256, &headers);
        let patience = self.options.connect_timeout + self.options.stall_timeout;
        tokio::time::timeout(patience, answer)
            .await
            .unwrap_or_else(|_| {
                let patience = patience.as_secs_f32();
                Err(Failure::transient(format!("no answer within {patience} s")))
            })
    }

    fn make_headers(&self, start: u64, resumption: &Resumption) -> HeaderMap {
        let mut headers = HeaderMap::new();
        // Archives are compressed, and their digests are those of the bytes as they are.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if start > 0 {
            let range = HeaderValue::try_from(format!("bytes={start}-"));
            headers.insert(RANGE, range.expect("digits are fine in a header"));
            if let Some(validator) = &resumption.validator {
                headers.insert(IF_RANGE, validator.clone());
            }
        }
        if self.fresh {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        }
        headers
    }

    /// Compare what the server announces with what the lock says, before anything is stored.
    fn check_length(&self, response: &Response, have: u64) -> Result<(), Failure> {
        match (self.request.wanted.size, response.content_length()) {
            (Some(size), Some(length)) if have.saturating_add(length) != size => {
                Err(Failure::WrongSize {
                    actual: format!("{} bytes", have.saturating_add(length)),
                })
            }
            _ => Ok(()),
        }
    }

    async fn receive(&self, mut response: Response, sink: &mut Sink) -> Result<(), Failure> {
        let mut pace = Pace::new(self.options.least_speed);
        loop {
            let received = tokio::time::timeout(self.options.stall_timeout, response.chunk()).await;
            let chunk = match received {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => return self.check_complete(sink.len()),
                // All is here, whatever became of the connection.
                _ if self.request.wanted.size == Some(sink.len()) => return Ok(()),
                Ok(Err(error)) => return Err(Failure::transient(self.broken(sink.len(), &error))),
                Err(_) => return Err(Failure::transient(self.stalled(sink.len()))),
            };
            let length = sink.len() + chunk.len() as u64;
            if let Some(size) = self.request.wanted.size.filter(|&size| length > size) {
                return Err(Failure::WrongSize {
                    actual: format!("more than {size} bytes"),
                });
            }
            sink.append(&chunk).map_err(Failure::Spool)?;
            self.advance(chunk.len() as i64);
            if !pace.keep_up(chunk.len() as u64) {
                return Err(Failure::transient(self.slow(sink.len())));
            }
        }
    }

    /// A body that ends without an error may still have been cut off: HTTP/1.0 has no other way to end one.
    fn check_complete(&self, length: u64) -> Result<(), Failure> {
        match self.request.wanted.size {
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

    fn slow(&self, length: u64) -> String {
        let Speed { bytes, window } = self.options.least_speed;
        format!(
            "the server sent less than {bytes} bytes in {} s, after {length} bytes",
            window.as_secs_f32()
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

/// Whether enough arrives, window after window.
struct Pace {
    least: Speed,
    start: Instant,
    received: u64,
}

impl Pace {
    fn new(least: Speed) -> Self {
        Self {
            least,
            start: Instant::now(),
            received: 0,
        }
    }

    /// Count bytes that have arrived; false at the end of a window in which there were too few.
    fn keep_up(&mut self, bytes: u64) -> bool {
        self.received += bytes;
        if self.start.elapsed() < self.least.window {
            return true;
        }
        let enough = self.received >= self.least.bytes;
        *self = Self::new(self.least);
        enough
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
