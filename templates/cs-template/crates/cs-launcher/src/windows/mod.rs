//! Start the script as a process, and be its stand-in until it ends.

mod child;
mod say;
#[allow(dead_code, reason = "declarations of the system")]
mod system;

use core::ptr;

use crate::names::{COMMAND, Flavor, WINDOW};
use crate::text::LIMIT;

/// The exit status when the script cannot be started, the same as of conda's launcher.
pub const FAILURE: u32 = 101;

/// Why the script cannot be started.
pub(crate) enum Problem<'a> {
    /// The paths and arguments are too long for a command line of Windows.
    TooLong,
    /// The system refuses to start this program.
    NotStarted(&'a [u16], u32),
}

/// Memory for text. It is here because a stack frame of this size would need the C library's help.
struct Room([u16; LIMIT]);

static mut LAUNCHER: Room = Room([0; LIMIT]);
static mut PYTHON: Room = Room([0; LIMIT]);
static mut COMMAND_LINE: Room = Room([0; LIMIT]);

/// Run the script of this launcher in its console, and end with its exit status.
pub fn run_command() -> ! {
    match run(&COMMAND) {
        Ok(status) => exit(status),
        Err(problem) => say::on_console(&problem),
    }
    exit(FAILURE)
}

/// Run the script of this launcher without a console, and end with its exit status.
pub fn run_window() -> ! {
    say::ready();
    match run(&WINDOW) {
        Ok(status) => exit(status),
        Err(problem) => say::in_window(&problem),
    }
    exit(FAILURE)
}

/// End this process.
pub fn exit(status: u32) -> ! {
    // SAFETY: it takes any number, and does not return.
    unsafe { system::ExitProcess(status) }
}

fn run(flavor: &Flavor) -> Result<u32, Problem<'static>> {
    // SAFETY: this runs once, in the only thread that knows of these variables.
    let (launcher, python, line) = unsafe {
        (
            &mut (*ptr::addr_of_mut!(LAUNCHER)).0,
            &mut (*ptr::addr_of_mut!(PYTHON)).0,
            &mut (*ptr::addr_of_mut!(COMMAND_LINE)).0,
        )
    };
    let launcher = own_path(launcher);
    let python = flavor.python(launcher, python).ok_or(Problem::TooLong)?;
    flavor
        .command_line(python, launcher, own_command_line(), line)
        .ok_or(Problem::TooLong)?;
    child::run(python, line)
}

/// The path of this executable.
fn own_path(room: &mut [u16; LIMIT]) -> &[u16] {
    // SAFETY: the room is as long as it is said to be.
    let length =
        unsafe { system::GetModuleFileNameW(ptr::null_mut(), room.as_mut_ptr(), LIMIT as u32) };
    room.get(..length as usize).unwrap_or_default()
}

/// The command line of this process, as it was written.
fn own_command_line() -> &'static [u16] {
    // SAFETY: the system keeps it, unchanged and with a zero at its end, as long as the process lives.
    unsafe {
        let start = system::GetCommandLineW();
        let mut length = 0;
        while *start.add(length) != 0 {
            length += 1;
        }
        core::slice::from_raw_parts(start, length)
    }
}
