//! The background thread, and the queue between it and the linker.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{HashSet, VecDeque};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cs_archive::{Archive, Archives, Wanted};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Notify, Semaphore};

use crate::client::Client;
use crate::config::Config;
use crate::credentials::Credentials;
use crate::download::Downloader;
use crate::error::{Cause, FetchError};
use crate::local::{local_path, open_archive};
use crate::options::{Event, Options};
use crate::request::Request;

/// Most archives that are here and not yet taken; downloads pause beyond.
const MOST_READY: usize = 32;
/// How soon a raised cancel flag is noticed.
const CANCEL_INTERVAL: Duration = Duration::from_millis(40);
/// One lane in so many takes the smallest archives, so that the linker has something to do from the start.
const LANES_PER_SMALL: usize = 4;

/// Archives on their way. Dropping it stops the downloads.
pub struct Fetcher {
    shared: Arc<Shared>,
    local: Mutex<VecDeque<(usize, Wanted, PathBuf)>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread and the linker share.
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Room for further archives that are here and not yet taken.
    room: Semaphore,
    stop: Notify,
    cancel: Arc<AtomicBool>,
}

#[derive(Default)]
struct State {
    ready: VecDeque<Archive>,
    /// The first failure, until a thread has taken it.
    failure: Option<FetchError>,
    /// Nothing more will come.
    finished: bool,
}

/// Start to fetch: each archive with its index into the job's packages. Nothing is sent
/// before the first archive that is not on this machine, and then in the background.
///
/// Raising `cancel` stops everything within a tenth of a second.
pub fn fetch(
    mut wanted: Vec<(usize, Wanted)>,
    options: Options,
    cancel: Arc<AtomicBool>,
) -> Result<Fetcher, FetchError> {
    let (mut local, mut remote) = (VecDeque::new(), Vec::new());
    let config = if wanted.is_empty() {
        Config::default()
    } else {
        Config::load()
    };
    let find_path = |url: &String| local_path(url).or_else(|| config.find_local_mirror(url));
    // What has no size may be large.
    wanted.sort_by_key(|(_, wanted)| Reverse(wanted.size.unwrap_or(u64::MAX)));
    for (index, wanted) in wanted {
        match wanted.url.as_ref().and_then(find_path) {
            Some(path) => local.push_back((index, wanted, path)),
            None => remote.push(Request::new(index, wanted)?),
        }
    }
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            finished: remote.is_empty(),
            ..State::default()
        }),
        changed: Condvar::new(),
        room: Semaphore::new(MOST_READY),
        stop: Notify::new(),
        cancel,
    });
    let thread = if remote.is_empty() {
        None
    } else {
        Some(spawn(Arc::clone(&shared), remote, options, config)?)
    };
    Ok(Fetcher {
        shared,
        local: Mutex::new(local),
        thread,
    })
}

fn spawn(
    shared: Arc<Shared>,
    requests: Vec<Request>,
    options: Options,
    config: Config,
) -> Result<JoinHandle<()>, FetchError> {
    let run = move || {
        // Whatever happens to this thread, no other may wait for it forever.
        let _closing = Closing(&shared);
        if let Err(failure) = download_all(&shared, requests, options, config) {
            shared.fail(failure);
        }
    };
    thread::Builder::new()
        .name("fetch".to_owned())
        .spawn(run)
        .map_err(thread_error)
}

fn thread_error(error: std::io::Error) -> FetchError {
    let words = cs_file::describe_error(&error);
    let (reason, cause) = if cs_file::is_too_many_open(&error) {
        (words, Cause::OpenFiles)
    } else {
        let reason = format!("no thread could be started ({words})");
        (reason, Cause::Threads)
    };
    FetchError::Setup { reason, cause }
}

struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.lock().finished = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change of the state is complete in itself, so a poisoned lock is as good as new.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, archive: Archive) {
        self.lock().ready.push_back(archive);
        self.changed.notify_one();
    }

    fn fail(&self, failure: FetchError) {
        let mut state = self.lock();
        // These archives are not needed any more. Only the thread that takes the failure reports it.
        state.ready.clear();
        state.finished = true;
        state.failure = Some(failure);
        drop(state);
        self.changed.notify_all();
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// Wait until no thread wants another archive.
    async fn stopped(&self) {
        while !self.is_cancelled() {
            if tokio::time::timeout(CANCEL_INTERVAL, self.stop.notified())
                .await
                .is_ok()
            {
                return;
            }
        }
    }
}

