//! The files of one package, as they come out of its archive.

mod deferred;
mod file;
mod hard_link;
mod whereabouts;

use std::collections::HashMap;
use std::io;
use std::rc::Rc;

use self::deferred::{Deferred, Origin};
use self::whereabouts::Whereabouts;
use crate::aside::is_in_the_way;
use crate::checks::{check_placeholders, check_room};
use crate::clean::checked_path;
use crate::clobber::{Claimant, fold};
use crate::container::Stream;
use crate::fault::Fault;
use crate::info::InfoFiles;
use crate::input::Monitor;
use crate::layout::Layout;
use crate::limits::{Spending, unpacked_limit};
use crate::linked::{Linked, Misstated};
use crate::lookup::Lookup;
use crate::maker::{Maker, is_the_runtimes};
use crate::paths::{Declared, PathEntry};
use crate::record::{Digest, PathKind, PathRecord};
use crate::reserved::check_path;
use crate::shared::{Shared, write_fault};
use crate::tar::{Entry, Kind, TarReader};
use crate::tree::{Hand, is_link_denied};

/// How far a path of the package has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Unseen,
    /// In place. For a regular file its size, and its SHA-256 where it is not known beforehand.
    Done {
        kind: PathKind,
        size: u64,
        sha256: Option<[u8; 32]>,
    },
    /// Another package's file is there.
    Lost,
}

impl Outcome {
    fn is_file(self) -> bool {
        matches!(
            self,
            Self::Lost
                | Self::Done {
                    kind: PathKind::File,
                    ..
                }
        )
    }
}

/// Links one package.
pub(crate) struct Linker<'a, 't> {
    shared: &'a Shared<'a>,
    hand: &'a mut Hand<'t>,
    monitor: &'a Monitor<'a>,
    claimant: Claimant,
    entries: &'a [PathEntry],
    /// Where entries go that do not stay where they are.
    targets: HashMap<usize, String>,
    lookup: Lookup,
    outcomes: Vec<Outcome>,
    whereabouts: Whereabouts,
    deferred: Vec<Deferred>,
    /// Hard links so far, each with the file that it leads to.
    aliases: HashMap<usize, Origin>,
    /// Where symbolic links lead.
    links: HashMap<usize, String>,
    pub(crate) patched_time: Option<i64>,
    layout: Option<&'a Layout>,
    misstated: Option<Misstated>,
    spending: Spending,
    bytes: u64,
}

impl<'a, 't> Linker<'a, 't> {
    /// Get ready to link what `entries` list, out of an archive of `length` bytes.
    pub(crate) fn new(
        shared: &'a Shared<'a>,
        hand: &'a mut Hand<'t>,
        monitor: &'a Monitor<'a>,
        claimant: Claimant,
        entries: &'a [PathEntry],
        layout: Option<&'a Layout>,
        length: u64,
    ) -> Result<Self, Fault> {
        check_placeholders(entries, shared)?;
        let targets = layout
            .iter()
            .flat_map(|layout| {
                entries
                    .iter()
                    .enumerate()
                    .filter_map(|(index, entry)| Some((index, layout.target(&entry.source)?)))
            })
            .collect();
        for (index, entry) in entries.iter().enumerate() {
            let is_directory = entry.declared == Declared::Directory;
            check_path(shared.job, target(entries, &targets, index), is_directory)?;
        }
        let outcomes = vec![Outcome::Unseen; entries.len()];
        Ok(Self {
            shared,
            hand,
            monitor,
            claimant,
            entries,
            targets,
            lookup: Lookup::new(entries),
            outcomes,
            whereabouts: Whereabouts::default(),
            deferred: Vec::new(),
            aliases: HashMap::new(),
            links: HashMap::new(),
            patched_time: None,
            layout,
            misstated: None,
            spending: Spending::new(unpacked_limit(entries, length)),
            bytes: 0,
        })
    }

    /// Put every listed entry of the stream in place, starting with one that has already been read.
    pub(crate) fn unpack(
        &mut self,
        tar: &mut TarReader<Stream>,
        first: Option<Entry>,
        mut info: Option<&mut InfoFiles>,
    ) -> Result<(), Fault> {
        let mut next = match first {
            Some(entry) => Some(entry),
            None => tar.next_entry()?,
        };
        while let Some(entry) = next {
            let path = checked_path(&entry)?;
            match self.lookup.find(self.entries, &path) {
                Some(index) => self.place(index, &path, &entry, tar)?,
                None => {
                    if let Some(info) = &mut info {
                        info.take(&path, &entry, tar)?;
                    }
                }
            }
            next = tar.next_entry()?;
        }
        Ok(())
    }

    fn place<R: io::Read>(
        &mut self,
        index: usize,
        path: &str,
        entry: &Entry,
        tar: &mut TarReader<R>,
    ) -> Result<(), Fault> {
        if entry.kind == Kind::Directory {
            return self.place_directory(index, path);
        }
        if self.outcomes[index] != Outcome::Unseen {
            return Err(Fault::damaged_at(path, "the archive contains it twice"));
        }
        match (self.entries[index].declared, entry.kind) {
            (Declared::Directory, _) => {
                return Err(Fault::damaged_at(
                    path,
                    "listed as a directory, but it is not one",
                ));
            }
            (Declared::SoftLink, Kind::File) => {
                return Err(Fault::damaged_at(
                    path,
                    "listed as a symbolic link, but it is a file",
                ));
            }
            _ => {}
        }
        self.outcomes[index] = match entry.kind {
            Kind::File => {
                self.compare_size(index, entry.size);
                self.spending.unpack(path, entry.size)?;
                check_room(entry.size, self.shared, self.package())?;
                self.place_file(index, entry, tar)?
            }
            Kind::SymbolicLink => self.place_symlink(index, entry)?,
            _ => self.place_hard_link(index, path, entry)?,
        };
        self.monitor.count_file();
        Ok(())
    }

