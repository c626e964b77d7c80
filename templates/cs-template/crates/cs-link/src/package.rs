//! One archive into the staging directory.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};

use ring::digest;

use crate::clobber::{Claimant, Claims, claimant_of};
use crate::container::{Container, Stream};
use crate::fault::Fault;
use crate::info::InfoFiles;
use crate::input::{Monitor, digest_bytes, hash_archive, hash_bytes, to_hex};
use crate::layout::{Layout, SCRIPTS};
use crate::paths::{Declared, FileMode, PathEntry, clean_path};
use crate::placeholder::Replacer;
use crate::record::{PathKind, PathRecord};
use crate::tar::{Entry, Kind, TarReader};
use crate::tree::{Hand, Tree, is_obstructed, set_modified};
use crate::{Archive, Job, Noarch};

/// What all packages of a job share.
pub(crate) struct Shared<'a> {
    pub(crate) job: &'a Job<'a>,
    pub(crate) tree: &'a Tree,
    pub(crate) claims: &'a Claims,
    pub(crate) layout: Option<&'a Layout>,
    /// The final prefix as it is written into files.
    pub(crate) prefix: &'a str,
}

/// What became of one package.
#[derive(Default)]
pub(crate) struct Linked {
    pub(crate) paths: Vec<PathRecord>,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    /// Modules that Python would compile when it imports them, relative to the prefix.
    pub(crate) modules: Vec<String>,
}

/// Room for headers, padding and the odd file that `paths.json` does not list.
const SLACK_BYTES: u64 = 16 * 1024 * 1024;
const SLACK_PER_ENTRY: u64 = 4 * 1024;

/// Verify an archive and put its files in place.
pub(crate) fn link_package(
    shared: &Shared,
    hand: &mut Hand,
    archive: &Archive,
    monitor: &Monitor,
) -> Result<Linked, Fault> {
    let package = &shared.job.packages[archive.index];
    let container = Container::open(&package.file_name, archive.bytes.as_ref(), monitor)?;
    let mut info = InfoFiles::default();
    let (mut tar, first) = container.read_info(&mut info)?;
    let entries = info.paths()?;
    let noarch = info.noarch()?;
    let layout = match (noarch, shared.layout) {
        (Noarch::Python, None) => return Err(Fault::MissingPython),
        (Noarch::Python, layout) => layout,
        _ => None,
    };
    let mut linker = Linker::new(
        shared,
        hand,
        monitor,
        claimant_of(archive.index),
        &entries,
        layout,
    )?;
    linker.patched_time = info.patched_time();
    tar.set_limit(unpacked_limit(&entries));
    linker.unpack(
        &mut tar,
        first,
        container.has_info_inside().then_some(&mut info),
    )?;
    drop(tar);
    linker.unpack_deferred(&container)?;
    let mut linked = linker.finish()?;
    if let Some(layout) = layout {
        let mut scripts = EntryPoints {
            shared,
            hand,
            claimant: claimant_of(archive.index),
            layout,
        };
        for entry_point in info.entry_points()? {
            scripts.create(&entry_point, &mut linked)?;
        }
    }
    Ok(linked)
}

/// Compare an archive's SHA-256 with the lock's; the actual one when they differ.
pub(crate) fn verify(
    archive: &Archive,
    expected: &[u8; 32],
    monitor: &Monitor,
) -> Result<Option<String>, Fault> {
    if archive.verified {
        return Ok(None);
    }
    let actual = hash_archive(archive.bytes.as_ref(), monitor)?;
    Ok((actual != *expected).then(|| to_hex(&actual)))
}

/// How much may come out of the archive; `None` when the package does not say how large its files are.
fn unpacked_limit(entries: &[PathEntry]) -> Option<u64> {
    let sizes: Option<u64> = entries
        .iter()
        .filter(|entry| entry.declared != Declared::Directory)
        .try_fold(0_u64, |sum, entry| sum.checked_add(entry.size?));
    Some(sizes?.saturating_add(SLACK_BYTES + SLACK_PER_ENTRY * entries.len() as u64))
}

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

/// A hard link whose first name is not there to be linked to: to be copied out of the archive.
struct Deferred {
    source: String,
    index: usize,
}

