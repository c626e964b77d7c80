//! Paths of an archive, made such that they stay inside their destination.

use std::borrow::Cow;

use crate::fault::Fault;
use crate::limits::{DEEPEST_PATH, LONGEST_PATH};
use crate::tar::{Entry, Kind};

/// Turn a path from an archive into one that stays inside its destination, or say why it is refused.
pub(crate) fn clean_path(raw: &[u8]) -> Result<String, &'static str> {
    if raw.len() > LONGEST_PATH {
        return Err("the path is longer than 4096 bytes");
    }
    let text = std::str::from_utf8(raw).map_err(|_| "the path is not UTF-8")?;
    let text = if cfg!(windows) {
        Cow::Owned(text.replace('\\', "/"))
    } else {
        Cow::Borrowed(text)
    };
    if text.starts_with('/') {
        return Err("the path is absolute");
    }
    let mut clean = String::with_capacity(text.len());
    let mut depth = 0;
    for part in text.split('/') {
        match part {
            "" | "." => continue,
            ".." => return Err("the path leads upwards"),
            part if part.contains('\0') => return Err("the path holds a NUL"),
            part if cfg!(windows) && part.contains(':') => {
                return Err("the path names a drive or a stream");
            }
            part => {
                if !clean.is_empty() {
                    clean.push('/');
                }
                clean.push_str(part);
                depth += 1;
            }
        }
    }
    if depth > DEEPEST_PATH {
        return Err("the path has more than 256 parts");
    }
    if clean.is_empty() {
        Err("the path is empty")
    } else {
        Ok(clean)
    }
}

/// The entry's path, if it and the entry are such that a package may have them.
pub(crate) fn checked_path(entry: &Entry) -> Result<String, Fault> {
    if entry.kind == Kind::Directory && matches!(entry.path.as_slice(), b"." | b"./" | b"") {
        return Ok(String::new());
    }
    let path =
        clean_path(&entry.path).map_err(|reason| Fault::hostile(lossy(&entry.path), reason))?;
    match entry.kind {
        Kind::Other(b'3' | b'4') => Err(Fault::hostile(path, "it is a device")),
        Kind::Other(b'6') => Err(Fault::hostile(path, "it is a fifo")),
        Kind::Other(kind) => Err(Fault::hostile(
            path,
            format!("it is of tar's type {:?}", char::from(kind)),
        )),
        _ => Ok(path),
    }
}

/// Bytes of a path, as text for people.
pub(crate) fn lossy(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meaningless_parts_are_removed_from_a_path() {
        assert_eq!(clean_path(b"./a//b/./c/").as_deref(), Ok("a/b/c"));
        assert_eq!(clean_path("ünï/名".as_bytes()).as_deref(), Ok("ünï/名"));
        assert_eq!(clean_path(b"a..b/...").as_deref(), Ok("a..b/..."));
    }

    #[test]
    fn a_path_that_could_leave_is_refused() {
        assert_eq!(clean_path(b"a/../../b"), Err("the path leads upwards"));
        assert_eq!(clean_path(b"/a"), Err("the path is absolute"));
        assert_eq!(clean_path(b"a\0b"), Err("the path holds a NUL"));
        assert_eq!(clean_path(b"\xff"), Err("the path is not UTF-8"));
        assert_eq!(
            clean_path("a/".repeat(2049).as_bytes()),
            Err("the path is longer than 4096 bytes")
        );
        assert!(clean_path("a/".repeat(256).as_bytes()).is_ok());
        assert_eq!(
            clean_path("a/".repeat(257).as_bytes()),
            Err("the path has more than 256 parts")
        );
        for empty in [&b""[..], b".", b"./"] {
            assert_eq!(clean_path(empty), Err("the path is empty"));
        }
    }
}