    /// The package's file name.
    fn package(&self) -> &'a str {
        let shared = self.shared;
        &shared.job.packages[shared.claims.package_of(self.claimant)]
            .archive
            .file_name
    }

    /// Remember where the package's own list is wrong. The lock vouches for the archive,
    /// so it is the list that was made carelessly.
    fn compare_size(&mut self, index: usize, actual: u64) {
        let listed = &self.entries[index];
        let Some(stated) = listed.size.filter(|&stated| stated != actual) else {
            return;
        };
        let misstated = self.misstated.get_or_insert_with(|| Misstated {
            files: 0,
            first: listed.source.to_string(),
            stated,
            actual,
        });
        misstated.files += 1;
    }

    fn place_directory(&mut self, index: usize, path: &str) -> Result<(), Fault> {
        if !matches!(
            self.entries[index].declared,
            Declared::Directory | Declared::Unknown
        ) {
            return Err(Fault::damaged_at(
                path,
                "listed as a file, but it is a directory",
            ));
        }
        let target = target(self.entries, &self.targets, index);
        let shared = self.shared;
        check_path(shared.job, target, true)?;
        match self.hand.create_directory(target) {
            Err(error) if is_in_the_way(&error) && !is_the_runtimes(target) => {
                shared.aside.keep_directory(target, self.claimant);
            }
            made => made.map_err(|error| write_fault(shared, target, error))?,
        }
        self.outcomes[index] = Outcome::Done {
            kind: PathKind::Directory,
            size: 0,
            sha256: None,
        };
        Ok(())
    }

    fn place_symlink(&mut self, index: usize, entry: &Entry) -> Result<Outcome, Fault> {
        let target = target(self.entries, &self.targets, index);
        if entry.link.is_empty() || entry.link.contains(&0) {
            return Err(Fault::damaged_at(target, "a symbolic link to nothing"));
        }
        let mut maker = Maker {
            shared: self.shared,
            hand: self.hand,
            claimant: self.claimant,
        };
        let made = match maker.try_make(target, |hand, at| {
            hand.create_symlink(at, &entry.link, Some(entry.modified))
        }) {
            // Links are left out then, as conda's kin do it, and not recorded either.
            Err(error) if is_link_denied(&error) => None,
            made => made.map_err(|error| write_fault(self.shared, target, error))?,
        };
        let Some(made) = made else {
            return Ok(Outcome::Lost);
        };
        self.whereabouts.note(index, &made);
        let leads_to = String::from_utf8_lossy(&entry.link).into_owned();
        self.links.insert(index, leads_to);
        Ok(Outcome::Done {
            kind: PathKind::SoftLink,
            size: self.entries[index].size.unwrap_or(entry.link.len() as u64),
            // As in conda: a tool that compares hashes follows links, and compares with what is there.
            sha256: None,
        })
    }

    /// Make sure that everything was there, and say what is in place now.
    pub(crate) fn finish(mut self) -> Result<Linked, Fault> {
        let mut linked = Linked {
            bytes: self.bytes,
            misstated: self.misstated.take(),
            ..Linked::default()
        };
        let path = |index| target(self.entries, &self.targets, index);
        let holders = self.whereabouts.find_holders(path);
        for (index, entry) in self.entries.iter().enumerate() {
            if self.outcomes[index] == Outcome::Unseen {
                if entry.declared != Declared::Directory {
                    let reason = "listed, but not in the archive";
                    return Err(Fault::damaged_at(&*entry.source, reason));
                }
                self.place_directory(index, &entry.source)?;
            }
            let path = target(self.entries, &self.targets, index);
            let outcome = self.outcomes[index];
            if !holders.is_empty() && holders.get(&*fold(path)).is_some_and(|one| *one != index) {
                // Another file of this package is there.
                continue;
            }
            // Lost modules count too: bytecode may have come that was made from them.
            if outcome.is_file() && self.layout.is_some_and(|layout| layout.is_module(path)) {
                linked.modules.push(path.to_owned());
            }
            let Outcome::Done { kind, size, sha256 } = outcome else {
                continue;
            };
            linked.files += u64::from(kind != PathKind::Directory);
            let record = describe(entry, path, kind, size, sha256);
            linked.paths.push(PathRecord {
                link_target: self.links.remove(&index),
                ..record
            });
        }
        Ok(linked)
    }
}

/// What the package's record says of a path that is in place.
fn describe(
    entry: &PathEntry,
    path: &str,
    kind: PathKind,
    size: u64,
    sha256: Option<[u8; 32]>,
) -> PathRecord {
    let placeholder = entry.placeholder.as_ref();
    PathRecord {
        path: path.to_owned(),
        path_type: kind,
        no_link: entry.no_link,
        sha256: entry.sha256.map(Digest),
        sha256_in_prefix: sha256.filter(|_| sha256 != entry.sha256).map(Digest),
        size_in_bytes: (kind != PathKind::Directory).then_some(size),
        file_mode: placeholder.map(|placeholder| placeholder.mode.into()),
        prefix_placeholder: placeholder.map(|placeholder| Rc::clone(&placeholder.text)),
        link_target: None,
    }
}

/// Where an entry goes.
fn target<'b>(
    entries: &'b [PathEntry],
    targets: &'b HashMap<usize, String>,
    index: usize,
) -> &'b str {
    targets
        .get(&index)
        .map_or(&*entries[index].source, String::as_str)
}
