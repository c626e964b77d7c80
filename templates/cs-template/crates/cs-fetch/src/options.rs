//! Options of a download, and the events that it reports.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Something worth reporting.
#[derive(Debug, Clone)]
pub enum Event {
    /// A download failed and is tried again, there or elsewhere, after a pause: for verbose output.
    Retry {
        /// Index into the job's packages.
        index: usize,
        /// The URL, without credentials.
        url: String,
        /// Number of the attempt that failed, from 1.
        attempt: u32,
        /// Pause before the next attempt.
        wait: Duration,
        /// Why it failed.
        reason: String,
    },
    /// Nothing goes on for so long that users should know why; said once, however many downloads wait for a server.
    Pause {
        /// How long.
        wait: Duration,
        /// Why, with the server's name.
        reason: String,
    },
    /// A setting of this machine could not be used.
    Warning(String),
}

/// Hears of downloaded bytes: index of the package, and how many more; negative when a broken download starts over.
pub type ProgressCallback = Arc<dyn Fn(usize, i64) + Send + Sync>;

/// Hears of events.
pub type EventCallback = Arc<dyn Fn(&Event) + Send + Sync>;

/// An average over a while.
#[derive(Debug, Clone, Copy)]
pub struct Speed {
    /// Bytes in each window.
    pub bytes: u64,
    /// How long a window is.
    pub window: Duration,
}

/// How to fetch. Proxies, certificates, credentials and mirrors come from the environment and from rattler's files.
#[derive(Clone)]
pub struct Options {
    /// Where archives that are too large for memory are kept, in unlinked files.
    pub spool_directory: PathBuf,
    /// `User-Agent` header.
    pub user_agent: String,
    /// Most downloads at once, eight by default. The builder has 24 (`cs_bundle._fetch`), since it does nothing else
    /// meanwhile. Here the linker works on what has arrived, which takes longer than the download, and more downloads
    /// would only use up the memory for small archives.
    pub concurrency: usize,
    /// Most attempts for one archive.
    pub attempts: u32,
    /// Pause after the first failed attempt; doubled after each further one.
    pub first_backoff: Duration,
    /// Time-out of a connection attempt.
    pub connect_timeout: Duration,
    /// Longest time without a byte.
    pub stall_timeout: Duration,
    /// What must arrive at least: a server that is slower is as good as one that is silent.
    pub least_speed: Speed,
    /// Longest time that servers may ask us to wait for one archive, all in all.
    pub patience: Duration,
    /// Hears of downloaded bytes.
    pub progress: Option<ProgressCallback>,
    /// Hears of retries and warnings.
    pub events: Option<EventCallback>,
}

impl Options {
    /// Start from the defaults; `spool_directory` must exist.
    pub fn new(spool_directory: impl Into<PathBuf>) -> Self {
        Self {
            spool_directory: spool_directory.into(),
            user_agent: concat!("conda-ship/", env!("CARGO_PKG_VERSION")).to_owned(),
            concurrency: 8,
            attempts: 6,
            first_backoff: Duration::from_millis(300),
            connect_timeout: Duration::from_secs(15),
            stall_timeout: Duration::from_secs(30),
            least_speed: Speed {
                bytes: 6000,
                window: Duration::from_secs(60),
            },
            patience: Duration::from_secs(60),
            progress: None,
            events: None,
        }
    }
}