/// Run all downloads on this thread; `Ok` also when they were stopped.
fn download_all(
    shared: &Shared,
    requests: Vec<Request>,
    options: Options,
    config: Config,
) -> Result<(), FetchError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(thread_error)?;
    let mut warn = |message: String| {
        if let Some(events) = &options.events {
            events(&Event::Warning(message));
        }
    };
    config.warnings.iter().cloned().for_each(&mut warn);
    let credentials = Credentials::load(&config, list_hosts(&requests), &mut warn);
    let client = credentials.and_then(|credentials| Client::new(&options, credentials));
    let client = client?;
    let downloader = Downloader::new(client, options, config);
    let result = runtime.block_on(async {
        match select(
            pin!(run_lanes(shared, &downloader, requests)),
            pin!(shared.stopped()),
        )
        .await
        {
            Either::Left((result, _)) => result,
            Either::Right(((), _)) => Ok(()),
        }
    });
    // A name lookup cannot be interrupted; it must not delay a cancellation.
    runtime.shutdown_background();
    result
}

/// The hosts that the plan itself names.
fn list_hosts(requests: &[Request]) -> HashSet<String> {
    let host = |request: &Request| Some(request.url.host_str()?.to_owned());
    requests.iter().filter_map(host).collect()
}

/// Download on several lanes at once: most take the largest archive that is left, the others the smallest.
async fn run_lanes(
    shared: &Shared,
    downloader: &Downloader,
    requests: Vec<Request>,
) -> Result<(), FetchError> {
    let pending = RefCell::new(VecDeque::from(requests));
    let take = |lane: usize| {
        if lane % LANES_PER_SMALL == LANES_PER_SMALL - 1 {
            pending.borrow_mut().pop_back()
        } else {
            pending.borrow_mut().pop_front()
        }
    };
    let run_lane = async |lane: usize| -> Result<(), FetchError> {
        loop {
            // The semaphore is never closed; the room is given back when the archive is taken.
            shared.room.acquire().await.expect("open").forget();
            let Some(request) = take(lane) else {
                return Ok(());
            };
            let archive = downloader.download(&request).await;
            shared.push(archive?);
        }
    };
    let lanes = downloader.options.concurrency.max(1);
    let mut running: FuturesUnordered<_> = (0..lanes).map(run_lane).collect();
    while let Some(result) = running.next().await {
        shared.room.add_permits(1);
        result?;
    }
    Ok(())
}

impl Fetcher {
    fn next_local(&self) -> Option<Result<Archive, FetchError>> {
        let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        let (index, wanted, path) = local.pop_front()?;
        Some(open_archive(index, &wanted, &path))
    }

    fn next_remote(&self) -> Result<Option<Archive>, FetchError> {
        let mut state = self.shared.lock();
        loop {
            if let Some(failure) = state.failure.take() {
                return Err(failure);
            }
            if self.shared.is_cancelled() {
                return Err(FetchError::Cancelled);
            }
            if let Some(archive) = state.ready.pop_front() {
                self.shared.room.add_permits(1);
                return Ok(Some(archive));
            }
            if state.finished {
                return Ok(None);
            }
            let waited = self.shared.changed.wait_timeout(state, CANCEL_INTERVAL);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Archives for Fetcher {
    type Error = FetchError;

    fn next(&self) -> Result<Option<Archive>, FetchError> {
        match self.next_local() {
            Some(archive) => archive.map(Some),
            None => self.next_remote(),
        }
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        self.shared.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_limit_on_open_files_is_not_one_on_threads() {
        for (code, cause, words) in [
            (24, Cause::OpenFiles, "downloads: Too many open files"),
            (
                11,
                Cause::Threads,
                "downloads: no thread could be started (",
            ),
        ] {
            let error = thread_error(std::io::Error::from_raw_os_error(code));
            assert_eq!(error.kind(), crate::error::Kind::Network(cause));
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
