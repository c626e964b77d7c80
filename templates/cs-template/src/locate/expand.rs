//! Paths that users name in options and variables, where no shell may have expanded them.

use std::ffi::{OsStr, OsString};

use crate::cli::variables::{Lookup, read_value};
use crate::locate::home::find_home;

/// Expand `~`, `$NAME` and `${NAME}` in a path, on Windows `%NAME%` too; `$$` is a dollar sign,
/// there `%%` a percent sign. The values of variables are taken as they are. What cannot be
/// expanded is refused, with the reason: the result would not be the directory that was meant.
pub fn expand_path(path: &OsStr, lookup: Lookup) -> Result<OsString, String> {
    let bytes = path.as_encoded_bytes();
    let mut expanded = OsString::new();
    let mut rest = bytes;
    if let Some(behind) = bytes.strip_prefix(b"~") {
        let is_whole = match behind.first() {
            None | Some(b'/') => true,
            Some(b'\\') => cfg!(windows),
            Some(_) => false,
        };
        if !is_whole {
            return Err(
                "`~` before a name is not expanded: write that directory in full".to_owned(),
            );
        }
        let home = find_home(lookup).ok_or("no home directory is known for the `~` in it")?;
        expanded.push(home);
        rest = behind;
    }
    while let Some(position) = rest.iter().position(|byte| is_mark(*byte)) {
        expanded.push(part(&rest[..position]));
        let (value, length) = expand_mark(&rest[position..], lookup)?;
        expanded.push(value);
        rest = &rest[position + length..];
    }
    expanded.push(part(rest));
    Ok(expanded)
}

fn is_mark(byte: u8) -> bool {
    byte == b'$' || cfg!(windows) && byte == b'%'
}

/// What the `$` or `%` at the start of `bytes` means, and how many bytes belong to
/// it. One that names no variable stays as it is.
fn expand_mark(bytes: &[u8], lookup: Lookup) -> Result<(OsString, usize), String> {
    let end_of = |end: u8| bytes.iter().skip(1).position(|byte| *byte == end);
    let (name, length) = match bytes {
        [b'$', b'$', ..] => return Ok(("$".into(), 2)),
        [b'$', b'{', ..] => {
            let end = end_of(b'}').ok_or("the `${` in it is not closed")?;
            (&bytes[2..=end], end + 2)
        }
        [b'%', b'%', ..] => return Ok(("%".into(), 2)),
        [b'%', ..] => match end_of(b'%') {
            Some(end) => (&bytes[1..=end], end + 2),
            None => return Ok(("%".into(), 1)),
        },
        _ => {
            let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            let length = bytes[1..].iter().take_while(|byte| is_part(byte)).count();
            (&bytes[1..=length], length + 1)
        }
    };
    let is_plain = bytes[0] == b'$' && bytes.get(1) != Some(&b'{');
    if is_plain && name.first().is_none_or(u8::is_ascii_digit) {
        return Ok(("$".into(), 1));
    }
    let name = String::from_utf8_lossy(name).into_owned();
    let value = read_value(&name, lookup);
    value
        .map(|value| (value, length))
        .ok_or_else(|| format!("the variable {name} in it is not set"))
}

/// A part of a path that was cut at ASCII characters.
fn part(bytes: &[u8]) -> &OsStr {
    // SAFETY: the bytes are those of an `OsStr`, cut only next to ASCII characters.
    unsafe { OsStr::from_encoded_bytes_unchecked(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: &str = if cfg!(windows) { r"C:\h" } else { "/h" };

    fn expand(path: &str) -> Result<String, String> {
        let lookup = |name: &str| match name {
            "HOME" | "USERPROFILE" => Some(OsString::from(HOME)),
            "A" => Some("a $B~".into()),
            "LONG_1" => Some("long".into()),
            "EMPTY" => Some(OsString::new()),
            _ => None,
        };
        expand_path(path.as_ref(), &lookup).map(|path| path.into_string().unwrap())
    }

    #[test]
    fn home_and_variables_are_expanded_once() {
        for (path, expected) in [
            ("~", "{}"),
            ("~/x", "{}/x"),
            ("$HOME/x", "{}/x"),
            ("${HOME}x", "{}x"),
            ("/x/$A/$A", "/x/a $B~/a $B~"),
            ("$LONG_1-x", "long-x"),
        ] {
            let expected = expected.replace("{}", HOME);
            assert_eq!(expand(path), Ok(expected), "{path}");
        }
    }

    #[test]
    fn text_without_a_known_name_stays() {
        for path in [
            "", "/x", "x~", "/~", "./~/x", "/$", "/$/x", "/$1", "/a$-b", "é$",
        ] {
            assert_eq!(expand(path).as_deref(), Ok(path), "{path}");
        }
        assert_eq!(expand("/$$A").as_deref(), Ok("/$A"));
    }

    #[test]
    fn a_path_that_cannot_be_expanded_is_refused_and_named() {
        for (path, reason) in [
            ("$MISSING/x", "the variable MISSING in it is not set"),
            ("/x${MISSING}", "the variable MISSING in it is not set"),
            ("$EMPTY/x", "the variable EMPTY in it is not set"),
            ("${A:-x}", "the variable A:-x in it is not set"),
            ("${}", "the variable  in it is not set"),
            ("${A", "is not closed"),
            ("~other/x", "write that directory in full"),
        ] {
            let found = expand(path).unwrap_err();
            assert!(found.contains(reason), "{path}: {found}");
        }
    }

    #[cfg(not(windows))]
    #[test]
    fn percent_signs_mean_something_on_windows_alone() {
        assert_eq!(expand("/%A%").as_deref(), Ok("/%A%"));
    }

    #[cfg(windows)]
    #[test]
    fn percent_signs_name_variables_on_windows() {
        assert_eq!(expand(r"~\%LONG_1%\%").as_deref(), Ok(r"C:\h\long\%"));
        assert!(expand("%MISSING%").is_err());
    }
}
