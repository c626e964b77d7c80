//! The prefix as an open directory: that it is the right one, and that it stays where it
//! is until the delegate has started.

use super::system::{self, Lock};

/// A prefix that is open and, where the file system has locks, locked: a process that
/// exchanges prefixes waits for that. Starting the delegate ends both, as dropping does.
pub(super) struct Prefix {
    descriptor: usize,
}

impl Prefix {
    /// Open the directory at `path`; `None` unless it is a real one that user `caller`
    /// can rely on, and no process is about to exchange it.
    pub(super) fn open(path: &[u8], caller: u32) -> Option<Self> {
        let descriptor = system::open_directory(path)?;
        let prefix = Self { descriptor };
        if system::lock_shared(descriptor) == Lock::Held {
            return None;
        }
        // Until it was locked, another directory could get the name.
        let opened = system::look_at_opened(descriptor)?;
        let named = system::look_at(path)?;
        let place = system::look_at_above(descriptor)?;
        let is_relied_on = opened.identity == named.identity
            && opened.attributes.doubt(caller).is_none()
            && place.attributes.doubt_as_place(caller).is_none();
        is_relied_on.then_some(prefix)
    }

    /// Fill `buffer` with the first bytes of the file `name` in it.
    pub(super) fn read_start<'b>(&self, name: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        system::read_start_in(self.descriptor, name, buffer)
    }
}

impl Drop for Prefix {
    fn drop(&mut self) {
        system::close(self.descriptor);
    }
}
