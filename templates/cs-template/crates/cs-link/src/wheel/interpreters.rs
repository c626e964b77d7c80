//! What Python itself is called.

/// Whether a file of this name, among programs, would be an interpreter, in whatever case.
pub(super) fn is_interpreter(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let endings = [".exe", ".py"];
    let stem = endings.iter().find_map(|ending| name.strip_suffix(ending));
    let stem = stem.unwrap_or(&name);
    if stem == "graalpy" {
        return true;
    }
    if let Some(version) = stem.strip_prefix("pypy") {
        return is_version(version);
    }
    let version = stem
        .strip_prefix("python")
        .map(|rest| rest.strip_prefix('w').unwrap_or(rest));
    version.is_some_and(is_version)
}

/// `3`, `3.11`, `3.13t` or nothing.
fn is_version(text: &str) -> bool {
    let text = text.strip_suffix('t').unwrap_or(text);
    text.split('.')
        .all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
        && text.split('.').count() <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_are_known_by_their_names() {
        for name in [
            "python",
            "Python3",
            "python3.11",
            "python3.13t",
            "pythonw",
            "pythonw3.13t",
            "python.exe",
            "PYTHONW.EXE",
            "python3.py",
            "pypy",
            "pypy3",
            "pypy3.10",
            "graalpy",
            "python2.7",
        ] {
            assert!(is_interpreter(name), "{name}");
        }
        for name in [
            "pythonic",
            "python-argcomplete",
            "python3-config",
            "pypyr",
            "ipython",
            "ipython3",
            "pythonx",
            "graalpython",
            "python3.11-config",
        ] {
            assert!(!is_interpreter(name), "{name}");
        }
    }
}
