//! One archive: attempts until it is here and verified.

use std::sync::Arc;
use std::time::Duration;

use cs_link::Archive;
use reqwest_middleware::ClientWithMiddleware;

use crate::attempt::{Attempt, Failure, Resumption};
use crate::backoff;
use crate::error::FetchError;
use crate::options::{Event, Options, Request};
use crate::redact::{file_name, redact_url};
use crate::sink::{Budget, Sink};

/// Progress that makes a broken download as good as a first attempt.
const PROGRESS_BYTES: u64 = 1024 * 1024;

/// What all downloads share.
pub(crate) struct Downloader {
    pub(crate) client: ClientWithMiddleware,
    pub(crate) options: Options,
    pub(crate) budget: Arc<Budget>,
}

/// One download's course.
struct Course<'a> {
    downloader: &'a Downloader,
    request: &'a Request,
    /// Failed attempts since the last progress.
    failed: u32,
    /// Most bytes that any attempt had, so that a server that ignores ranges cannot keep us forever.
    furthest: u64,
    /// Whether wrong bytes have arrived once already.
    distrustful: bool,
}

impl Downloader {
    /// Download and verify one archive.
    pub(crate) async fn download(&self, request: &Request) -> Result<Archive, FetchError> {
        let sink = Sink::create(request.size, &self.budget, &self.options.spool_directory);
        let mut sink = sink.map_err(|source| self.spool_error(source))?;
        let mut course = Course {
            downloader: self,
            request,
            failed: 0,
            furthest: 0,
            distrustful: false,
        };
        let mut resumption = Resumption::default();
        loop {
            let attempt = Attempt {
                client: &self.client,
                options: &self.options,
                request,
                fresh: course.distrustful,
            };
            let result = attempt.run(&mut sink, &mut resumption).await;
            match course.judge(result, &sink)? {
                Step::Done => {
                    let (index, bytes) = (request.index, sink.into_bytes());
                    return Ok(Archive {
                        index,
                        bytes,
                        verified: true,
                    });
                }
                Step::Resume(wait) => tokio::time::sleep(wait).await,
                Step::StartOver => resumption = Resumption::default(),
            }
        }
    }

    fn spool_error(&self, source: std::io::Error) -> FetchError {
        FetchError::Spool {
            path: self.options.spool_directory.clone(),
            source,
        }
    }

    fn notify(&self, event: &Event) {
        if let Some(events) = &self.options.events {
            events(event);
        }
    }
}

/// What to do after an attempt.
enum Step {
    Done,
    /// Go on where it broke, after a pause.
    Resume(Duration),
    /// What has arrived is wrong: keep nothing of it.
    StartOver,
}

impl Course<'_> {
    fn judge(&mut self, result: Result<(), Failure>, sink: &Sink) -> Result<Step, FetchError> {
        match result.map(|()| sink.sha256()) {
            Ok(sha256) if sha256 == self.request.sha256 => return Ok(Step::Done),
            Ok(sha256) => self.distrust(
                "its SHA-256",
                &cs_link::to_hex(&self.request.sha256),
                &cs_link::to_hex(&sha256),
            )?,
            Err(Failure::WrongSize { actual }) => {
                self.distrust("its size", &self.size(), &actual)?
            }
            Err(Failure::Spool(source)) => return Err(self.downloader.spool_error(source)),
            Err(Failure::Permanent { reason, hint }) => {
                return Err(self.network_error(reason, hint));
            }
            Err(Failure::Transient {
                reason,
                hint,
                retry_after,
            }) => {
                return self
                    .after_failure(sink.len(), reason, hint, retry_after)
                    .map(Step::Resume);
            }
        }
        Ok(Step::StartOver)
    }

    /// Count a failed attempt; give the pause before the next one, or the error when there is none.
    fn after_failure(
        &mut self,
        length: u64,
        reason: String,
        hint: &'static str,
        retry_after: Option<Duration>,
    ) -> Result<Duration, FetchError> {
        let options = &self.downloader.options;
        if length >= self.furthest + PROGRESS_BYTES {
            self.failed = 0;
            self.furthest = length;
        }
        self.failed += 1;
        if self.failed >= options.attempts {
            let reason = format!("{reason} (attempt {} of {})", self.failed, options.attempts);
            return Err(self.network_error(reason, hint));
        }
        let wait = backoff::pause(options.first_backoff, self.failed, retry_after);
        self.announce(wait, reason);
        Ok(wait)
    }

    /// Wrong bytes: a cache between may hold a bad copy, so ask once more past it.
    fn distrust(
        &mut self,
        what: &'static str,
        expected: &str,
        actual: &str,
    ) -> Result<(), FetchError> {
        if self.distrustful {
            return Err(FetchError::Damaged {
                file_name: file_name(&self.request.url),
                url: redact_url(&self.request.url),
                what,
                expected: expected.to_owned(),
                actual: actual.to_owned(),
            });
        }
        self.distrustful = true;
        self.announce(
            Duration::ZERO,
            format!("{what} is {actual}, expected {expected}"),
        );
        Ok(())
    }

    fn size(&self) -> String {
        self.request
            .size
            .map_or_else(|| "unknown".to_owned(), |size| format!("{size} bytes"))
    }

    fn announce(&self, wait: Duration, reason: String) {
        let (index, url, attempt) = (
            self.request.index,
            redact_url(&self.request.url),
            self.failed.max(1),
        );
        self.downloader.notify(&Event::Retry {
            index,
            url,
            attempt,
            wait,
            reason,
        });
    }

    fn network_error(&self, reason: String, hint: &'static str) -> FetchError {
        let (file_name, url) = (file_name(&self.request.url), redact_url(&self.request.url));
        FetchError::Network {
            file_name,
            url,
            reason,
            hint,
        }
    }
}
