//! The terminal at standard error: whether it obeys escape sequences, and its width.

#[cfg(unix)]
pub use unix::{columns, obeys_escapes};
#[cfg(windows)]
pub use windows::{columns, obeys_escapes};

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
}

#[cfg(windows)]
mod windows {
    use windows_sys::Win32::Foundation::HANDLE;
    use windows_sys::Win32::System::Console::{
        CONSOLE_SCREEN_BUFFER_INFO, ENABLE_VIRTUAL_TERMINAL_PROCESSING, GetConsoleMode,
        GetConsoleScreenBufferInfo, GetStdHandle, STD_ERROR_HANDLE, SetConsoleMode,
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
