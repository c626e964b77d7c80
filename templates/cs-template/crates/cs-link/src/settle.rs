//! Which of several packages' files stay where one has a file, or a link, and another a directory.
//!
//! The rule is the one for files (see [`clobber`](crate::clobber)): all is as if the packages had been
//! put in place one after the other in rattler's order, each removing what is in its way. So a path is
//! there unless a package that comes later has a file at the same path or above it, or anything under it.
//! Paths that are kept [aside](crate::aside) show where to look; without any there is nothing to settle. Where one
//! package's file is in another's place alone, nobody else has to give way: see [`succession`](crate::succession).

use std::collections::{HashMap, HashSet};
use std::io;

use crate::aside::Kept;
use crate::clobber::{BYTECODE, Claimant, fold};
use crate::fault::Fault;
use crate::record::PathKind;
use crate::records::read_paths;
use crate::shared::{Shared, write_fault};
use crate::succession::{blame, blame_write, discard, remove, succeed};
use crate::tree::Hand;
use crate::{Clobbered, LinkError};

/// A path of a package that owns it.
struct Owned {
    path: String,
    claimant: Claimant,
    kind: PathKind,
}

/// What there is at a path at which something is in the way of something else.
#[derive(Default)]
struct Node {
    /// Whose file or link it is.
    file: Option<Claimant>,
    /// The last of the packages that have a directory here.
    directory: Option<Claimant>,
}

impl Node {
    fn is_contested(&self) -> bool {
        self.file.is_some() && self.directory.is_some()
    }
}

/// Put everything that is kept aside where it belongs, remove what gives way to it; what was removed.
///
/// `compiled` are the compiled modules that came with the runtime, each with the package
/// of its module: they are as good as the package's own.
pub(crate) fn settle(
    shared: &Shared,
    hand: &mut Hand,
    compiled: &[(&str, Claimant)],
) -> Result<Vec<Clobbered>, LinkError> {
    // A package with more right to the very same path may have come since.
    let (mine, stale): (Vec<_>, Vec<_>) =
        shared.aside.take().into_iter().partition(|kept| {
            kept.place.is_none() || shared.claims.owns(&kept.path, kept.claimant)
        });
    for kept in &stale {
        discard(shared, hand, kept)?;
    }
    let mine = succeed(shared, hand, mine)?;
    if mine.is_empty() {
        return Ok(Vec::new());
    }
    let owned = collect_owned(shared, hand, compiled)?;
    let claimants: HashMap<&str, Claimant> = compiled.iter().copied().collect();
    let mine: Vec<Kept> = mine
        .into_iter()
        .map(|kept| Kept {
            claimant: *claimants.get(kept.path.as_str()).unwrap_or(&kept.claimant),
            ..kept
        })
        .collect();
    let dispute = Dispute::new(&mine, &owned);
    dispute.check_packages(shared, &mine, &owned)?;
    dispute.check_links(shared, hand, &mine, &owned)?;
    let lost = dispute.lost(&owned);
    let mut floor = Floor {
        shared,
        hand,
        kept: mine,
        lost: &lost,
    };
    floor.clear(&owned)?;
    floor.fill()?;
    Ok(report(shared, &lost))
}

/// Every path that its package owns, as the records have them.
fn collect_owned(
    shared: &Shared,
    hand: &mut Hand,
    compiled: &[(&str, Claimant)],
) -> Result<Vec<Owned>, LinkError> {
    let mut owned = Vec::new();
    for (index, package) in shared.job.packages.iter().enumerate() {
        let claimant = shared.claims.claimant_of(index);
        let paths = read_paths(shared, hand, index).map_err(|fault| fault.of(package))?;
        owned.extend(paths.into_iter().map(|record| Owned {
            path: record.path,
            claimant,
            kind: record.path_type,
        }));
    }
    owned.retain(|one| {
        one.kind == PathKind::Directory || shared.claims.owns(&one.path, one.claimant)
    });
    let compiled = compiled.iter().map(|&(path, claimant)| Owned {
        path: path.to_owned(),
        claimant,
        kind: PathKind::Compiled,
    });
    owned.extend(compiled.filter(|one| shared.claims.owns(&one.path, BYTECODE)));
    Ok(owned)
}

