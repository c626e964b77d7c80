//! Writing under the staging directory, and nowhere else.
//!
//! Every path is walked one component at a time from an open directory, and no component may be a
//! symbolic link: whatever an archive, or two of them together, have put there, nothing is followed.

#[cfg_attr(unix, path = "tree/unix.rs")]
#[cfg_attr(not(unix), path = "tree/portable.rs")]
mod system;

pub(crate) use system::{Hand, Tree, is_link_denied, set_modified, start_writing};

use std::fs::File;
use std::io;

/// Whether an error says that a symbolic link, or a file, is where a directory must be.
pub(crate) fn is_obstructed(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotADirectory) || system::is_link_loop(error)
}

/// Replace a whole file that is not a package's.
pub(crate) fn replace_file(hand: &mut Hand, path: &str) -> io::Result<File> {
    const MODE: u32 = 0o666;
    match hand.create_file(path, MODE) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            hand.remove(path)?;
            // What is removed may keep its name on Windows while another process looks at it.
            cs_file::insist(|| hand.create_file(path, MODE))
        }
        other => other,
    }
}
