//! The entry's working memory: zero pages of the executable, of which only those in use are ever backed.

use core::cell::UnsafeCell;

use crate::footer::TAIL_LENGTH;

/// Everything that a hand-over writes to. Whatever does not fit is left to the full program.
#[repr(C, align(4096))]
pub(super) struct Memory {
    /// The end of the executable.
    pub tail: [u8; TAIL_LENGTH],
    /// The start of the prefix's marker.
    pub marker: [u8; 256],
    /// Addresses of the environment's entries.
    pub pointers: [usize; 1024],
    /// New strings: prefix, marker, delegate, variables.
    pub text: [u8; 32 << 10],
}

struct Cell(UnsafeCell<Memory>);

// SAFETY: The one use is `take`, once, before there is a second thread.
unsafe impl Sync for Cell {}

static MEMORY: Cell = Cell(UnsafeCell::new(Memory {
    tail: [0; TAIL_LENGTH],
    marker: [0; 256],
    pointers: [0; 1024],
    text: [0; 32 << 10],
}));

/// Hand out the memory.
///
/// # Safety
/// Only once in the life of the process.
pub(super) unsafe fn take() -> &'static mut Memory {
    // SAFETY: The caller asks once, so this reference is the only one.
    unsafe { &mut *MEMORY.0.get() }
}
