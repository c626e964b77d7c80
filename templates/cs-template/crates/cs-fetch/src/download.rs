//! One archive: attempts at the places that may have it, until it is here and verified.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cs_archive::{Archive, to_hex};
use url::Url;

use crate::attempt::{Attempt, Resumption};
use crate::backoff;
use crate::client::Client;
use crate::config::Config;
use crate::error::{Cause, FetchError};
use crate::failure::Failure;
use crate::options::{Event, Options};
use crate::redact::redact_url;
use crate::request::Request;
use crate::sink::{Budget, Sink};
use crate::source::{End, Health, Source, give_up, pick};

/// Progress that makes a broken download as good as a first attempt.
const PROGRESS_BYTES: u64 = 1024 * 1024;
/// A pause that users ask themselves about.
const NOTICEABLE: Duration = Duration::from_secs(3);

/// What all downloads share.
pub(crate) struct Downloader {
    client: Client,
    pub(crate) options: Options,
    config: Config,
    budget: Arc<Budget>,
    health: Health,
    /// Until when which server is waited for, so that several downloads say it once.
    waiting: Mutex<HashMap<String, Instant>>,
}

/// One download's course.
struct Course<'a> {
    downloader: &'a Downloader,
    request: &'a Request,
    sources: Vec<Source>,
    /// Most bytes that any attempt had, so that a server that ignores ranges cannot keep us forever.
    furthest: u64,
    /// What is left of the time that servers may ask for.
    patience: Duration,
}

impl Downloader {
    pub(crate) fn new(client: Client, options: Options, config: Config) -> Self {
        Self {
            client,
            options,
            config,
            budget: Budget::new(),
            health: Health::default(),
            waiting: Mutex::default(),
        }
    }

    /// Download and verify one archive.
    pub(crate) async fn download(&self, request: &Request) -> Result<Archive, FetchError> {
        let size = request.wanted.size;
        let sink = Sink::create(size, &self.budget, &self.options.spool_directory);
        let sink = sink.map_err(|source| self.spool_error(source))?;
        let sources = self.config.find_sources(&request.url);
        let course = Course {
            downloader: self,
            request,
            sources: sources.into_iter().map(Source::new).collect(),
            furthest: 0,
            patience: self.options.patience,
        };
        course.run(sink).await
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

    /// Say that a server is waited for, unless another download has said so already.
    fn note_pause(&self, url: &Url, wait: Duration, reason: String) {
        let now = Instant::now();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let until = waiting.entry(url.host_str().unwrap_or_default().to_owned());
        let until = until.or_insert(now);
        if *until <= now {
            *until = now + wait;
            drop(waiting);
            self.notify(&Event::Pause { wait, reason });
        }
    }
}

impl Course<'_> {
    async fn run(mut self, mut sink: Sink) -> Result<Archive, FetchError> {
        let mut resumption = Resumption::default();
        let mut last = None;
        while let Some(index) = pick(&self.sources, &self.downloader.health) {
            tokio::time::sleep(self.sources[index].wait()).await;
            let source = &self.sources[index];
            // What one server said of its copy means nothing to another.
            if last.replace(index) != Some(index) || source.is_distrusted {
                resumption = Resumption::default();
            }
            let attempt = Attempt {
                client: &self.downloader.client,
                options: &self.downloader.options,
                request: self.request,
                source: &source.url,
                fresh: source.is_distrusted,
            };
            let result = attempt.run(&mut sink, &mut resumption).await;
            if self.judge(index, result, &sink)? {
                return Ok(Archive {
                    index: self.request.index,
                    bytes: sink.into_bytes(),
                    verified: true,
                });
            }
        }
        Err(give_up(&self.request.wanted.file_name, self.sources))
    }

