//! A sign of life, for file systems whose directories cannot be locked (NFS).

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use cs_file::Links;

const INTERVAL: Duration = Duration::from_secs(1);

/// Writes a new number every second until it is dropped.
pub(crate) struct Heartbeat {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Heartbeat {
    /// Start beating in the directory `scratch`.
    pub fn start(scratch: &Path) -> Self {
        let path = path_in(scratch);
        let (stop, stopped) = channel();
        let _ = crate::sys::make_file(&path);
        let beat = move || {
            let mut number = 0_u64;
            loop {
                number += 1;
                // A missed beat is not a reason to fail; the limit is twenty of them.
                let _ = std::fs::write(&path, number.to_string());
                if stopped.recv_timeout(INTERVAL) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("heartbeat".to_owned())
            .spawn(beat)
            .ok();
        Self {
            stop: Some(stop),
            thread,
        }
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It cannot panic.
            let _ = thread.join();
        }
    }
}

/// What the heartbeat in `scratch` says now; a number, not a time, so that no clock matters.
pub(crate) fn read(scratch: &Path) -> Vec<u8> {
    cs_file::read(&path_in(scratch), Links::Refused, 64).unwrap_or_default()
}

fn path_in(scratch: &Path) -> PathBuf {
    scratch.join("heartbeat")
}
