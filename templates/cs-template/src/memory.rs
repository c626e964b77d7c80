//! How this process takes memory.

/// Buffers of this size and more get pages of their own, which go back to the system with them.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const OWN_PAGES: libc::c_int = 4 << 20;

/// Keep the peak of a first run low.
///
/// By itself glibc keeps what decoders have freed, the more the larger their windows were: a first run over the network took 50
/// to 63 MB, and takes 47 to 52 MB so, in the same time. With a smaller limit it takes less, and a tenth more processor time.
pub fn return_large_buffers() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the call takes two numbers, and changes how later allocations are made.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, OWN_PAGES);
    }
}
