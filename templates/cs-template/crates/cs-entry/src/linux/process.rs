//! What the kernel leaves on the stack of a new process: arguments, environment, auxiliary vector.

use core::slice;

/// Key of the auxiliary vector: end of the vector.
const AT_NULL: usize = 0;
/// Key of the auxiliary vector: the effective user.
const AT_EUID: usize = 12;
/// Key of the auxiliary vector: whether the process runs with rights that its caller does not have.
const AT_SECURE: usize = 23;

/// The new process. Everything it points to was put there by the kernel and stays for the process's life.
pub(super) struct Process {
    arguments: &'static [*const u8],
    environment: &'static [*const u8],
    auxiliary: *const [usize; 2],
}

impl Process {
    /// Read the layout at `stack`: count, arguments, null, environment, null, auxiliary vector.
    ///
    /// # Safety
    /// `stack` is the stack pointer of the process's first instruction.
    pub(super) unsafe fn from_stack(stack: *const usize) -> Self {
        // SAFETY: The kernel puts these there, each list with its end (System V ABI, "Process Initialization").
        unsafe {
            let arguments = slice::from_raw_parts(stack.add(1).cast(), *stack);
            let first = stack.add(2 + arguments.len()).cast::<*const u8>();
            let mut count = 0;
            while !(*first.add(count)).is_null() {
                count += 1;
            }
            let auxiliary = first.add(count + 1).cast();
            Self {
                arguments,
                environment: slice::from_raw_parts(first, count),
                auxiliary,
            }
        }
    }

    /// The arguments, the program's name first.
    pub(super) fn arguments(&self) -> impl Iterator<Item = &'static [u8]> {
        // SAFETY: The kernel's strings end with a NUL and stay.
        self.arguments
            .iter()
            .map(|argument| unsafe { string(*argument) })
    }

    /// The addresses of the arguments; a null follows the last.
    pub(super) fn argument_pointers(&self) -> &'static [*const u8] {
        self.arguments
    }

    /// The environment's entries.
    pub(super) fn environment(&self) -> impl Iterator<Item = &'static [u8]> + Clone {
        // SAFETY: The kernel's strings end with a NUL and stay.
        self.environment
            .iter()
            .map(|entry| unsafe { string(*entry) })
    }

    /// The value of the first variable called `name`.
    pub(super) fn variable(&self, name: &[u8]) -> Option<&'static [u8]> {
        // SAFETY: The kernel's strings end with a NUL and stay.
        self.environment
            .iter()
            .find_map(|entry| unsafe { value(*entry, name) })
    }

    /// Whether the process runs with rights that its caller does not have.
    pub(super) fn is_privileged(&self) -> bool {
        self.auxiliary_value(AT_SECURE)
            .is_some_and(|value| value != 0)
    }

    /// The number of the user whose rights the process has.
    pub(super) fn effective_user(&self) -> Option<u32> {
        u32::try_from(self.auxiliary_value(AT_EUID)?).ok()
    }

    fn auxiliary_value(&self, key: usize) -> Option<usize> {
        let mut pair = self.auxiliary;
        loop {
            // SAFETY: The vector ends with the key that ends this loop.
            match unsafe { *pair } {
                [AT_NULL, _] => return None,
                [found, value] if found == key => return Some(value),
                // SAFETY: This pair was not the last.
                _ => pair = unsafe { pair.add(1) },
            }
        }
    }
}

/// The bytes of a C string.
///
/// # Safety
/// A NUL ends it, and it stays for the process's life.
unsafe fn string(start: *const u8) -> &'static [u8] {
    let mut length = 0;
    // SAFETY: No byte behind the NUL is read.
    while unsafe { *start.add(length) } != 0 {
        length += 1;
    }
    // SAFETY: These bytes were just read.
    unsafe { slice::from_raw_parts(start, length) }
}

/// What follows `name` and `=` in the C string `entry`.
///
/// # Safety
/// As for [`string`].
unsafe fn value(entry: *const u8, name: &[u8]) -> Option<&'static [u8]> {
    let mut rest = entry;
    for expected in name.iter().chain(b"=") {
        // SAFETY: The bytes so far were equal to the name's, so none of them was the NUL.
        if unsafe { *rest } != *expected {
            return None;
        }
        // SAFETY: As above.
        rest = unsafe { rest.add(1) };
    }
    // SAFETY: The end of a C string is one.
    Some(unsafe { string(rest) })
}