/// The directories above a path, from the top.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}

/// A path that gives way, and to what.
struct Lost<'a> {
    path: &'a Owned,
    winner: Claimant,
    to: String,
}

/// All paths with a conflict, and the packages that have something there.
struct Dispute(HashMap<String, Node>);

impl Dispute {
    fn new(kept: &[Kept], owned: &[Owned]) -> Self {
        let mut nodes: HashMap<String, Node> = HashMap::new();
        for kept in kept {
            for path in above(&kept.path).chain([kept.path.as_str()]) {
                nodes.entry(fold(path).into_owned()).or_default();
            }
        }
        for one in owned {
            let directory = (one.kind == PathKind::Directory).then_some(one.path.as_str());
            for path in above(&one.path).chain(directory) {
                if let Some(node) = nodes.get_mut(&*fold(path)) {
                    node.directory = node.directory.max(Some(one.claimant));
                }
            }
            if let (None, Some(node)) = (directory, nodes.get_mut(&*fold(&one.path))) {
                node.file = Some(one.claimant);
            }
        }
        nodes.retain(|_, node| node.is_contested());
        Self(nodes)
    }

    fn at(&self, path: &str) -> Option<&Node> {
        self.0.get(&*fold(path))
    }

    /// The file or link of the path's own package, or of another one, that the path leads through.
    fn files_above<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a str, Claimant)> {
        above(path).filter_map(|above| Some((above, self.at(above)?.file?)))
    }

    /// Refuse a package that is in its own way.
    fn check_packages(
        &self,
        shared: &Shared,
        kept: &[Kept],
        owned: &[Owned],
    ) -> Result<(), LinkError> {
        let kept: HashSet<&str> = kept.iter().map(|kept| kept.path.as_str()).collect();
        for one in owned {
            let own = self
                .files_above(&one.path)
                .find(|&(_, claimant)| claimant == one.claimant);
            if let Some((file, claimant)) = own {
                // The one that came second.
                let second = if kept.contains(one.path.as_str()) {
                    &one.path
                } else {
                    file
                };
                let obstruction = io::ErrorKind::NotADirectory.into();
                let fault = write_fault(shared, second, obstruction);
                return Err(blame(shared, claimant, fault));
            }
        }
        Ok(())
    }

    /// Refuse links that lead out of the prefix where another package has a directory: no
    /// real package is like that, and it is how archives try to get out.
    fn check_links(
        &self,
        shared: &Shared,
        hand: &mut Hand,
        kept: &[Kept],
        owned: &[Owned],
    ) -> Result<(), LinkError> {
        let places: HashMap<&str, &str> = kept
            .iter()
            .filter_map(|kept| Some((kept.path.as_str(), kept.place.as_deref()?)))
            .collect();
        let is_contested =
            |one: &&Owned| one.kind == PathKind::SoftLink && self.at(&one.path).is_some();
        for one in owned.iter().filter(is_contested) {
            let place = places.get(one.path.as_str()).copied();
            check_link(shared, hand, place.unwrap_or(&one.path), one)?;
        }
        Ok(())
    }

    /// The paths that give way.
    fn lost<'a>(&self, owned: &'a [Owned]) -> Vec<Lost<'a>> {
        let to = |path: &'a Owned| {
            let file = self
                .files_above(&path.path)
                .max_by_key(|&(_, claimant)| claimant)
                .map(|(file, claimant)| (claimant, file.to_owned()));
            let directory = (path.kind != PathKind::Directory)
                .then(|| self.at(&path.path)?.directory)
                .flatten()
                .map(|claimant| (claimant, format!("{}/", path.path)));
            let (winner, to) = file.max(directory)?;
            (winner > path.claimant).then_some(Lost { path, winner, to })
        };
        owned.iter().filter_map(to).collect()
    }
}

