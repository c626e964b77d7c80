//! From archives to a complete staging directory.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use cs_archive::{Archive, Archives, Progress, to_hex};

use crate::aside::Aside;
use crate::bytecode::{Modules, compile, unpack_shipped};
use crate::clobber::Claims;
use crate::fault::Fault;
use crate::history::{render_explicit, render_history};
use crate::input::Monitor;
use crate::layout::Layout;
use crate::order::order_packages;
use crate::package::{Hashed, hash, link_package};
use crate::record::{PathKind, PathRecord, edit_record};
use crate::scripts::run_scripts;
use crate::settle::settle;
use crate::shared::{Shared, replace_file};
use crate::tree::{Hand, Tree};
use crate::{Bytecode, Clobbered, InstallError, Job, LinkError, Misstated, Package, Report};

/// Install every package of `job` into its staging directory.
///
/// Archives are taken from `archives` by up to `job.threads` threads. When this returns, with whatever result, no thread and no process that
/// it started is left. After an error the staging directory holds an unfinished prefix, to be removed by its creator.
pub fn install<E: Send>(
    job: &Job,
    archives: &dyn Archives<Error = E>,
    progress: &dyn Progress,
    cancel: &AtomicBool,
) -> Result<Report, InstallError<E>> {
    let staging =
        std::path::absolute(job.staging).map_err(|source| write_error(job, "", source))?;
    // Without the slash that a path may end with: more paths are appended to it.
    let job = &Job {
        staging: &staging,
        prefix: job.prefix.components().as_path(),
        ..*job
    };
    let prefix = prefix_text(job)?;
    let layout = job
        .python
        .map(Layout::new)
        .transpose()
        .map_err(|reason| plan_error("python", reason))?;
    let tree = Tree::open(job.staging).map_err(|source| write_error(job, "", source))?;
    let claims = Claims::new(order_packages(job.packages));
    let aside = Aside::default();
    let shared = Shared {
        job,
        tree: &tree,
        claims: &claims,
        aside: &aside,
        layout: layout.as_ref(),
        long_lists: Mutex::default(),
        prefix: &prefix,
    };
    let mut hand = tree.hand();
    hand.create_directory(META)
        .map_err(|source| write_error(job, META, source))?;
    let mut done = Crew::new(&shared, archives, progress, cancel).work()?;
    if let (Bytecode::Compile, Some(layout)) = (job.bytecode, &layout) {
        done.compiled = compile(&shared, layout, &done.modules, cancel)?;
    }
    let mut report = finish(&shared, &mut hand, done)?;
    if job.link_scripts {
        report.messages = run_scripts(job, cancel)?;
    }
    if cancel.load(Ordering::Relaxed) {
        Err(LinkError::from(Fault::Cancelled).into())
    } else {
        Ok(report)
    }
}

const META: &str = "conda-meta";

/// Write what only the whole job knows.
fn finish(shared: &Shared, hand: &mut Hand, mut done: Done) -> Result<Report, LinkError> {
    done.misstated.sort_by_key(|misstated| misstated.package);
    let mut clobbered = shared.claims.contested();
    clobbered.extend(done.lost);
    clobbered.sort_by(|a, b| (&a.path, a.loser, a.winner).cmp(&(&b.path, b.loser, b.winner)));
    let report = Report {
        files: done.files,
        bytes: done.bytes,
        compiled: done.compiled.len() as u64,
        clobbered,
        misstated: done.misstated,
        messages: Vec::new(),
    };
    correct_records(shared, hand, &report, done.compiled)?;
    let history = render_history(shared.job, SystemTime::now());
    write_text(shared.job, hand, "conda-meta/history", &history)?;
    let explicit = render_explicit(shared.job);
    write_text(
        shared.job,
        hand,
        "conda-meta/initial-state.explicit.txt",
        &explicit,
    )?;
    Ok(report)
}

/// The final prefix as files will hold it. On Windows with forward slashes, which need no escaping in whatever language a file is in.
fn prefix_text(job: &Job) -> Result<String, LinkError> {
    let text = job
        .prefix
        .to_str()
        .ok_or_else(|| Fault::PrefixNotUnicode(job.prefix.to_owned()))?;
    Ok(if cfg!(windows) {
        text.replace('\\', "/")
    } else {
        text.to_owned()
    })
}

fn plan_error(package: &str, reason: String) -> LinkError {
    Fault::Plan(reason).of_subject(package)
}

fn write_error(job: &Job, path: &str, source: std::io::Error) -> LinkError {
    Fault::Write {
        path: job.staging.join(path),
        source,
    }
    .into()
}

fn write_text(job: &Job, hand: &mut Hand, path: &str, text: &str) -> Result<(), LinkError> {
    replace_file(hand, path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| write_error(job, path, source))
}

/// Take out of the records what other packages have won, add what was compiled.
fn correct_records(
    shared: &Shared,
    hand: &mut Hand,
    report: &Report,
    compiled: Vec<(usize, String)>,
) -> Result<(), LinkError> {
    let mut changes: HashMap<usize, (HashSet<&str>, Vec<PathRecord>)> = HashMap::new();
    for clobbered in &report.clobbered {
        changes
            .entry(clobbered.loser)
            .or_default()
            .0
            .insert(&clobbered.path);
    }
    for (package, path) in compiled {
        changes
            .entry(package)
            .or_default()
            .1
            .push(PathRecord::new(path, PathKind::Compiled));
    }
    for (index, (lost, added)) in changes {
        let package = &shared.job.packages[index];
        edit_record(shared, hand, package, &lost, added).map_err(|fault| fault.of(package))?;
    }
    Ok(())
}

/// What the threads have done together.
#[derive(Default)]
struct Done {
    linked: Vec<bool>,
    files: u64,
    bytes: u64,
    modules: Modules,
    /// Compiled modules, each with the package that it belongs to.
    compiled: Vec<(usize, String)>,
    /// Compiled modules that came with the runtime, not yet known to belong to anything.
    shipped: Vec<String>,
    /// What gave way to a file in place of a directory, or the other way round.
    lost: Vec<Clobbered>,
    misstated: Vec<Misstated>,
}

/// The worker threads.
struct Crew<'a, E> {
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
    fn new(
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
    fn work(self) -> Result<Done, InstallError<E>> {
        let threads = self
            .shared
            .job
            .threads
            .clamp(1, self.shared.job.packages.len().max(1));
        std::thread::scope(|scope| {
            for _ in 1..threads {
                // Where no more threads are allowed, fewer do the work.
                let thread = std::thread::Builder::new();
                if thread.spawn_scoped(scope, || self.work_alone()).is_err() {
                    break;
                }
            }
            self.work_alone();
        });
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
