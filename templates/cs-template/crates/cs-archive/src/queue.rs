//! Archives that are ready, handed out to several threads.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};

use crate::{Archive, Archives};

/// Archives that are all ready, in the order given.
pub struct Queue(Mutex<VecDeque<Archive>>);

impl Queue {
    /// Queue `archives`; largest first keeps all threads busy to the end.
    pub fn new(archives: Vec<Archive>) -> Self {
        Self(Mutex::new(archives.into()))
    }
}

impl Archives for Queue {
    type Error = Infallible;

    fn next(&self) -> Result<Option<Archive>, Infallible> {
        // Nothing can be half done under this lock, so a poisoned one is as good as new.
        Ok(self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front())
    }
}

/// The available archives first, then those to wait for, if any.
pub struct Chain<A>(pub Queue, pub Option<A>);

impl<A: Archives> Archives for Chain<A> {
    type Error = A::Error;

    fn next(&self) -> Result<Option<Archive>, A::Error> {
        let Ok(ready) = self.0.next();
        match (ready, &self.1) {
            (None, Some(others)) => others.next(),
            (ready, _) => Ok(ready),
        }
    }

    fn stop(&self) {
        self.1.iter().for_each(Archives::stop);
    }
}
