//! Who owns a path that several packages hold.
//!
//! The package that comes last in rattler's order wins (see [`order`](crate::order)), whichever is linked first. Each
//! package claims a path before it makes anything there, and only one with the most right so far does. What the winner
//! finds there is removed when all packages have come. So the outcome does not depend on which thread was faster.

use std::borrow::Cow;
use std::collections::hash_map::{Entry, RandomState};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard};

use crate::Clobbered;

const SHARDS: usize = 32;

/// A claimant: the place of a package in the order plus one; 0 is bytecode, which gives way to every package.
pub(crate) type Claimant = u32;

/// The claimant that gives way to all others.
pub(crate) const BYTECODE: Claimant = 0;

/// The owner of a path that every package has lost.
const NOBODY: Claimant = Claimant::MAX;

/// What two paths have in common that name the same file.
pub(crate) fn fold(path: &str) -> Cow<'_, str> {
    if cfg!(any(windows, target_os = "macos")) {
        path.to_lowercase().into()
    } else {
        path.into()
    }
}

/// What came of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// A package with more right to the path has it.
    Refused,
    /// No package with more right has it.
    Granted,
    /// The claimant has it already, for another of its files: by another spelling, for instance.
    Again,
}

/// What stands for some paths.
pub(crate) type Keys = HashSet<u128, BuildHasherDefault<KeyHasher>>;

type Shard = HashMap<u128, Claimant, BuildHasherDefault<KeyHasher>>;

/// Owners of paths, by a 128-bit hash of the path: a prefix may have a million of them.
pub(crate) struct Claims {
    /// Indices of packages, those first whose files give way.
    order: Vec<usize>,
    /// By index of the package.
    claimants: Vec<Claimant>,
    hashers: [RandomState; 2],
    shards: Vec<Mutex<Shard>>,
    contested: Mutex<Vec<(String, Claimant, Claimant)>>,
}

impl Claims {
    /// Get ready for packages that are to win over each other in this order, which names each index once.
    pub(crate) fn new(order: Vec<usize>) -> Self {
        let mut claimants = vec![BYTECODE; order.len()];
        for (place, &package) in (1..).zip(&order) {
            claimants[package] = place;
        }
        Self {
            order,
            claimants,
            hashers: [RandomState::new(), RandomState::new()],
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            contested: Mutex::default(),
        }
    }

    /// The claimant that a package is.
    pub(crate) fn claimant_of(&self, package: usize) -> Claimant {
        self.claimants[package]
    }

    /// The package of a claimant; bytecode has none.
    pub(crate) fn package_of(&self, claimant: Claimant) -> usize {
        self.order[claimant as usize - 1]
    }

    /// Claim a path.
    pub(crate) fn claim(&self, path: &str, claimant: Claimant) -> Claim {
        let key = self.key(path);
        let previous = match lock(self.shard(key)).entry(key) {
            Entry::Vacant(vacant) => {
                vacant.insert(claimant);
                return Claim::Granted;
            }
            Entry::Occupied(mut occupied) => {
                let previous = *occupied.get();
                occupied.insert(previous.max(claimant));
                previous
            }
        };
        if previous == claimant {
            return Claim::Again;
        }
        if previous != BYTECODE && claimant != BYTECODE {
            let (winner, loser) = (previous.max(claimant), previous.min(claimant));
            lock(&self.contested).push((path.to_owned(), winner, loser));
        }
        if previous < claimant {
            Claim::Granted
        } else {
            Claim::Refused
        }
    }

    /// Whether the claimant owns the path at this moment.
    pub(crate) fn owns(&self, path: &str, claimant: Claimant) -> bool {
        let key = self.key(path);
        lock(self.shard(key)).get(&key) == Some(&claimant)
    }

    /// The package that owns a path at this moment; `None` where it is bytecode's or nobody's.
    pub(crate) fn owner(&self, path: &str) -> Option<Claimant> {
        let key = self.key(path);
        let owner = lock(self.shard(key)).get(&key).copied();
        owner.filter(|&owner| owner != BYTECODE && owner != NOBODY)
    }

