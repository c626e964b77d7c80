//! Archives that are ready, handed out to several threads.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::{Archive, ArchiveError, Archives};

/// Archives that are all ready, in the order given.
pub struct Queue(Mutex<VecDeque<Archive>>);

impl Queue {
    /// Queue `archives`; largest first keeps all threads busy to the end.
    pub fn new(archives: Vec<Archive>) -> Self {
        Self(Mutex::new(archives.into()))
    }
}

impl Archives for Queue {
    fn next(&self) -> Result<Option<Archive>, ArchiveError> {
        // Nothing can be half done under this lock, so a poisoned one is as good as new.
        Ok(self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front())
    }
}

/// First what is ready, then what must be waited for.
pub struct Chain<A, B>(pub A, pub B);

impl<A: Archives, B: Archives> Archives for Chain<A, B> {
    fn next(&self) -> Result<Option<Archive>, ArchiveError> {
        match self.0.next()? {
            Some(archive) => Ok(Some(archive)),
            None => self.1.next(),
        }
    }
}
