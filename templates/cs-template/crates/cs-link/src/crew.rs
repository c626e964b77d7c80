//! The threads of a job: each links one archive after the other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use cs_archive::{Archive, Archives, Progress, to_hex};

use crate::bytecode::{Modules, unpack_shipped};
use crate::fault::Fault;
use crate::input::Monitor;
use crate::package::{Hashed, hash, link_package};
use crate::settle::settle;
use crate::shared::Shared;
use crate::threads::work_together;
use crate::tree::Hand;
use crate::{Bytecode, Clobbered, InstallError, LinkError, Misstated, Package};

/// What the threads have done together.
#[derive(Default)]
pub(crate) struct Done {
    linked: Vec<bool>,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) modules: Modules,
    /// Compiled modules, each with the package that it belongs to.
    pub(crate) compiled: Vec<(usize, String)>,
    /// Compiled modules that came with the runtime, not yet known to belong to anything.
    shipped: Vec<String>,
    /// What gave way to a file in place of a directory, or the other way round.
    pub(crate) lost: Vec<Clobbered>,
    pub(crate) misstated: Vec<Misstated>,
}

/// The worker threads.
pub(crate) struct Crew<'a, E> {
    shared: &'a Shared<'a>,
    archives: &'a dyn Archives<Error = E>,
    progress: &'a dyn Progress,
    cancel: &'a AtomicBool,
    /// One of the threads has failed.
    failed: AtomicBool,
    bytecode_taken: AtomicBool,
    done: Mutex<Done>,
    /// The first failure of all threads.
    error: Mutex<Option<InstallError<E>>>,
}

impl<'a, E: Send> Crew<'a, E> {
    pub(crate) fn new(
        shared: &'a Shared<'a>,
        archives: &'a dyn Archives<Error = E>,
        progress: &'a dyn Progress,
        cancel: &'a AtomicBool,
    ) -> Self {
        let done = Done {
            linked: vec![false; shared.job.packages.len()],
            ..Done::default()
        };
        Self {
            shared,
            archives,
            progress,
            cancel,
            failed: AtomicBool::new(false),
            bytecode_taken: AtomicBool::new(false),
            done: Mutex::new(done),
            error: Mutex::new(None),
        }
    }

    /// Let the threads work until there is nothing left to do.
    pub(crate) fn work(self) -> Result<Done, InstallError<E>> {
        let threads = self
            .shared
            .job
            .threads
            .clamp(1, self.shared.job.packages.len().max(1));
        work_together(threads, || self.work_alone());
        let mut done = self
            .done
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        // An interruption shows in many ways; what counts is that the caller wanted it.
        if self.cancel.load(Ordering::Relaxed) {
            return Err(LinkError::from(Fault::Cancelled).into());
        }
        if let Some(error) = self
            .error
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
        {
            return Err(error);
        }
        check_complete(self.shared.job.packages, &done.linked)?;
        let shipped = std::mem::take(&mut done.shipped);
        let mut hand = self.shared.tree.hand();
        let compiled = done.modules.claimants(self.shared.claims, &shipped);
        done.lost = settle(self.shared, &mut hand, &compiled)?;
        done.compiled = done
            .modules
            .attribute(self.shared, &mut hand, shipped)
            .map_err(Fault::of_bytecode)?;
        done.modules.keep_owned(self.shared.claims);
        Ok(done)
    }

    /// One thread's work.
    fn work_alone(&self) {
        let mut hand = self.shared.tree.hand();
        if let Err(error) = self
            .take_bytecode(&mut hand)
            .map_err(InstallError::Link)
            .and_then(|()| self.take_archives(&mut hand))
        {
            self.fail(error);
        }
    }

    /// The compiled modules that came with the runtime are one more archive, for the first thread that comes along.
    fn take_bytecode(&self, hand: &mut Hand) -> Result<(), LinkError> {
        let Bytecode::Shipped(bytes) = self.shared.job.bytecode else {
            return Ok(());
        };
        if self.bytecode_taken.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let monitor = Monitor::silent([self.cancel, &self.failed]);
        let (shipped, written) =
            unpack_shipped(self.shared, hand, bytes, &monitor).map_err(Fault::of_bytecode)?;
        let mut done = self.lock();
        done.bytes += written;
        done.files += shipped.len() as u64;
        done.shipped = shipped;
        Ok(())
    }

    fn take_archives(&self, hand: &mut Hand) -> Result<(), InstallError<E>> {
        while !self.failed.load(Ordering::Relaxed) {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(LinkError::from(Fault::Cancelled).into());
            }
            let Some(archive) = self.archives.next().map_err(InstallError::Supplier)? else {
                break;
            };
            self.link(&archive, hand)?;
        }
        Ok(())
    }

    fn link(&self, archive: &Archive, hand: &mut Hand) -> Result<(), LinkError> {
        let index = archive.index;
        let package = self.expect(index)?;
        let flags = [self.cancel, &self.failed];
        let monitor = Monitor::new(self.progress, index, archive.bytes.len(), flags);
        let blame = |fault: Fault| fault.of(package);
        let Hashed { bytes, sha256 } = hash(archive, &monitor).map_err(blame)?;
        if let Some(actual) = sha256.filter(|actual| *actual != package.archive.sha256) {
            return Err(blame(Fault::Checksum {
                expected: to_hex(&package.archive.sha256),
                actual: to_hex(&actual),
            }));
        }
        let linked = link_package(self.shared, hand, index, &*bytes, &monitor).map_err(blame)?;
        monitor.finish();
        let mut done = self.lock();
        done.files += linked.files;
        done.bytes += linked.bytes;
        done.misstated
            .extend(linked.misstated.map(|found| Misstated {
                package: index,
                files: found.files,
                first: found.first,
                stated: found.stated,
                actual: found.actual,
            }));
        if !matches!(self.shared.job.bytecode, Bytecode::OnImport) {
            done.modules.add(self.shared.claims, index, linked.modules);
        }
        Ok(())
    }

    /// The package of an archive that has just come, the first time that it comes.
    fn expect(&self, index: usize) -> Result<&'a Package, LinkError> {
        let package = self.shared.job.packages.get(index).ok_or_else(|| {
            let reason = format!("it handed out number {index}, which the plan does not have");
            plan_error("the supplier of archives", reason)
        })?;
        if std::mem::replace(&mut self.lock().linked[index], true) {
            return Err(plan_error(
                &package.archive.file_name,
                "its archive was handed out twice".to_owned(),
            ));
        }
        Ok(package)
    }

    /// Keep the first error and stop the others; what they say after that is a consequence.
    fn fail(&self, error: InstallError<E>) {
        let first = !self.failed.swap(true, Ordering::Relaxed);
        if first {
            *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            self.archives.stop();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn plan_error(package: &str, reason: String) -> LinkError {
    Fault::Plan(reason).of_subject(package)
}

fn check_complete(packages: &[Package], linked: &[bool]) -> Result<(), LinkError> {
    let missing: Vec<String> = packages
        .iter()
        .zip(linked)
        .filter(|(_, linked)| !**linked)
        .map(|(package, _)| package.archive.file_name.clone())
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Fault::Missing { packages: missing }.into())
    }
}
