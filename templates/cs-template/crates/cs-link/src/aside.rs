//! What cannot go where it belongs yet: another package has something there, or a file in place of a directory above.
//!
//! Which of the two belongs there depends on all packages, and packages come in any order:
//! so it is kept until all have come, and [`settle`](crate::settle) puts it where it belongs
//! or removes it. It is kept in `conda-meta`, where no package's link can lead elsewhere.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::clobber::Claimant;
use crate::tree::{Hand, is_obstructed};

/// One file, link or empty directory that is kept.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Where it belongs.
    pub(crate) path: String,
    pub(crate) claimant: Claimant,
    /// Where it is; `None` for a directory.
    pub(crate) place: Option<String>,
}

/// Everything that is kept.
#[derive(Default)]
pub(crate) struct Aside {
    kept: Mutex<Vec<Kept>>,
    next: AtomicU64,
}

impl Aside {
    /// Make something under a name of its own, to be moved to `path` later; the name.
    pub(crate) fn keep<'t, T>(
        &self,
        hand: &mut Hand<'t>,
        path: &str,
        claimant: Claimant,
        attempt: &mut dyn FnMut(&mut Hand<'t>, &str) -> io::Result<T>,
    ) -> io::Result<(T, String)> {
        loop {
            let place = self.next_place();
            match attempt(hand, &place) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => {
                    let made = made?;
                    self.add(path, claimant, Some(place.clone()));
                    return Ok((made, place));
                }
            }
        }
    }

    /// Make a file for what is needed for a while: it has no name, or loses it with its handle.
    pub(crate) fn make_nameless(&self, hand: &mut Hand) -> io::Result<File> {
        loop {
            match hand.create_nameless(&self.next_place()) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => return made,
            }
        }
    }

    fn next_place(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("conda-meta/.aside-{number}")
    }

    /// Remember that a package wants a directory.
    pub(crate) fn keep_directory(&self, path: &str, claimant: Claimant) {
        self.add(path, claimant, None);
    }

    fn add(&self, path: &str, claimant: Claimant, place: Option<String>) {
        let path = path.to_owned();
        self.lock().push(Kept {
            path,
            claimant,
            place,
        });
    }

    /// Take out all that is kept.
    pub(crate) fn take(&self) -> Vec<Kept> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an error says that something of another kind is where a path leads, or on the way there.
pub(crate) fn is_in_the_way(error: &io::Error) -> bool {
    is_obstructed(error) || error.kind() == io::ErrorKind::IsADirectory
}
