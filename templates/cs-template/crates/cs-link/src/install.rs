//! From archives to a complete staging directory.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use cs_archive::{Archives, Progress};

use crate::amend::amend_records;
use crate::aside::Aside;
use crate::bytecode::compile;
use crate::clean::with_slashes;
use crate::clobber::{Claims, fold};
use crate::crew::{Crew, Done};
use crate::fault::Fault;
use crate::history::{render_explicit, render_history};
use crate::layout::Layout;
use crate::order::order_packages;
use crate::records::edit_record;
use crate::scripts::run_scripts;
use crate::shared::{Shared, Wheels};
use crate::supersede::{Removed, supersede};
use crate::tree::{Hand, Tree, replace_file};
use crate::verify::seal_records;
use crate::{Bytecode, Clobbered, InstallError, Job, LinkError, Report, Seals};

/// Install every package of `job` into its staging directory.
///
/// Archives are taken from `archives` by up to `job.threads` threads. When this returns,
/// with whatever result, no thread and no process that it started is left. After an error
/// the staging directory holds an unfinished prefix, to be removed by its creator.
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
        .map_err(|reason| Fault::Plan(reason).of_subject("python"))?;
    let tree = Tree::open(job.staging).map_err(|source| write_error(job, "", source))?;
    let claims = Claims::new(order_packages(job.packages));
    let aside = Aside::default();
    let shared = Shared {
        job,
        tree: &tree,
        claims: &claims,
        aside: &aside,
        layout: layout.as_ref(),
        wheels: Wheels::default(),
        long_lists: Mutex::default(),
        prefix: &prefix,
    };
    let mut hand = tree.hand();
    hand.create_directory(META)
        .map_err(|source| write_error(job, META, source))?;
    let mut done = Crew::new(&shared, archives, progress, cancel).work()?;
    let removed = supersede(&shared, &mut hand)?;
    done.modules.keep_owned(&claims);
    if let (Bytecode::Compile, Some(layout)) = (job.bytecode, &layout) {
        let (compiled, bytes) = compile(&shared, layout, &done.modules, progress, cancel)?;
        done.compiled = compiled;
        done.bytes += bytes;
    }
    let mut report = finish(&shared, &mut hand, done, removed)?;
    if job.link_scripts {
        let scripts = run_scripts(job, &claims, cancel)?;
        report.messages = scripts.messages;
        // They may have moved what was open.
        hand.forget();
        if let Some(untouched) = scripts.untouched {
            amend_records(&shared, &mut hand, &untouched)?;
        }
    }
    report.records = seal_records(&shared, &mut hand)?;
    if cancel.load(Ordering::Relaxed) {
        Err(LinkError::from(Fault::Cancelled).into())
    } else {
        Ok(report)
    }
}

const META: &str = "conda-meta";

/// Write what only the whole job knows.
fn finish(
    shared: &Shared,
    hand: &mut Hand,
    mut done: Done,
    removed: Removed,
) -> Result<Report, LinkError> {
    done.misstated.sort_by_key(|misstated| misstated.package);
    let mut clobbered = shared.claims.contested();
    clobbered.extend(done.lost);
    clobbered.sort_by(|a, b| (&a.path, a.loser, a.winner).cmp(&(&b.path, b.loser, b.winner)));
    let report = Report {
        files: done.files,
        bytes: done.bytes,
        compiled: done.compiled.len() as u64,
        clobbered,
        superseded: removed.superseded,
        misstated: done.misstated,
        messages: Vec::new(),
        records: Seals::new(),
    };
    correct_records(
        shared,
        hand,
        (&report.clobbered, &removed.lost),
        done.compiled,
    )?;
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

/// The final prefix as files will hold it. On Windows with forward slashes, which need no
/// escaping in whatever language a file is in.
fn prefix_text(job: &Job) -> Result<String, LinkError> {
    let text = job
        .prefix
        .to_str()
        .ok_or_else(|| Fault::PrefixNotUnicode(job.prefix.to_owned()))?;
    Ok(with_slashes(text).into_owned())
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
    (clobbered, removed): (&[Clobbered], &[Clobbered]),
    compiled: Vec<(usize, String)>,
) -> Result<(), LinkError> {
    let mut changes: HashMap<usize, (HashSet<Cow<str>>, Vec<String>)> = HashMap::new();
    for clobbered in clobbered.iter().chain(removed) {
        changes
            .entry(clobbered.loser)
            .or_default()
            .0
            .insert(fold(&clobbered.path));
    }
    for (package, path) in compiled {
        changes.entry(package).or_default().1.push(path);
    }
    for (index, (lost, added)) in changes {
        let package = &shared.job.packages[index];
        edit_record(shared, hand, index, &lost, added).map_err(|fault| fault.of(package))?;
    }
    Ok(())
}