/// Refuse a link, for now at `place`, that leads out of the prefix.
fn check_link(
    shared: &Shared,
    hand: &mut Hand,
    place: &str,
    link: &Owned,
) -> Result<(), LinkError> {
    let blame = |fault| blame(shared, link.claimant, fault);
    let target = hand
        .read_link(place)
        .map_err(|error| blame(write_fault(shared, &link.path, error)))?;
    if !leads_out(&link.path, &target) {
        return Ok(());
    }
    let reason = format!(
        "it is a symbolic link out of the prefix, to {target:?}, and another package has a directory there"
    );
    Err(blame(Fault::hostile(link.path.as_str(), reason)))
}

/// Whether a link at `path` leads out of the prefix, as far as its text shows.
fn leads_out(path: &str, target: &str) -> bool {
    let mut depth = above(path).count();
    if target.starts_with('/') || (cfg!(windows) && target.contains([':', '\\'])) {
        return true;
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

/// The staging directory while things are moved about in it.
struct Floor<'a, 't> {
    shared: &'a Shared<'a>,
    hand: &'a mut Hand<'t>,
    kept: Vec<Kept>,
    lost: &'a [Lost<'a>],
}

impl Floor<'_, '_> {
    /// Remove what gives way, and the directories that are empty then, unless a package lists them.
    fn clear(&mut self, owned: &[Owned]) -> Result<(), LinkError> {
        let lost: HashSet<(&str, Claimant)> = self
            .lost
            .iter()
            .map(|lost| (lost.path.path.as_str(), lost.path.claimant))
            .collect();
        let (gone, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.kept)
            .into_iter()
            .partition(|kept| lost.contains(&(kept.path.as_str(), kept.claimant)));
        self.kept = kept;
        let aside: HashSet<&str> = gone.iter().map(|kept| kept.path.as_str()).collect();
        for one in &gone {
            discard(self.shared, self.hand, one)?;
        }
        let mut directories: Vec<&str> = Vec::new();
        let in_place = self.lost.iter().map(|lost| lost.path);
        for lost in in_place.filter(|lost| !aside.contains(lost.path.as_str())) {
            if lost.kind == PathKind::Directory {
                directories.push(&lost.path);
            } else {
                remove(self.shared, self.hand, &lost.path, lost.claimant)?;
            }
            directories.extend(above(&lost.path));
        }
        let listed: HashSet<&str> = owned
            .iter()
            .filter(|one| one.kind == PathKind::Directory)
            .filter(|one| !lost.contains(&(one.path.as_str(), one.claimant)))
            .map(|one| one.path.as_str())
            .collect();
        directories.retain(|directory| !listed.contains(directory));
        // Those further down first.
        directories.sort_unstable_by(|a, b| b.cmp(a));
        directories.dedup();
        for directory in directories {
            // It is not one any more, or something is left in it.
            let _ = self.hand.remove_directory(directory);
        }
        self.hand.forget();
        Ok(())
    }

    /// Put what stays where it belongs.
    fn fill(&mut self) -> Result<(), LinkError> {
        for kept in std::mem::take(&mut self.kept) {
            let placed = match &kept.place {
                Some(place) => self.hand.rename(place, &kept.path),
                None => self.hand.create_directory(&kept.path),
            };
            placed.map_err(|error| blame_write(self.shared, &kept.path, kept.claimant, error))?;
        }
        Ok(())
    }
}

/// Take the lost paths from their owners, and name them.
fn report(shared: &Shared, lost: &[Lost]) -> Vec<Clobbered> {
    for lost in lost
        .iter()
        .filter(|lost| lost.path.kind != PathKind::Directory)
    {
        shared.claims.forfeit(&lost.path.path);
    }
    lost.iter()
        .filter(|lost| lost.path.kind != PathKind::Compiled)
        .map(|lost| Clobbered {
            path: lost.path.path.clone(),
            winner: shared.claims.package_of(lost.winner),
            loser: shared.claims.package_of(lost.path.claimant),
            to: lost.to.clone(),
        })
        .collect()
}