struct Linker<'a, 't> {
    shared: &'a Shared<'a>,
    hand: &'a mut Hand<'t>,
    monitor: &'a Monitor<'a>,
    claimant: Claimant,
    entries: &'a [PathEntry],
    /// Where entries go that do not stay where they are.
    targets: HashMap<usize, String>,
    by_source: HashMap<&'a str, usize>,
    outcomes: Vec<Outcome>,
    deferred: Vec<Deferred>,
    patched_time: Option<i64>,
    layout: Option<&'a Layout>,
    bytes: u64,
    out: Vec<u8>,
}

impl<'a, 't> Linker<'a, 't> {
    fn new(
        shared: &'a Shared<'a>,
        hand: &'a mut Hand<'t>,
        monitor: &'a Monitor<'a>,
        claimant: Claimant,
        entries: &'a [PathEntry],
        layout: Option<&'a Layout>,
    ) -> Result<Self, Fault> {
        check_placeholders(entries, shared)?;
        let by_source = entries
            .iter()
            .enumerate()
            .map(|(index, entry)| (entry.source.as_str(), index))
            .collect();
        let targets = layout
            .iter()
            .flat_map(|layout| {
                entries
                    .iter()
                    .enumerate()
                    .filter_map(|(index, entry)| Some((index, layout.target(&entry.source)?)))
            })
            .collect();
        let outcomes = vec![Outcome::Unseen; entries.len()];
        Ok(Self {
            shared,
            hand,
            monitor,
            claimant,
            entries,
            targets,
            by_source,
            outcomes,
            deferred: Vec::new(),
            patched_time: None,
            layout,
            bytes: 0,
            out: Vec::new(),
        })
    }

