//! Whether what was linked is still there as it was linked: files against records, records against their seals.
//!
//! Only what the linker has put in place is looked at, and nothing is written. What is in the prefix may be anything by
//! now: no link is followed, nothing but regular files is read, and a record that names a path outside is not obeyed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use cs_archive::to_hex;

use crate::Package;
use crate::hashing::{BUFFER_BYTES, hash_all};
use crate::tree::{Hand, Tree, is_obstructed};

mod listing;
mod plan;
mod seals;

use listing::{Expected, Fact, list_record};
use plan::Planned;
pub(crate) use seals::seal_records;

/// SHA-256 in hex of the record of each package, by the record's path: `conda-meta/*.json`, or a wheel's RECORD.
pub type Seals = BTreeMap<String, String>;

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

/// Something that is not as it was installed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The record that lists it, relative to the prefix.
    pub record: String,
    /// What it is about, relative to the prefix; the record itself, for instance.
    pub path: String,
    /// How it differs.
    pub change: Change,
}

/// How something differs from what is recorded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It is not there.
    Missing,
    /// A file has another size in bytes.
    Size {
        /// As recorded.
        expected: u64,
        /// As it is.
        found: u64,
    },
    /// A file has other bytes.
    Sha256 {
        /// As recorded, in hex.
        expected: String,
        /// As it is.
        found: String,
    },
    /// A symbolic link leads elsewhere.
    Target {
        /// As recorded.
        expected: String,
        /// As it is.
        found: String,
    },
    /// There is something else: a link in place of a file, or of a directory above it.
    Kind,
    /// It cannot be read, and why.
    Unreadable(String),
    /// A record is not as it was written, and what is wrong with it.
    Record(String),
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
        let answers = Mutex::new(Vec::with_capacity(questions.len()));
        let work = || {
            let (mut hand, mut buffer) = (self.tree.reader(), vec![0; BUFFER_BYTES]);
            while !self.cancel.load(Ordering::Relaxed) {
                let start = next.fetch_add(batch, Ordering::Relaxed);
                if start >= questions.len() {
                    break;
                }
                let end = questions.len().min(start + batch);
                let some: Vec<(usize, A)> = (start..end)
                    .map(|index| (index, answer(&mut hand, &mut buffer, &questions[index])))
                    .collect();
                let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                answers.extend(some);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.threads {
                scope.spawn(work);
            }
            work();
        });
        let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
        answers.sort_unstable_by_key(|(index, _)| *index);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }
}

/// Compare one path with what is recorded of it; how many bytes of it were read.
fn compare(
    hand: &mut Hand,
    buffer: &mut [u8],
    expected: &Expected,
    cancel: &AtomicBool,
) -> Result<u64, Change> {
    match &expected.fact {
        Fact::Present => {
            open_file(hand, &expected.path)?;
            Ok(0)
        }
        Fact::Directory => match hand.is_directory(&expected.path) {
            Ok(true) => Ok(0),
            Ok(false) => Err(Change::Kind),
            Err(error) => Err(judge(&error)),
        },
        Fact::Link(target) => compare_target(hand, &expected.path, target.as_deref()).map(|()| 0),
        Fact::File { size, sha256 } => {
            let file = open_file(hand, &expected.path)?;
            compare_file(file, buffer, *size, sha256.as_ref(), cancel)
        }
    }
}

/// Open what must be a regular file.
fn open_file(hand: &mut Hand, path: &str) -> Result<File, Change> {
    let file = hand.open_file(path).map_err(|error| judge(&error))?;
    match file.metadata() {
        Ok(metadata) if metadata.is_file() => Ok(file),
        Ok(_) => Err(Change::Kind),
        Err(error) => Err(judge(&error)),
    }
}

/// What an error says of the file.
fn judge(error: &io::Error) -> Change {
    match error.kind() {
        io::ErrorKind::NotFound => Change::Missing,
        // Not a regular file, as the way without `openat` says it; not a link, as reading one says it.
        io::ErrorKind::InvalidInput | io::ErrorKind::IsADirectory => Change::Kind,
        _ if is_obstructed(error) => Change::Kind,
        _ => Change::Unreadable(error.to_string()),
    }
}

fn compare_target(hand: &mut Hand, path: &str, expected: Option<&str>) -> Result<(), Change> {
    let found = hand.read_link(path).map_err(|error| judge(&error))?;
    let spell = |target: &str| {
        if cfg!(windows) {
            target.replace('\\', "/")
        } else {
            target.to_owned()
        }
    };
    match expected {
        Some(expected) if spell(expected) != spell(&found) => Err(Change::Target {
            expected: expected.to_owned(),
            found,
        }),
        _ => Ok(()),
    }
}

fn compare_file(
    file: File,
    buffer: &mut [u8],
    size: Option<u64>,
    sha256: Option<&[u8; 32]>,
    cancel: &AtomicBool,
) -> Result<u64, Change> {
    let unreadable = |error: io::Error| Change::Unreadable(error.to_string());
    let found = file.metadata().map_err(unreadable)?.len();
    if let Some(expected) = size.filter(|size| *size != found) {
        return Err(Change::Size { expected, found });
    }
    let Some(expected) = sha256 else {
        return Ok(0);
    };
    // One that grows meanwhile is read no further.
    let (found, read) = hash_all(file.take(found + 1), buffer, cancel).map_err(unreadable)?;
    if found == *expected {
        return Ok(read);
    }
    Err(Change::Sha256 {
        expected: to_hex(expected),
        found: to_hex(&found),
    })
}
