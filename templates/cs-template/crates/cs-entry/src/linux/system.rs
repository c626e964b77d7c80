//! The system calls of a hand-over. Paths are bytes that end with a NUL.

use core::arch::asm;
use core::convert::Infallible;
use core::mem::{MaybeUninit, size_of};

use super::process::Process;
use crate::ownership::Attributes;

// What the kernel writes.
#[cfg(target_arch = "x86_64")]
const _: () = assert!(size_of::<Status>() == 144);
#[cfg(target_arch = "aarch64")]
const _: () = assert!(size_of::<Status>() == 128);

#[cfg(target_arch = "x86_64")]
mod number {
    pub(super) const CLOSE: usize = 3;
    pub(super) const FSTAT: usize = 5;
    pub(super) const LSEEK: usize = 8;
    pub(super) const PREAD64: usize = 17;
    pub(super) const EXECVE: usize = 59;
    pub(super) const FLOCK: usize = 73;
    pub(super) const OPENAT: usize = 257;
    pub(super) const NEWFSTATAT: usize = 262;
}

#[cfg(target_arch = "aarch64")]
mod number {
    pub(super) const CLOSE: usize = 57;
    pub(super) const FSTAT: usize = 80;
    pub(super) const LSEEK: usize = 62;
    pub(super) const PREAD64: usize = 67;
    pub(super) const EXECVE: usize = 221;
    pub(super) const FLOCK: usize = 32;
    pub(super) const OPENAT: usize = 56;
    pub(super) const NEWFSTATAT: usize = 79;
}

#[cfg(target_arch = "x86_64")]
mod flag {
    pub(super) const DIRECTORY: usize = 0o200_000;
    pub(super) const NOFOLLOW: usize = 0o400_000;
}

#[cfg(target_arch = "aarch64")]
mod flag {
    pub(super) const DIRECTORY: usize = 0o40_000;
    pub(super) const NOFOLLOW: usize = 0o100_000;
}

/// Open for reading, closed by `execve`.
const O_RDONLY_CLOEXEC: usize = 0o2_000_000;
/// Without waiting for what is at the other end of a pipe.
const O_NONBLOCK: usize = 0o4_000;
const AT_FDCWD: usize = -100_isize as usize;
const AT_SYMLINK_NOFOLLOW: usize = 0x100;
const SEEK_END: usize = 2;
/// `LOCK_SH | LOCK_NB`
const SHARED_WITHOUT_WAITING: usize = 1 | 4;
const EINTR: usize = 4;
const EWOULDBLOCK: usize = 11;

/// `struct stat` of the kernel, as far as it is read.
#[cfg(target_arch = "x86_64")]
#[repr(C)]
struct Status {
    device: u64,
    inode: u64,
    _links: u64,
    mode: u32,
    user: u32,
    group: u32,
    _rest: [u32; 27],
}

/// `struct stat` of the kernel, as far as it is read.
#[cfg(target_arch = "aarch64")]
#[repr(C)]
struct Status {
    device: u64,
    inode: u64,
    mode: u32,
    _links: u32,
    user: u32,
    group: u32,
    _rest: [u32; 24],
}

/// What is known of a file.
pub(super) struct Seen {
    /// Device and inode.
    pub(super) identity: (u64, u64),
    pub(super) attributes: Attributes,
}

/// What came of an attempt to lock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    Taken,
    /// By another process, or the system does not say.
    Held,
    /// The file system has none.
    Unsupported,
}

/// Fill `buffer` with the last bytes of a file; the file's length comes along.
pub(super) fn read_end<'b>(path: &[u8], buffer: &'b mut [u8]) -> Option<(&'b [u8], u64)> {
    let file = open(AT_FDCWD, path, O_RDONLY_CLOEXEC)?;
    let mut end = 0;
    let bytes = read(file, buffer, |length| {
        end = seek_end(file)?;
        end.checked_sub(length)
    })?;
    (!bytes.is_empty()).then_some((bytes, end as u64))
}

/// Fill `buffer` with the first bytes of the file `name` in an open directory, as many as there
/// are. Neither follows a link nor waits: what has no end, as a pipe, cannot be read at an offset.
pub(super) fn read_start_in<'b>(
    directory: usize,
    name: &[u8],
    buffer: &'b mut [u8],
) -> Option<&'b [u8]> {
    let flags = O_RDONLY_CLOEXEC | O_NONBLOCK | flag::NOFOLLOW;
    read(open(directory, name, flags)?, buffer, |_| Some(0))
}

