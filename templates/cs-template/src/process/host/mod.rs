//! The host's users and names for a static executable, in place of the C library's own look-ups.
//!
//! glibc answers these by loading NSS modules (`libnss_systemd`, `libnss_sss`, `libnss_mdns4`), even in a static
//! executable, where modules built for another C library crash. Defined here, its functions are never linked: whatever
//! asks (the standard library for a home directory, an HTTP client for a name) is answered from `/etc/passwd`, or by
//! `cs_fetch::resolve`. A dynamic executable keeps those of its C library.

mod addresses;
mod users;
