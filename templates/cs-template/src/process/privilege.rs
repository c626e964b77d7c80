//! Whether the executable gives its caller rights: then the caller would choose a program that has them.

/// Whether this process has rights that its caller does not have.
#[cfg(target_os = "linux")]
pub fn has_more_than_caller() -> bool {
    // SAFETY: Reads what the kernel has handed to the process.
    let is_secure = unsafe { libc::getauxval(libc::AT_SECURE) } != 0;
    // Security modules say so, too, when a service manager starts a process in another domain: that gives it no rights.
    is_secure && (has_other_identity() || has_capabilities())
}

/// Whether this process has rights that its caller does not have.
#[cfg(all(unix, not(target_os = "linux")))]
pub fn has_more_than_caller() -> bool {
    has_other_identity()
}

/// Executables give no rights here.
#[cfg(not(unix))]
pub fn has_more_than_caller() -> bool {
    false
}

#[cfg(unix)]
fn has_other_identity() -> bool {
    use rustix::process::{getegid, geteuid, getgid, getuid};
    geteuid() != getuid() || getegid() != getgid()
}

/// Whether the file has capabilities (setcap), as far as that can be asked.
#[cfg(target_os = "linux")]
fn has_capabilities() -> bool {
    use rustix::io::Errno;
    let mut value = [0_u8; 64];
    let answer = rustix::fs::getxattr("/proc/self/exe", "security.capability", &mut value[..]);
    !matches!(answer, Err(Errno::NODATA | Errno::NOTSUP))
}
