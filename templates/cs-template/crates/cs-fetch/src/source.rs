//! The places that may have an archive: which one to ask next, and what became of the others.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use url::Url;

use crate::error::{Cause, FetchError, Tried};
use crate::redact::redact_url;

/// One place that may have an archive: a mirror, or the channel itself.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) url: Url,
    /// Failed attempts since the last progress.
    pub(crate) failed: u32,
    /// Whether wrong bytes have come from here once already.
    pub(crate) is_distrusted: bool,
    ready_at: Instant,
    end: Option<End>,
}

/// Why a place is not asked any more.
#[derive(Debug)]
pub(crate) enum End {
    Unavailable {
        reason: String,
        cause: Cause,
    },
    Damaged {
        what: &'static str,
        expected: String,
        actual: String,
    },
}

impl Source {
    pub(crate) fn new(url: Url) -> Self {
        Self {
            url,
            failed: 0,
            is_distrusted: false,
            ready_at: Instant::now(),
            end: None,
        }
    }

    /// Not to be asked again before so much time has passed.
    pub(crate) fn rest(&mut self, pause: Duration) {
        self.ready_at = Instant::now() + pause;
    }

    pub(crate) fn end(&mut self, end: End) {
        self.end = Some(end);
    }

    /// How long it is still to be left alone.
    pub(crate) fn wait(&self) -> Duration {
        self.ready_at.saturating_duration_since(Instant::now())
    }
}

/// Which servers have failed: known to all downloads, so that a dead mirror is not the first to be asked each time.
#[derive(Default)]
pub(crate) struct Health(Mutex<HashMap<String, u32>>);

impl Health {
    pub(crate) fn note_failure(&self, url: &Url) {
        *self.lock().entry(server(url)).or_default() += 1;
    }

    fn failures(&self, url: &Url) -> u32 {
        self.lock().get(&server(url)).copied().unwrap_or(0)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Not an origin: `oci:` has none.
fn server(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or(0);
    format!("{}://{}:{port}", url.scheme(), url.host_str().unwrap_or(""))
}

/// The place to ask next, if any is left: the first one that is ready and has failed least.
pub(crate) fn pick(sources: &[Source], health: &Health) -> Option<usize> {
    (0..sources.len())
        .filter(|index| sources[*index].end.is_none())
        .min_by_key(|index| {
            let source = &sources[*index];
            (source.wait(), source.failed, health.failures(&source.url))
        })
}

/// The error when no place is left: what was tried, and why it failed there.
pub(crate) fn give_up(file_name: &str, sources: Vec<Source>) -> FetchError {
    let file_name = file_name.to_owned();
    let mut ended: Vec<(String, End)> = sources
        .into_iter()
        .filter_map(|source| Some((redact_url(source.url.as_str()), source.end?)))
        .collect();
    // Stable: the most informative cause comes last if nothing else was available.
    ended.sort_by_key(|(_, end)| Reverse(matches!(end, End::Unavailable { .. })));
    let cause = ended.iter().rev().find_map(|(_, end)| match end {
        End::Unavailable { cause, .. } => Some(*cause),
        End::Damaged { .. } => None,
    });
    match (cause, ended.pop()) {
        (Some(cause), last) => FetchError::Network {
            file_name,
            tried: ended.into_iter().chain(last).map(describe).collect(),
            cause,
        },
        (
            None,
            Some((
                url,
                End::Damaged {
                    what,
                    expected,
                    actual,
                },
            )),
        ) => FetchError::Damaged {
            file_name,
            url,
            what,
            expected,
            actual,
        },
        (None, _) => FetchError::Cancelled,
    }
}

fn describe((url, end): (String, End)) -> Tried {
    let reason = match end {
        End::Unavailable { reason, .. } => reason,
        End::Damaged {
            what,
            expected,
            actual,
        } => {
            format!("a wrong copy: {what} is {actual}, expected {expected}")
        }
    };
    Tried { url, reason }
}