    /// Put every listed entry of the stream in place, starting with one that has already been read.
    fn unpack(
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
            match self.by_source.get(path.as_str()).copied() {
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
            return Err(Fault::damaged_at(path, "the archive holds it twice"));
        }
        match (self.entries[index].declared, entry.kind) {
            (Declared::Directory, _) => {
                return Err(Fault::damaged_at(
                    path,
                    "listed as a directory, but it is none",
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
                self.check_size(index, path, entry)?;
                self.place_file(index, entry, tar)?
            }
            Kind::SymbolicLink => self.place_symlink(index, entry)?,
            _ => self.place_hard_link(index, path, entry)?,
        };
        self.monitor.count_file();
        Ok(())
    }

    fn check_size(&self, index: usize, path: &str, entry: &Entry) -> Result<(), Fault> {
        match self.entries[index].size {
            Some(size) if size != entry.size => Err(Fault::damaged_at(
                path,
                format!(
                    "it is {} bytes long, the package's own list says {size}",
                    entry.size
                ),
            )),
            _ => Ok(()),
        }
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
        self.hand
            .create_directory(target)
            .map_err(|error| write_fault(shared, target, error))?;
        self.outcomes[index] = Outcome::Done {
            kind: PathKind::Directory,
            size: 0,
            sha256: None,
        };
        Ok(())
    }

    fn place_file<R: io::Read>(
        &mut self,
        index: usize,
        entry: &Entry,
        tar: &mut TarReader<R>,
    ) -> Result<Outcome, Fault> {
        let target = target(self.entries, &self.targets, index);
        let mut maker = Maker {
            shared: self.shared,
            hand: self.hand,
            claimant: self.claimant,
        };
        let Some(mut file) = maker.make(target, |hand| hand.create_file(target, entry.mode))?
        else {
            return Ok(Outcome::Lost);
        };
        let placeholder = self.entries[index].placeholder.as_ref();
        let placeholder = placeholder.filter(|found| found.mode == FileMode::Text || cfg!(unix));
        let mut replacer =
            placeholder.map(|placeholder| Replacer::new(placeholder, self.shared.prefix));
        let wants_hash = replacer.is_some() || self.entries[index].sha256.is_none();
        let mut hash = wants_hash.then(|| digest::Context::new(&digest::SHA256));
        let (mut left, mut written) = (entry.size, 0);
        loop {
            if self.monitor.is_cancelled() {
                return Err(Fault::Cancelled);
            }
            let chunk = tar.chunk()?;
            left -= chunk.len() as u64;
            let bytes = match &mut replacer {
                None => chunk,
                Some(replacer) => {
                    self.out.clear();
                    replacer.push(chunk, left == 0, &mut self.out);
                    &self.out
                }
            };
            file.write_all(bytes)
                .map_err(|error| write_fault(self.shared, target, error))?;
            if let Some(hash) = &mut hash {
                hash.update(bytes);
            }
            written += bytes.len() as u64;
            if left == 0 {
                break;
            }
        }
        let modified = if replacer.is_some() {
            self.patched_time
        } else {
            Some(entry.modified)
        };
        set_modified(&file, modified).map_err(|error| write_fault(self.shared, target, error))?;
        drop(file);
        self.bytes += written;
        let mut outcome = Outcome::Done {
            kind: PathKind::File,
            size: written,
            sha256: hash.map(digest_bytes),
        };
        if placeholder.is_some_and(|found| found.mode == FileMode::Binary) {
            self.sign(index, entry, &mut outcome)?;
        }
        Ok(outcome)
    }

    /// Sign a program again that replacing has changed: macOS kills what is not signed as it stands.
    #[cfg(target_os = "macos")]
    fn sign(&mut self, index: usize, entry: &Entry, outcome: &mut Outcome) -> Result<(), Fault> {
        let path = target(self.entries, &self.targets, index);
        let changed =
            |sha256: &Option<[u8; 32]>| sha256.is_some() && *sha256 != self.entries[index].sha256;
        if let Outcome::Done { size, sha256, .. } = outcome
            && changed(sha256)
            && crate::codesign::needs_signature(self.hand, path, entry.mode)
        {
            (*size, *sha256) =
                crate::codesign::sign(self.hand, &self.shared.tree.full_path(path), path)
                    .map(|(size, sha256)| (size, Some(sha256)))?;
        }
        Ok(())
    }

    /// Nothing to sign on this system.
    #[cfg(not(target_os = "macos"))]
    fn sign(&mut self, _: usize, _: &Entry, _: &mut Outcome) -> Result<(), Fault> {
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
        let made = maker.make_owned(target, |hand| {
            hand.create_symlink(target, &entry.link, Some(entry.modified))
        })?;
        let size = self.entries[index].size.unwrap_or(entry.link.len() as u64);
        Ok(made.map_or(Outcome::Lost, |()| Outcome::Done {
            kind: PathKind::SoftLink,
            size,
            // rattler's record of a link: the hash of where it points, not of what is there.
            sha256: Some(hash_bytes(&entry.link)),
        }))
    }

    /// Link to a file of the same package if it is still there and would hold the same bytes, else copy it later.
    fn place_hard_link(
        &mut self,
        index: usize,
        path: &str,
        entry: &Entry,
    ) -> Result<Outcome, Fault> {
        let source = clean_path(&entry.link).map_err(|reason| {
            Fault::hostile(
                path,
                format!("it is a hard link to {:?}: {reason}", lossy(&entry.link)),
            )
        })?;
        let (shared, claimant) = (self.shared, self.claimant);
        let new = target(self.entries, &self.targets, index);
        let known = self
            .by_source
            .get(source.as_str())
            .copied()
            .filter(|&existing| {
                matches!(self.outcomes[existing], Outcome::Done { .. })
                    && self.entries[existing].placeholder == self.entries[index].placeholder
            });
        if let Some(existing) = known {
            if !shared.claims.claim(new, claimant) {
                return Ok(Outcome::Lost);
            }
            let old = target(self.entries, &self.targets, existing);
            loop {
                match shared
                    .claims
                    .while_owned(old, claimant, || self.hand.create_hard_link(new, old))
                {
                    Some(Ok(())) => return Ok(self.outcomes[existing]),
                    Some(Err(error)) if error.kind() == io::ErrorKind::AlreadyExists => {
                        match shared
                            .claims
                            .while_owned(new, claimant, || self.hand.remove(new))
                        {
                            None => return Ok(Outcome::Lost),
                            Some(removed) => {
                                removed.map_err(|error| write_fault(shared, new, error))?
                            }
                        }
                    }
                    Some(Err(error)) if can_copy_instead(&error) => break,
                    Some(Err(error)) => return Err(write_fault(shared, new, error)),
                    None => break,
                }
            }
        }
        self.deferred.push(Deferred { source, index });
        Ok(Outcome::Unseen)
    }

    /// Copy the hard links that could not be linked, reading the archive again: one copy of each source a time.
    fn unpack_deferred(&mut self, container: &Container) -> Result<(), Fault> {
        while !self.deferred.is_empty() {
            let before = self.deferred.len();
            let mut tar = container.payload()?;
            tar.set_limit(unpacked_limit(self.entries));
            while let Some(entry) = tar.next_entry()? {
                let path = checked_path(&entry)?;
                if !matches!(entry.kind, Kind::File | Kind::SymbolicLink) {
                    continue;
                }
                if let Some(at) = self
                    .deferred
                    .iter()
                    .position(|deferred| deferred.source == path)
                {
                    let index = self.deferred.swap_remove(at).index;
                    self.outcomes[index] = match entry.kind {
                        Kind::File => self.place_file(index, &entry, &mut tar)?,
                        _ => self.place_symlink(index, &entry)?,
                    };
                }
            }
            if self.deferred.len() == before {
                let Deferred { source, index } = &self.deferred[0];
                let reason =
                    format!("it is a hard link to {source:?}, which the archive does not hold");
                return Err(Fault::damaged_at(
                    self.entries[*index].source.as_str(),
                    reason,
                ));
            }
        }
        Ok(())
    }

    /// Make sure that everything was there, and say what is in place now.
    fn finish(mut self) -> Result<Linked, Fault> {
        let mut linked = Linked {
            bytes: self.bytes,
            ..Linked::default()
        };
        for (index, entry) in self.entries.iter().enumerate() {
            if self.outcomes[index] == Outcome::Unseen {
                if entry.declared != Declared::Directory {
                    return Err(Fault::damaged_at(
                        entry.source.as_str(),
                        "listed, but the archive does not hold it",
                    ));
                }
                self.place_directory(index, &entry.source)?;
            }
            let Outcome::Done { kind, size, sha256 } = self.outcomes[index] else {
                continue;
            };
            let path = target(self.entries, &self.targets, index);
            if kind == PathKind::File && self.layout.is_some_and(|layout| layout.is_module(path)) {
                linked.modules.push(path.to_owned());
            }
            linked.files += u64::from(kind != PathKind::Directory);
            linked.paths.push(PathRecord {
                path: path.to_owned(),
                path_type: kind,
                no_link: entry.no_link,
                sha256: entry.sha256.map(|sha256| to_hex(&sha256)),
                sha256_in_prefix: sha256
                    .filter(|_| sha256 != entry.sha256)
                    .map(|sha256| to_hex(&sha256)),
                size_in_bytes: (kind != PathKind::Directory).then_some(size),
                file_mode: entry
                    .placeholder
                    .as_ref()
                    .map(|placeholder| placeholder.mode.into()),
                prefix_placeholder: entry
                    .placeholder
                    .as_ref()
                    .map(|placeholder| placeholder.text.to_string()),
            });
        }
        Ok(linked)
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
        .map_or(entries[index].source.as_str(), String::as_str)
}

/// Makes the package's entry points.
struct EntryPoints<'a, 't> {
    shared: &'a Shared<'a>,
    hand: &'a mut Hand<'t>,
    claimant: Claimant,
    layout: &'a Layout,
}

impl EntryPoints<'_, '_> {
    fn create(
        &mut self,
        entry_point: &crate::entry_point::EntryPoint,
        linked: &mut Linked,
    ) -> Result<(), Fault> {
        let script = entry_point.script(self.layout, self.shared.prefix);
        let command = &entry_point.command;
        if cfg!(windows) {
            let launcher = self.shared.job.launcher.ok_or_else(|| {
                Fault::Plan(format!(
                    "the entry point {command:?} needs a launcher, and this runtime has none"
                ))
            })?;
            let name = format!("{SCRIPTS}/{command}-script.py");
            self.write(
                name,
                script.as_bytes(),
                PathKind::WindowsEntryPointScript,
                linked,
            )?;
            self.write(
                format!("{SCRIPTS}/{command}.exe"),
                launcher,
                PathKind::WindowsEntryPointExe,
                linked,
            )
        } else {
            self.write(
                format!("{SCRIPTS}/{command}"),
                script.as_bytes(),
                PathKind::UnixEntryPoint,
                linked,
            )
        }
    }

    fn write(
        &mut self,
        path: String,
        bytes: &[u8],
        kind: PathKind,
        linked: &mut Linked,
    ) -> Result<(), Fault> {
        let mut maker = Maker {
            shared: self.shared,
            hand: self.hand,
            claimant: self.claimant,
        };
        let Some(mut file) = maker.make(&path, |hand| hand.create_file(&path, 0o775))? else {
            return Ok(());
        };
        file.write_all(bytes)
            .map_err(|error| write_fault(self.shared, &path, error))?;
        linked.files += 1;
        linked.bytes += bytes.len() as u64;
        // A script of the package with the same name has just been replaced.
        linked.paths.retain(|record| record.path != path);
        linked.paths.push(PathRecord {
            sha256: Some(to_hex(&hash_bytes(bytes))),
            size_in_bytes: Some(bytes.len() as u64),
            ..PathRecord::new(path, kind)
        });
        Ok(())
    }
}

/// Makes files and links at paths that a claimant owns.
pub(crate) struct Maker<'a, 't> {
    pub(crate) shared: &'a Shared<'a>,
    pub(crate) hand: &'a mut Hand<'t>,
    pub(crate) claimant: Claimant,
}

impl<'t> Maker<'_, 't> {
    /// Make something at `path`, in place of what a package with less right to it has put there. `None` when another has more right.
    pub(crate) fn make<T>(
        &mut self,
        path: &str,
        mut attempt: impl FnMut(&mut Hand<'t>) -> io::Result<T>,
    ) -> Result<Option<T>, Fault> {
        if !self.shared.claims.claim(path, self.claimant) {
            return Ok(None);
        }
        let made = match attempt(self.hand) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.shared.claims.while_owned(path, self.claimant, || {
                    self.hand.remove(path)?;
                    attempt(self.hand)
                })
            }
            other => Some(other),
        };
        made.transpose()
            .map_err(|error| write_fault(self.shared, path, error))
    }

    /// The same, with no other claim in between: for what takes more than one step by name.
    fn make_owned<T>(
        &mut self,
        path: &str,
        mut attempt: impl FnMut(&mut Hand<'t>) -> io::Result<T>,
    ) -> Result<Option<T>, Fault> {
        if !self.shared.claims.claim(path, self.claimant) {
            return Ok(None);
        }
        let made =
            self.shared
                .claims
                .while_owned(path, self.claimant, || match attempt(self.hand) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        self.hand.remove(path)?;
                        attempt(self.hand)
                    }
                    other => other,
                });
        made.transpose()
            .map_err(|error| write_fault(self.shared, path, error))
    }
}

