//! Say what went wrong.

use core::mem::MaybeUninit;
use core::ptr;

use super::problem::{Problem, Room};
use super::system::{self, Handle};
use crate::text::{LIMIT, Text};

static mut MESSAGE: Room = Room([0; LIMIT]);
static mut BYTES: [u8; 3 * LIMIT] = [0; 3 * LIMIT];

/// Write the problem to standard error.
pub(super) fn on_console(problem: &Problem<'_>) {
    let text = message(problem);
    // SAFETY: the text is as long as it is said to be; an invalid handle is refused.
    unsafe {
        let stream = system::GetStdHandle(system::STD_ERROR_HANDLE);
        let mut written = 0;
        let length = text.len() as u32;
        let out = &raw mut written;
        if system::WriteConsoleW(stream, text.as_ptr(), length, out, ptr::null()) == 0 {
            write_utf8(stream, text);
        }
    }
}

/// Show the problem in a window of its own.
pub(super) fn in_window(problem: &Problem<'_>) {
    // SAFETY: the text has a zero at its end.
    unsafe {
        let text = message(problem).as_ptr();
        system::MessageBoxW(ptr::null_mut(), text, ptr::null(), system::MB_ICONERROR);
    }
}

/// Let Windows know that the program has started: else the cursor goes on to say that it is starting.
pub(super) fn ready() {
    let mut message = MaybeUninit::uninit();
    // SAFETY: the first call puts into the queue what the second takes out.
    unsafe {
        system::PostMessageW(ptr::null_mut(), 0, 0, 0);
        system::GetMessageW(message.as_mut_ptr(), ptr::null_mut(), 0, 0);
    }
}

/// One line, with a zero behind it.
fn message(problem: &Problem<'_>) -> &'static [u16] {
    // SAFETY: called once, in the only thread that knows of it.
    let text = Text::new(unsafe { &mut (*ptr::addr_of_mut!(MESSAGE)).0 });
    let text = match problem {
        Problem::TooLong => {
            text.with_ascii("error: the path of this program and its arguments are too long")
        }
        Problem::NotStarted(program, code) => text
            .with_ascii("error: cannot start ")
            .with(program)
            .with_ascii(" (Windows error ")
            .with_number(*code)
            .with_ascii(")"),
    };
    text.with_ascii("\r\n").finish().unwrap_or_default()
}

/// Write to a file or a pipe.
fn write_utf8(stream: Handle, text: &[u16]) {
    let bytes = ptr::addr_of_mut!(BYTES).cast::<u8>();
    // SAFETY: text and bytes are as long as they are said to be, and no other thread knows of the bytes.
    unsafe {
        let length = system::WideCharToMultiByte(
            system::CP_UTF8,
            0,
            text.as_ptr(),
            text.len() as i32,
            bytes,
            3 * LIMIT as i32,
            ptr::null(),
            ptr::null_mut(),
        );
        let mut written = 0;
        let out = &raw mut written;
        system::WriteFile(stream, bytes, length as u32, out, ptr::null_mut());
    }
}