    /// Whether an attempt has brought the archive; if not, what its failure means for its source is noted.
    fn judge(
        &mut self,
        index: usize,
        result: Result<(), Failure>,
        sink: &Sink,
    ) -> Result<bool, FetchError> {
        match result.map(|()| sink.sha256()) {
            Ok(sha256) if sha256 == self.request.wanted.sha256 => return Ok(true),
            Ok(sha256) => {
                let expected = to_hex(&self.request.wanted.sha256);
                self.distrust(index, "its SHA-256", expected, to_hex(&sha256));
            }
            Err(Failure::WrongSize { actual }) => {
                self.distrust(index, "its size", self.size(), actual);
            }
            Err(Failure::Spool(source)) => return Err(self.downloader.spool_error(source)),
            Err(Failure::Permanent { reason, cause }) => {
                self.sources[index].end(End::Unavailable {
                    reason: reason.clone(),
                    cause,
                });
                self.announce_next(index, reason);
            }
            Err(Failure::Transient {
                reason,
                cause,
                retry_after,
            }) => self.after_failure(index, sink.len(), reason, cause, retry_after),
        }
        self.downloader
            .health
            .note_failure(&self.sources[index].url);
        Ok(false)
    }

    /// Count a failed attempt: a pause for its source, or the end of it.
    fn after_failure(
        &mut self,
        index: usize,
        length: u64,
        reason: String,
        cause: Cause,
        retry_after: Option<Duration>,
    ) {
        let options = &self.downloader.options;
        let source = &mut self.sources[index];
        if length >= self.furthest + PROGRESS_BYTES {
            source.failed = 0;
            self.furthest = length;
        }
        source.failed += 1;
        let is_unbearable =
            retry_after.is_some_and(|asked| !asked.is_zero()) && self.patience.is_zero();
        if source.failed >= options.attempts || is_unbearable {
            let asked = describe_asked(retry_after);
            source.end(End::Unavailable {
                reason: format!(
                    "{reason}{asked} (attempt {} of {})",
                    source.failed, options.attempts
                ),
                cause,
            });
            self.announce_next(index, reason);
            return;
        }
        let wait = match retry_after {
            Some(asked) => asked.min(self.patience),
            None => backoff::pause(options.first_backoff, source.failed),
        };
        source.rest(wait);
        self.announce_next(index, format!("{reason}{}", describe_asked(retry_after)));
        if retry_after.is_some() && pick(&self.sources, &self.downloader.health) == Some(index) {
            self.patience = self.patience.saturating_sub(wait);
        }
    }

    fn next_wait(&self) -> Option<Duration> {
        let next = pick(&self.sources, &self.downloader.health)?;
        Some(self.sources[next].wait())
    }

    /// Wrong bytes: a cache between may hold a bad copy, so ask once more past it.
    fn distrust(&mut self, index: usize, what: &'static str, expected: String, actual: String) {
        let source = &mut self.sources[index];
        let reason = format!("{what} is {actual}, expected {expected}");
        if source.is_distrusted {
            source.end(End::Damaged {
                what,
                expected,
                actual,
            });
        }
        source.is_distrusted = true;
        self.announce_next(index, reason);
    }

    fn size(&self) -> String {
        self.request
            .wanted
            .size
            .map_or_else(|| "unknown".to_owned(), |size| format!("{size} bytes"))
    }

    /// Say that the attempt at `index` failed, if there is another one.
    fn announce_next(&self, index: usize, reason: String) {
        let Some(wait) = self.next_wait() else {
            return;
        };
        let source = &self.sources[index];
        if wait >= NOTICEABLE {
            self.downloader
                .note_pause(&source.url, wait, reason.clone());
        }
        self.downloader.notify(&Event::Retry {
            index: self.request.index,
            url: redact_url(source.url.as_str()),
            attempt: source.failed.max(1),
            wait,
            reason,
        });
    }
}

fn describe_asked(retry_after: Option<Duration>) -> String {
    match retry_after.map(|asked| asked.as_secs()) {
        None | Some(0) => String::new(),
        Some(seconds) => format!(" and asks to wait {seconds} s"),
    }
}
