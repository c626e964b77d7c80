//! Files that others may have put there, read with care.
//!
//! What has the name of a small file may be a pipe without a writer, a device without end, a link to anywhere,
//! or two gigabytes of zeros. Here only regular files are opened, opening never waits, and reading has a limit.
//! What another process has open is in the way on Windows: [`insist`] tries again.
//! What the system says of a file, or of anything else, is told to people by [`describe_error`].

mod held;
mod reason;
pub mod record;

pub use held::insist;
pub use reason::{describe_error, is_too_many_open};

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

/// What becomes of a symbolic link in a file's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// It is followed: to where a package or a user may keep a file instead.
    Followed,
    /// It is an error, [odd](is_odd).
    Refused,
}

/// Open the regular file at `path` for reading.
pub fn open(path: &Path, links: Links) -> io::Result<File> {
    open_with(path, links, File::options().read(true))
}

/// Open the regular file at `path` for reading and for changing it in place, never through a link.
pub fn open_to_change(path: &Path) -> io::Result<File> {
    open_with(path, Links::Refused, File::options().read(true).write(true))
}

/// Read the regular file at `path`, if it has no more than `limit_bytes`.
pub fn read(path: &Path, links: Links, limit_bytes: u64) -> io::Result<Vec<u8>> {
    read_all(&open(path, links)?, limit_bytes)
}

/// Read an open file, of which nothing was read yet, if it has no more than `limit_bytes`.
pub fn read_all(file: &File, limit_bytes: u64) -> io::Result<Vec<u8>> {
    let too_long = || {
        let text = format!("it is longer than {limit_bytes} bytes");
        io::Error::new(io::ErrorKind::FileTooLarge, text)
    };
    // Not a byte of a file that says so itself: the limit may be as much as there is memory.
    if file.metadata()?.len() > limit_bytes {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    file.take(limit_bytes.saturating_add(1))
        .read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()) {
        Ok(length) if length <= limit_bytes => Ok(bytes),
        _ => Err(too_long()),
    }
}

/// Whether an error says that there is something, but not a regular file of reasonable length.
pub fn is_odd(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::FileTooLarge
    )
}

fn open_with(path: &Path, links: Links, options: &mut std::fs::OpenOptions) -> io::Result<File> {
    // Opening some devices does something; what is opened is looked at again.
    check(&match links {
        Links::Followed => path.metadata()?,
        Links::Refused => path.symlink_metadata()?,
    })?;
    add_flags(options, links);
    let file = options.open(path)?;
    check(&file.metadata()?)?;
    Ok(file)
}

fn check(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let what = match (metadata.is_symlink(), metadata.is_dir()) {
        (true, _) => "it is a symbolic link",
        (_, true) => "it is a directory",
        _ => "it is not a regular file",
    };
    Err(io::Error::new(io::ErrorKind::InvalidData, what))
}

#[cfg(unix)]
fn add_flags(options: &mut std::fs::OpenOptions, links: Links) {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    flags.set(OFlags::NOFOLLOW, links == Links::Refused);
    options.custom_flags(flags.bits() as i32);
}

/// What has been looked at is opened: there are neither pipes nor devices among files.
#[cfg(not(unix))]
fn add_flags(_options: &mut std::fs::OpenOptions, _links: Links) {}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    use super::*;

    /// Everything that can be where a file is expected.
    fn make_odd_ones(directory: &Path) -> Vec<PathBuf> {
        let at = |name: &str| directory.join(name);
        fs::create_dir(at("directory")).unwrap();
        let pipe = std::process::Command::new("mkfifo")
            .arg(at("pipe"))
            .status();
        assert!(pipe.unwrap().success());
        std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        symlink("/dev/zero", at("endless")).unwrap();
        symlink("pipe", at("link to a pipe")).unwrap();
        let hole = File::create(at("hole")).unwrap();
        hole.set_len(1 << 40).unwrap();
        let names = [
            "directory",
            "pipe",
            "socket",
            "endless",
            "link to a pipe",
            "hole",
        ];
        names.map(at).into()
    }

    #[test]
    fn anything_but_a_file_is_refused_at_once() {
        let directory = tempfile::tempdir().unwrap();
        for path in make_odd_ones(directory.path()) {
            for links in [Links::Followed, Links::Refused] {
                let error = read(&path, links, 1000).unwrap_err();
                assert!(is_odd(&error), "{}: {error}", path.display());
            }
            let is_hole = path.ends_with("hole");
            assert_eq!(open_to_change(&path).is_ok(), is_hole, "{}", path.display());
        }
    }

    #[test]
    fn a_link_to_a_file_is_followed_where_that_is_wanted() {
        let directory = tempfile::tempdir().unwrap();
        let [file, link] = ["file", "link"].map(|name| directory.path().join(name));
        fs::write(&file, "text").unwrap();
        symlink(&file, &link).unwrap();
        assert_eq!(read(&link, Links::Followed, 4).unwrap(), b"text");
        assert!(is_odd(&read(&link, Links::Refused, 4).unwrap_err()));
        assert!(is_odd(&open_to_change(&link).unwrap_err()));
        assert!(is_odd(&read(&file, Links::Refused, 3).unwrap_err()));
    }

    #[test]
    fn a_missing_file_is_not_odd() {
        let error = read(Path::new("/nowhere/at/all"), Links::Refused, 1).unwrap_err();
        assert!(!is_odd(&error));
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