    /// Take a path from its owner: nothing is there.
    pub(crate) fn forfeit(&self, path: &str) {
        let key = self.key(path);
        lock(self.shard(key)).insert(key, NOBODY);
    }

    /// Every path with more than one claimant, sorted; each loser is named once.
    pub(crate) fn contested(&self) -> Vec<Clobbered> {
        let mut winners: HashMap<String, Claimant> = HashMap::new();
        let contested = lock(&self.contested);
        for (path, winner, _) in contested.iter() {
            let best = winners.entry(path.clone()).or_insert(*winner);
            *best = (*best).max(*winner);
        }
        let mut clobbered: Vec<Clobbered> = contested
            .iter()
            .flat_map(|(path, winner, loser)| [(path, *winner), (path, *loser)])
            .filter(|(path, claimant)| winners[*path] != *claimant)
            .map(|(path, loser)| Clobbered {
                path: path.clone(),
                winner: self.package_of(winners[path]),
                loser: self.package_of(loser),
                to: path.clone(),
            })
            .collect();
        clobbered.sort_by(|a, b| (&a.path, a.loser).cmp(&(&b.path, b.loser)));
        clobbered.dedup();
        clobbered
    }

    /// The owners of the paths with keys that are `wanted`.
    pub(crate) fn find_owners(&self, wanted: impl Fn(u128) -> bool) -> HashSet<Claimant> {
        let mut owners = HashSet::new();
        for shard in &self.shards {
            let shard = lock(shard);
            let found = shard.iter().filter(|(key, _)| wanted(**key));
            owners.extend(found.map(|(_, &owner)| owner));
        }
        owners
    }

    /// What stands for a path.
    pub(crate) fn key(&self, path: &str) -> u128 {
        let path = &*fold(path);
        let [high, low] = [0, 1].map(|half: usize| u128::from(self.hashers[half].hash_one(path)));
        high << 64 | low
    }

    fn shard(&self, key: u128) -> &Mutex<Shard> {
        &self.shards[(key as usize) % SHARDS]
    }
}

/// A panic elsewhere does not make the map wrong: every change to it is a single step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The keys are hashes already.
#[derive(Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_ne_bytes(word);
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = (key >> 64) as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_package_owns_a_path_in_whatever_order_they_claim() {
        for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1], [3, 1, 2]] {
            let claims = Claims::new(vec![2, 0, 1]);
            for claimant in order {
                claims.claim("x", claimant);
            }
            assert!(claims.owns("x", 3));
            let found = claims.contested();
            let pairs: Vec<_> = found.iter().map(|one| (one.winner, one.loser)).collect();
            assert_eq!(pairs, [(1, 0), (1, 2)]);
        }
    }

    #[test]
    fn a_claim_says_whether_to_go_on() {
        let claims = Claims::new(vec![0, 1, 2]);
        assert_eq!(claims.claim("x", 2), Claim::Granted);
        assert_eq!(claims.claim("x", 2), Claim::Again);
        assert_eq!(claims.claim("x", 1), Claim::Refused);
        assert_eq!(claims.claim("x", 3), Claim::Granted);
        assert!(!claims.owns("x", 2));
        assert!(claims.owns("x", 3));
    }

    #[test]
    fn spellings_of_one_name_are_one_path_where_the_system_takes_them_for_one() {
        let claims = Claims::new(vec![0, 1]);
        claims.claim("Case.txt", 2);
        let again = claims.claim("case.TXT", 2) == Claim::Again;
        assert_eq!(again, cfg!(any(windows, target_os = "macos")));
    }

    #[test]
    fn bytecode_gives_way_without_being_counted_as_a_loser() {
        let claims = Claims::new(vec![0]);
        assert_eq!(claims.claim("x", BYTECODE), Claim::Granted);
        assert_eq!(claims.claim("x", claims.claimant_of(0)), Claim::Granted);
        assert_eq!(claims.claim("x", BYTECODE), Claim::Refused);
        assert_eq!(claims.contested(), []);
    }
}
