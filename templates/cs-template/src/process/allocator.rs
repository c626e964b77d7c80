//! How this process takes memory, and how it ends without any.

use std::alloc::{GlobalAlloc, Layout, System};

use crate::say::verdict::status;

/// Buffers of this size and more get pages of their own, which go back to the system with them.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const OWN_PAGES: libc::c_int = 4 << 20;

#[global_allocator]
static ALLOCATOR: Checked = Checked;

/// The system's memory. Where there is no more, the process ends with a message and a status
/// of its own, and not by a signal: as after any other sudden end, the next run tidies up.
struct Checked;

// SAFETY: every call is the system's, whose promises are these; none returns without memory.
unsafe impl GlobalAlloc for Checked {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        check(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        check(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        check(unsafe { System.realloc(memory, layout, size) })
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[inline]
fn check(memory: *mut u8) -> *mut u8 {
    if memory.is_null() {
        give_up();
    }
    memory
}

const MESSAGE: &str = "error: there is not enough memory to continue. \
    Close other programs, or raise the memory limit of this program, then try again.\n";

/// End the process without taking any memory for it.
#[cold]
fn give_up() -> ! {
    #[cfg(unix)]
    {
        let _ = rustix::io::write(rustix::stdio::stderr(), MESSAGE.as_bytes());
        // SAFETY: the call does not return, and runs nothing that could need memory.
        unsafe { libc::_exit(i32::from(status::IO)) }
    }
    #[cfg(not(unix))]
    {
        use std::io::Write;
        #[expect(
            clippy::disallowed_methods,
            reason = "constant words, written without taking memory"
        )]
        let _ = std::io::stderr().write_all(MESSAGE.as_bytes());
        std::process::exit(i32::from(status::IO))
    }
}

/// Keep the peak of a first run low.
///
/// By itself glibc keeps what decoders have freed, the more the larger their windows
/// were: a first run over the network took 50 to 63 MB, and takes 47 to 52 MB so, in the
/// same time. With a smaller limit it takes less, and a tenth more processor time.
pub fn return_large_buffers() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the call takes two numbers, and changes how later allocations are made.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, OWN_PAGES);
    }
}