/// Binary files cannot take a prefix that is longer than what they have room for.
fn check_placeholders(entries: &[PathEntry], shared: &Shared) -> Result<(), Fault> {
    let too_short = |entry: &&PathEntry| {
        entry.placeholder.as_ref().is_some_and(|placeholder| {
            cfg!(unix)
                && placeholder.mode == FileMode::Binary
                && placeholder.text.len() < shared.prefix.len()
        })
    };
    match entries
        .iter()
        .filter(too_short)
        .min_by_key(|entry| entry.placeholder.as_ref().map(|found| found.text.len()))
    {
        None => Ok(()),
        Some(entry) => Err(Fault::PrefixTooLong {
            path: entry.source.clone(),
            prefix: shared.job.prefix.to_owned(),
            length: shared.prefix.len(),
            limit: entry
                .placeholder
                .as_ref()
                .map_or(0, |found| found.text.len()),
        }),
    }
}

/// The entry's path, if it and the entry are such that a package may have them.
pub(crate) fn checked_path(entry: &Entry) -> Result<String, Fault> {
    if entry.kind == Kind::Directory && matches!(entry.path.as_slice(), b"." | b"./" | b"") {
        return Ok(String::new());
    }
    let path =
        clean_path(&entry.path).map_err(|reason| Fault::hostile(lossy(&entry.path), reason))?;
    match entry.kind {
        Kind::Other(b'3' | b'4') => Err(Fault::hostile(path, "it is a device")),
        Kind::Other(b'6') => Err(Fault::hostile(path, "it is a fifo")),
        Kind::Other(kind) => Err(Fault::hostile(
            path,
            format!("it is of tar's type {:?}", char::from(kind)),
        )),
        _ => Ok(path),
    }
}

fn lossy(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

fn can_copy_instead(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied | io::ErrorKind::TooManyLinks
    )
}

/// What it means that something below the staging directory cannot be written.
pub(crate) fn write_fault(shared: &Shared, path: &str, source: io::Error) -> Fault {
    if is_obstructed(&source) {
        return Fault::hostile(
            path,
            "it leads through a symbolic link or a file of the same or another package",
        );
    }
    if source.kind() == io::ErrorKind::IsADirectory {
        return Fault::hostile(
            path,
            "a directory of the same or another package is there already",
        );
    }
    Fault::Write {
        path: shared.tree.full_path(path),
        source,
    }
}

/// Replace a whole file that is not a package's.
pub(crate) fn replace_file(hand: &mut Hand, path: &str, mode: u32) -> io::Result<File> {
    match hand.create_file(path, mode) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            hand.remove(path)?;
            hand.create_file(path, mode)
        }
        other => other,
    }
}
