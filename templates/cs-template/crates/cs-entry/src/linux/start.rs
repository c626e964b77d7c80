//! The first instructions of the process.

use super::memory;
use super::process::Process;

unsafe extern "C" {
    /// The C library's own entry.
    fn _start() -> !;
}

/// The ELF entry of a static executable (`-Wl,-e,cs_entry_start`): try to hand over, else go on to `_start` with stack
/// and registers as the kernel left them.
///
/// # Safety
/// Only the kernel calls this.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cs_entry_start() -> ! {
    // `_start` takes rdx for a function to call at exit.
    core::arch::naked_asm!(
        "mov r12, rdx",
        "mov rdi, rsp",
        "call {run}",
        "mov rdx, r12",
        "jmp {start}",
        run = sym run,
        start = sym _start,
    )
}

/// The ELF entry of a static executable (`-Wl,-e,cs_entry_start`): try to hand over, else go on to `_start` with stack
/// and registers as the kernel left them.
///
/// # Safety
/// Only the kernel calls this.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cs_entry_start() -> ! {
    // `_start` takes x0 for a function to call at exit.
    core::arch::naked_asm!(
        "mov x19, x0",
        "mov x0, sp",
        "bl {run}",
        "mov x0, x19",
        "b {start}",
        run = sym run,
        start = sym _start,
    )
}

/// # Safety
/// `stack` is the stack pointer of the process's first instruction, and this is called once.
unsafe extern "C" fn run(stack: *const usize) {
    // SAFETY: The caller vouches for both.
    let (process, memory) = unsafe { (Process::from_stack(stack), memory::take()) };
    // It returned: this is not a plain hand-over.
    let _ = super::hand_over(&process, memory);
}
