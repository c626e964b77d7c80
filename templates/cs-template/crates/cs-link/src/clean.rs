//! Paths of an archive, made such that they stay inside their destination.

use std::borrow::Cow;

use crate::fault::Fault;
use crate::limits::{DEEPEST_PATH, LONGEST_PATH};
use crate::tar::{Entry, Kind};

/// A path as packages and records write it: on Windows with forward slashes too.
pub(crate) fn with_slashes(path: &str) -> Cow<'_, str> {
    if cfg!(windows) {
        Cow::Owned(path.replace('\\', "/"))
    } else {
        Cow::Borrowed(path)
    }
}

/// Turn a path from an archive into one that stays inside its destination, or say why it is refused.
pub(crate) fn clean_path(raw: &[u8]) -> Result<String, &'static str> {
    if raw.len() > LONGEST_PATH {
        return Err("the path is longer than 4096 bytes");
    }
    let text = std::str::from_utf8(raw).map_err(|_| "the path is not UTF-8")?;
    let text = with_slashes(text);
    if text.starts_with('/') {
        return Err("the path is absolute");
    }
    if text.contains('\0') {
        return Err("the path contains a NUL");
    }
    if cfg!(windows) {
        text.split('/').try_for_each(check_windows_name)?;
    }
    let mut clean = String::with_capacity(text.len());
    let mut depth = 0;
    for part in text.split('/') {
        match part {
            "" | "." => continue,
            ".." => return Err("the path leads upwards"),
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

/// Refuse a name that Windows cannot hold, or holds as another name.
pub(crate) fn check_windows_name(name: &str) -> Result<(), &'static str> {
    if matches!(name, "" | "." | "..") {
        return Ok(());
    }
    if name.contains(':') {
        return Err("the path names a drive or a stream");
    }
    if name.contains(|letter: char| letter < ' ' || "<>\"|?*".contains(letter)) {
        return Err("a name in the path contains a character that Windows does not allow");
    }
    if name.ends_with(['.', ' ']) {
        return Err("a name in the path ends with a dot or a space, which Windows drops");
    }
    if is_device(name) {
        return Err("a name in the path is that of a device on Windows");
    }
    Ok(())
}

/// Whether Windows takes a name for that of a device, whatever ending it has.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.trim_end_matches(' ').to_ascii_uppercase();
    if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str()) {
        return true;
    }
    let number = ["COM", "LPT"]
        .iter()
        .find_map(|port| stem.strip_prefix(port));
    number.is_some_and(|number| {
        let mut letters = number.chars();
        matches!(
            letters.next(),
            Some('0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}')
        ) && letters.next().is_none()
    })
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
            format!("unsupported tar entry type {:?}", char::from(kind)),
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
        assert_eq!(clean_path(b"a..b/c").as_deref(), Ok("a..b/c"));
    }

    #[test]
    fn a_name_that_windows_holds_as_another_is_refused() {
        for name in [
            "NUL",
            "nul.txt",
            "aux.tar.gz",
            "Con ",
            "COM1",
            "lpt9.x",
            "COM\u{b9}",
            "CONIN$",
            "prn .txt",
            "a.",
            "b ",
            ".. ",
            "...",
            "x:y",
            "what?",
            "a<b>",
            "a|b",
            "a*",
            "a\"b",
            "tab\t",
        ] {
            assert!(check_windows_name(name).is_err(), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            ".hidden",
            "a.b",
            "console",
            "COM",
            "COM10",
            "COMX",
            "aux-1",
            "nulx.txt",
            "\u{fc}\u{540d}",
            "a b",
            "c++",
            "[x]",
            "100%",
        ] {
            assert_eq!(check_windows_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_path_that_could_leave_is_refused() {
        assert_eq!(clean_path(b"a/../../b"), Err("the path leads upwards"));
        assert_eq!(clean_path(b"/a"), Err("the path is absolute"));
        assert_eq!(clean_path(b"a\0b"), Err("the path contains a NUL"));
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
