//! Paths of Windows that begin with `\\?\`: good for the system alone. Shells take none, and people read none.

use std::path::{Path, PathBuf};

/// A path without that beginning.
pub fn simplify(path: PathBuf) -> PathBuf {
    match path.to_str().and_then(simplify_text) {
        Some(text) if cfg!(windows) => PathBuf::from(text),
        _ => path,
    }
}

/// The real path, for people and for other programs; unchanged if it is not available.
pub fn find_real(path: &Path) -> PathBuf {
    path.canonicalize()
        .map_or_else(|_| path.to_owned(), simplify)
}

/// The text of a path on a drive or on a server, without its beginning; none where it has none, or
/// cannot do without.
fn simplify_text(text: &str) -> Option<String> {
    let rest = [r"\\?\", r"\\.\"]
        .iter()
        .find_map(|start| text.strip_prefix(start))?;
    if let Some(share) = rest.strip_prefix(r"UNC\") {
        return Some(format!(r"\\{share}"));
    }
    let is_drive =
        matches!(rest.as_bytes(), [letter, b':', b'\\', ..] if letter.is_ascii_alphabetic());
    is_drive.then(|| rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drives_and_servers_do_without_the_beginning() {
        for (text, expected) in [
            (r"\\?\C:\a b\c", Some(r"C:\a b\c")),
            (r"\\.\z:\x", Some(r"z:\x")),
            (r"\\?\UNC\host\share\x", Some(r"\\host\share\x")),
            (r"\\?\Volume{0}\x", None),
            (r"\\.\pipe\x", None),
            (r"C:\x", None),
            (r"\\host\share", None),
            ("/a/b", None),
        ] {
            assert_eq!(simplify_text(text).as_deref(), expected, "{text}");
        }
    }
}
