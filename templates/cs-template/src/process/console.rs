//! The terminal at standard error: what it can show, its width, and what its current line is.

use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(unix)]
use unix::write_at_once;
#[cfg(unix)]
pub use unix::{columns, is_unicode, obeys_escapes};
#[cfg(windows)]
use windows::write_at_once;
#[cfg(windows)]
pub use windows::{columns, is_unicode, obeys_escapes};

/// Empties the current line.
pub const CLEAR_LINE: &str = "\r\u{1b}[2K";

/// Whether the terminal's current line is a bar.
pub static LINE_IS_DRAWN: AtomicBool = AtomicBool::new(false);

/// Remove the bar, if there is one, when the process is about to end: from a signal's handler too, which may not wait
/// for a lock.
pub fn clear_at_once() {
    if LINE_IS_DRAWN.swap(false, Ordering::Relaxed) {
        write_at_once(CLEAR_LINE.as_bytes());
    }
}

#[cfg(unix)]
mod unix {
    /// All terminals do.
    pub fn obeys_escapes() -> bool {
        true
    }

    /// The width of the terminal, if there is one that says.
    pub fn columns() -> Option<usize> {
        rustix::termios::tcgetwinsize(rustix::stdio::stderr())
            .map(|size| usize::from(size.ws_col))
            .ok()
            .filter(|columns| *columns > 0)
    }

    /// Whether it shows more than ASCII: what the first of these variables that is set says of its characters.
    pub fn is_unicode() -> bool {
        let names = ["LC_ALL", "LC_CTYPE", "LANG"];
        let set = names.into_iter().filter_map(std::env::var_os);
        let mut set = set.filter(|value| !value.is_empty());
        set.next().is_some_and(|value| {
            let value = value.to_string_lossy().to_ascii_lowercase();
            value.contains("utf-8") || value.contains("utf8")
        })
    }

    pub(super) fn write_at_once(bytes: &[u8]) {
        let _ = rustix::io::write(rustix::stdio::stderr(), bytes);
    }
}

#[cfg(windows)]
mod windows {
    use windows_sys::Win32::Foundation::HANDLE;
    use windows_sys::Win32::System::Console::{
        CONSOLE_SCREEN_BUFFER_INFO, ENABLE_VIRTUAL_TERMINAL_PROCESSING, GetConsoleMode,
        GetConsoleScreenBufferInfo, GetStdHandle, STD_ERROR_HANDLE, SetConsoleMode, WriteConsoleA,
    };

    fn stderr() -> HANDLE {
        // SAFETY: the call only asks.
        unsafe { GetStdHandle(STD_ERROR_HANDLE) }
    }

    /// Have the console obey them; old ones cannot.
    pub fn obeys_escapes() -> bool {
        let mut mode = 0;
        // SAFETY: the handle may be of any kind, and the calls say so then.
        unsafe {
            GetConsoleMode(stderr(), &mut mode) != 0
                && (mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING != 0
                    || SetConsoleMode(stderr(), mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0)
        }
    }

    /// The standard library writes to a console in UTF-16, whatever its code page is.
    pub fn is_unicode() -> bool {
        true
    }

    /// Events have a thread of their own, but the one that they interrupt may hold the lock of the stream.
    pub(super) fn write_at_once(bytes: &[u8]) {
        let mut written = 0;
        // SAFETY: the call reads as many bytes as there are; a handle of any kind only makes it fail.
        unsafe {
            WriteConsoleA(
                stderr(),
                bytes.as_ptr(),
                bytes.len() as u32,
                &mut written,
                std::ptr::null(),
            );
        }
    }

    /// The width of the window, if there is one.
    pub fn columns() -> Option<usize> {
        let mut info = CONSOLE_SCREEN_BUFFER_INFO::default();
        // SAFETY: the call fills the structure, or says that it did not.
        let is_filled = unsafe { GetConsoleScreenBufferInfo(stderr(), &mut info) } != 0;
        let window = info.srWindow;
        let width = i32::from(window.Right) - i32::from(window.Left) + 1;
        usize::try_from(width)
            .ok()
            .filter(|width| is_filled && *width > 0)
    }
}
