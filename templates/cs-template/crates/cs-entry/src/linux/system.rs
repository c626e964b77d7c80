//! The system calls of a hand-over. Paths are bytes that end with a NUL.

use core::arch::asm;
use core::convert::Infallible;

use super::process::Process;

#[cfg(target_arch = "x86_64")]
mod number {
    pub(super) const CLOSE: usize = 3;
    pub(super) const LSEEK: usize = 8;
    pub(super) const PREAD64: usize = 17;
    pub(super) const EXECVE: usize = 59;
    pub(super) const OPENAT: usize = 257;
}

#[cfg(target_arch = "aarch64")]
mod number {
    pub(super) const CLOSE: usize = 57;
    pub(super) const LSEEK: usize = 62;
    pub(super) const PREAD64: usize = 67;
    pub(super) const EXECVE: usize = 221;
    pub(super) const OPENAT: usize = 56;
}

const AT_FDCWD: usize = -100_isize as usize;
const O_RDONLY_CLOEXEC: usize = 0o2_000_000;
const SEEK_END: usize = 2;

/// Fill `buffer` with the last bytes of a file.
pub(super) fn read_end<'b>(path: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    read(path, buffer, |file, length| {
        seek_end(file)?.checked_sub(length)
    })
    .filter(|bytes| !bytes.is_empty())
}

/// Fill `buffer` with the first bytes of a file, as many as there are.
pub(super) fn read_start<'b>(path: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    read(path, buffer, |_, _| Some(0))
}

/// Replace the process: program `path`, which is also its own name, the other arguments as they are.
pub(super) fn execute(path: &[u8], process: &Process, environment: &[usize]) -> Option<Infallible> {
    let arguments = process.argument_pointers().as_ptr().cast_mut();
    // SAFETY: The arguments are ours to write, and there is a first: it has been read. It is put back in case `execve`
    // returns, for `_start` to find. All three lists end as `execve` needs it.
    unsafe {
        let own_name = *arguments;
        *arguments = path.as_ptr();
        let _ = call(
            number::EXECVE,
            [
                path.as_ptr() as usize,
                arguments as usize,
                environment.as_ptr() as usize,
                0,
            ],
        );
        *arguments = own_name;
    }
    None
}

/// Open, read at the offset that `offset` finds, close.
fn read<'b>(
    path: &[u8],
    buffer: &'b mut [u8],
    offset: impl Fn(usize, usize) -> Option<usize>,
) -> Option<&'b [u8]> {
    let [address, length] = [buffer.as_mut_ptr() as usize, buffer.len()];
    // SAFETY: The path ends with a NUL; the kernel writes into the buffer, within its length, and nowhere else.
    unsafe {
        let file = call(
            number::OPENAT,
            [AT_FDCWD, path.as_ptr() as usize, O_RDONLY_CLOEXEC, 0],
        )?;
        let count = offset(file, length)
            .and_then(|offset| call(number::PREAD64, [file, address, length, offset]));
        let _ = call(number::CLOSE, [file, 0, 0, 0]);
        buffer.get(..count?)
    }
}

fn seek_end(file: usize) -> Option<usize> {
    // SAFETY: Moves the cursor of a file that nobody else knows.
    unsafe { call(number::LSEEK, [file, 0, SEEK_END, 0]) }
}

/// Call the kernel; `None` for an error.
///
/// # Safety
/// The arguments are what system call `number` expects.
unsafe fn call(number: usize, arguments: [usize; 4]) -> Option<usize> {
    let [first, second, third, fourth] = arguments;
    let result: usize;
    // SAFETY: The caller vouches for the arguments; the kernel changes the registers that are named, and memory.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!("syscall", inlateout("rax") number => result, in("rdi") first, in("rsi") second, in("rdx") third,
            in("r10") fourth, lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    // SAFETY: As above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!("svc 0", in("x8") number, inlateout("x0") first => result, in("x1") second, in("x2") third,
            in("x3") fourth, options(nostack));
    }
    // The kernel returns errors as -4095 to -1.
    if result > -4096_isize as usize {
        None
    } else {
        Some(result)
    }
}