/// Open a directory, but not by a link to it.
pub(super) fn open_directory(path: &[u8]) -> Option<usize> {
    open(
        AT_FDCWD,
        path,
        O_RDONLY_CLOEXEC | flag::DIRECTORY | flag::NOFOLLOW,
    )
}

/// Close a descriptor.
pub(super) fn close(descriptor: usize) {
    // SAFETY: Takes a number; no other code has this descriptor.
    let _ = unsafe { call(number::CLOSE, [descriptor, 0, 0, 0]) };
}

/// Lock an open directory, as others may at the same time, without waiting.
pub(super) fn lock_shared(directory: usize) -> Lock {
    // SAFETY: Takes two numbers.
    match unsafe { call(number::FLOCK, [directory, SHARED_WITHOUT_WAITING, 0, 0]) } {
        Ok(_) => Lock::Taken,
        Err(EWOULDBLOCK | EINTR) => Lock::Held,
        Err(_) => Lock::Unsupported,
    }
}

/// Look at an open directory.
pub(super) fn look_at_opened(directory: usize) -> Option<Seen> {
    // SAFETY: The kernel writes a `struct stat` to the address.
    see(|status| unsafe { call(number::FSTAT, [directory, status, 0, 0]) })
}

/// Look at whatever is at `path`, links included.
pub(super) fn look_at(path: &[u8]) -> Option<Seen> {
    look_at_in(AT_FDCWD, path)
}

/// Look at the directory that holds an open directory.
pub(super) fn look_at_above(directory: usize) -> Option<Seen> {
    look_at_in(directory, b"..\0")
}

fn look_at_in(directory: usize, path: &[u8]) -> Option<Seen> {
    let path = path.as_ptr() as usize;
    // SAFETY: The path ends with a NUL; the kernel writes a `struct stat` to the address.
    see(|status| unsafe {
        call(
            number::NEWFSTATAT,
            [directory, path, status, AT_SYMLINK_NOFOLLOW],
        )
    })
}

/// Let `ask` write a `struct stat` to the address that it is given.
fn see(ask: impl FnOnce(usize) -> Result<usize, usize>) -> Option<Seen> {
    let mut status = MaybeUninit::<Status>::uninit();
    ask(status.as_mut_ptr() as usize).ok()?;
    // SAFETY: The kernel has written all of it.
    let status = unsafe { status.assume_init_ref() };
    Some(Seen {
        identity: (status.device, status.inode),
        attributes: Attributes {
            user: status.user,
            group: status.group,
            mode: status.mode,
        },
    })
}

/// Replace the process: program `path`, which is also its own name, the other arguments as they are.
pub(super) fn execute(path: &[u8], process: &Process, environment: &[usize]) -> Option<Infallible> {
    let arguments = process.argument_pointers().as_ptr().cast_mut();
    // SAFETY: The arguments belong to this process, and there is a first: it has been read. It is put
    // back in case `execve` returns, for `_start` to find. All three lists end as `execve` needs it.
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

fn open(directory: usize, path: &[u8], flags: usize) -> Option<usize> {
    let path = path.as_ptr() as usize;
    // SAFETY: The path ends with a NUL.
    unsafe { call(number::OPENAT, [directory, path, flags, 0]) }.ok()
}

/// Read at the offset that `offset` finds for so many bytes, and close.
fn read(
    file: usize,
    buffer: &mut [u8],
    offset: impl FnOnce(usize) -> Option<usize>,
) -> Option<&[u8]> {
    let [address, length] = [buffer.as_mut_ptr() as usize, buffer.len()];
    let count = offset(length).and_then(|offset| {
        // SAFETY: The kernel writes into the buffer, within its length, and nowhere else.
        unsafe { call(number::PREAD64, [file, address, length, offset]) }.ok()
    });
    close(file);
    buffer.get(..count?)
}

fn seek_end(file: usize) -> Option<usize> {
    // SAFETY: Moves the cursor of a file that no other code has.
    unsafe { call(number::LSEEK, [file, 0, SEEK_END, 0]) }.ok()
}

/// Call the kernel; an error is its number.
///
/// # Safety
/// The arguments are what system call `number` expects.
unsafe fn call(number: usize, arguments: [usize; 4]) -> Result<usize, usize> {
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
        Err(result.wrapping_neg())
    } else {
        Ok(result)
    }
}
