//! Exit statuses; `docs/reference/runtime.md` lists what they mean.

/// The arguments make no sense.
pub const USAGE: u8 = 64;
/// What is installed is not what was installed.
pub const ALTERED: u8 = 65;
/// A bundle, an archive or the delegate is missing or damaged.
pub const MISSING: u8 = 66;
/// The network failed.
pub const NETWORK: u8 = 69;
/// The machine lacks what the packages need.
pub const MACHINE: u8 = 71;
/// The prefix cannot be written.
pub const CANNOT_WRITE: u8 = 73;
/// The disk is full, or reading or writing failed.
pub const IO: u8 = 74;
/// Another process is at work.
pub const BUSY: u8 = 75;
/// The user may not do that.
pub const NOT_PERMITTED: u8 = 77;
/// The stamp is missing or damaged.
pub const STAMP: u8 = 78;
/// A signal of this number more.
pub const SIGNAL: u8 = 128;
/// What was cancelled without a signal ends like Ctrl-C.
pub const CANCELLED: u8 = SIGNAL + 2;
