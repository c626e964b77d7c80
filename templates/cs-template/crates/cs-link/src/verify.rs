//! Whether what was linked is still there as it was linked: files against records, records against their seals.
//!
//! Only what the linker has put in place is looked at, and nothing is written. What is in the prefix may be anything by
//! now: no link is followed, nothing but regular files is read, and a record that names a path outside is not obeyed.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::hashing::BUFFER_BYTES;
use crate::threads::work_together;
use crate::tree::{Hand, Tree};
use crate::{Package, Seals};

mod difference;
mod expected;
mod files;
mod listing;
mod plan;
mod seals;

pub use difference::{Change, Difference};
use expected::Fact;
use files::compare;
use listing::list_record;
use plan::Planned;
pub(crate) use seals::seal_records;

/// So many files are taken at once by a thread.
const BATCH: usize = 32;

/// What to compare.
#[derive(Clone, Copy)]
pub struct Installed<'a> {
    /// Where it is.
    pub prefix: &'a Path,
    /// What [`Report::records`](crate::Report::records) said when it was installed.
    pub seals: &'a Seals,
    /// The packages that it was made from, where they are known.
    pub packages: Option<&'a [Package]>,
    /// Threads to read with.
    pub threads: usize,
}

/// What has been found.
#[derive(Debug, Default)]
pub struct Verified {
    /// Number of records.
    pub packages: usize,
    /// Files and links that were compared.
    pub files: u64,
    /// Files of which only the presence is recorded: compiled modules, for instance.
    pub uncompared: u64,
    /// Bytes read of files.
    pub bytes: u64,
    /// What is not as it was, by record and path.
    pub differences: Vec<Difference>,
}

/// Compare the files of an installed prefix with their records, and those with their seals and the plan.
///
/// `None` if it was cancelled. An error is one of the prefix as a whole: it cannot be opened.
pub fn verify(installed: &Installed, cancel: &AtomicBool) -> io::Result<Option<Verified>> {
    let root = installed.prefix.canonicalize()?;
    let tree = Tree::open(&root)?;
    let checks = Checks {
        tree: &tree,
        cancel,
        threads: installed.threads.max(1),
    };
    let planned = installed.packages.map(Planned::new);
    let records: Vec<(&String, &String)> = installed.seals.iter().collect();
    let listed = checks.in_parallel(&records, 1, |hand, _, (path, seal)| {
        list_record(hand, path, seal, planned.as_ref())
    });
    let mut verified = Verified {
        packages: records.len(),
        differences: planned
            .as_ref()
            .map_or(Vec::new(), |planned| planned.find_unsealed(installed.seals)),
        ..Verified::default()
    };
    let mut expected = Vec::new();
    for (index, mut list) in listed.into_iter().enumerate() {
        verified.differences.append(&mut list.differences);
        let paths = list.paths.into_iter();
        expected.extend(paths.map(|path| (index, path)));
    }
    let answers = checks.in_parallel(&expected, BATCH, |hand, buffer, (_, path)| {
        compare(hand, buffer, path, cancel)
    });
    if cancel.load(Ordering::Relaxed) {
        return Ok(None);
    }
    for ((index, path), answer) in expected.into_iter().zip(answers) {
        verified.uncompared += u64::from(path.fact == Fact::Present);
        verified.files += u64::from(path.fact.is_compared());
        match answer {
            Ok(bytes) => verified.bytes += bytes,
            Err(change) => verified.differences.push(Difference {
                record: records[index].0.clone(),
                path: path.path,
                change,
            }),
        }
    }
    verified.differences.sort();
    Ok(Some(verified))
}

/// What all threads share.
struct Checks<'a> {
    tree: &'a Tree,
    cancel: &'a AtomicBool,
    threads: usize,
}

impl Checks<'_> {
    /// Answer each question, in their order, on all threads. Cancelling leaves answers out.
    fn in_parallel<Q: Sync, A: Send>(
        &self,
        questions: &[Q],
        batch: usize,
        answer: impl Fn(&mut Hand, &mut Vec<u8>, &Q) -> A + Sync,
    ) -> Vec<A> {
        let next = AtomicUsize::new(0);
        let work = || {
            let (mut hand, mut buffer) = (self.tree.reader(), vec![0; BUFFER_BYTES]);
            let mut answers = Vec::new();
            while !self.cancel.load(Ordering::Relaxed) {
                let start = next.fetch_add(batch, Ordering::Relaxed);
                if start >= questions.len() {
                    break;
                }
                let end = questions.len().min(start + batch);
                let indices = start..end;
                answers.extend(
                    indices.map(|index| (index, answer(&mut hand, &mut buffer, &questions[index]))),
                );
            }
            answers
        };
        let mut answers: Vec<(usize, A)> = work_together(self.threads, work)
            .into_iter()
            .flatten()
            .collect();
        answers.sort_unstable_by_key(|(index, _)| *index);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }
}
