//! What is there to do, and what has been done: counted by the linker's threads.

use std::collections::HashSet;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What is there to do.
#[derive(Debug, Clone, Copy, Default)]
pub struct Total {
    /// Bytes of all archives, when known.
    pub archive_bytes: Option<u64>,
    /// Files of all packages, when known.
    pub files: Option<u64>,
    /// Number of packages.
    pub packages: usize,
}

/// What has been done; the linker's threads add to it.
#[derive(Debug, Default)]
pub struct Counter {
    archive_bytes: AtomicU64,
    files: AtomicU64,
    packages: AtomicUsize,
    modules: AtomicUsize,
    modules_total: OnceLock<usize>,
    downloads: OnceLock<HashSet<usize>>,
}

/// What has been done at one instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Bytes of archives consumed.
    pub archive_bytes: u64,
    /// Files written.
    pub files: u64,
    /// Packages in place.
    pub packages: usize,
    /// Python modules compiled.
    pub modules: usize,
    /// Modules to compile, once that has begun.
    pub modules_total: Option<usize>,
}

impl Counter {
    /// Count the bytes of these packages as they arrive: linking them is fast, and waiting for them is not.
    pub fn expect_downloads(&self, packages: &[usize]) {
        let _ = self.downloads.set(packages.iter().copied().collect());
    }

    /// Count downloaded bytes; negative when a broken download starts over.
    pub fn add_download(&self, bytes: i64) {
        let change = |present: u64| Some(present.saturating_add_signed(bytes));
        let _ = self
            .archive_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
    }

    fn is_download(&self, package: usize) -> bool {
        self.downloads
            .get()
            .is_some_and(|downloads| downloads.contains(&package))
    }

    /// What has been done so far.
    pub fn read(&self) -> Done {
        Done {
            archive_bytes: self.archive_bytes.load(Ordering::Relaxed),
            files: self.files.load(Ordering::Relaxed),
            packages: self.packages.load(Ordering::Relaxed),
            modules: self.modules.load(Ordering::Relaxed),
            modules_total: self.modules_total.get().copied(),
        }
    }
}

impl cs_archive::Progress for Counter {
    fn advance(&self, package: usize, archive_bytes: u64, files: u64) {
        if archive_bytes > 0 && !self.is_download(package) {
            self.archive_bytes
                .fetch_add(archive_bytes, Ordering::Relaxed);
        }
        self.files.fetch_add(files, Ordering::Relaxed);
    }

    fn finished(&self, _package: usize) {
        self.packages.fetch_add(1, Ordering::Relaxed);
    }

    fn compiled(&self, modules: usize, total: usize) {
        let _ = self.modules_total.set(total);
        self.modules.fetch_add(modules, Ordering::Relaxed);
    }
}
