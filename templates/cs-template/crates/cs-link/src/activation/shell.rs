//! The shell that scripts of packages are written for, without what its user has set for shells of their own.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Variables by which users shape their shells and what these start. Packages' scripts
/// mean the same on every machine without them.
const SETTINGS: [&str; 15] = [
    "BASHOPTS",
    "BASH_COMPAT",
    "BASH_ENV",
    "BASH_XTRACEFD",
    "CDPATH",
    "ENV",
    "EXECIGNORE",
    "FIGNORE",
    "GLOBIGNORE",
    "GREP_OPTIONS",
    "IFS",
    "POSIXLY_CORRECT",
    "PS4",
    "SHELLOPTS",
    "TMOUT",
];

/// Whether this variable is a user's setting for shells, or a function that bash has exported.
pub fn is_shell_setting(name: &OsStr) -> bool {
    SETTINGS.iter().any(|setting| name == *setting)
        || name.as_encoded_bytes().starts_with(b"BASH_FUNC_")
}

/// A shell for scripts of packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shell {
    /// Its path.
    pub program: PathBuf,
    /// Whether it is bash.
    pub is_bash: bool,
}

impl Shell {
    /// bash where there is one, for which packages write their scripts, as conda and
    /// rattler run them with it: that of `prefix` if it is given. Else `/bin/sh`.
    pub fn find(prefix: Option<&Path>) -> Self {
        let own = prefix.map(|prefix| prefix.join("bin/bash"));
        let known = ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"].map(PathBuf::from);
        let bash = own
            .into_iter()
            .chain(known)
            .find(|candidate| candidate.is_file());
        Self {
            is_bash: bash.is_some(),
            program: bash.unwrap_or_else(|| "/bin/sh".into()),
        }
    }

    /// The arguments before any others. `-p` keeps bash from reading a file that
    /// `BASH_ENV` names and from importing functions.
    pub fn options(&self) -> impl Iterator<Item = OsString> {
        self.is_bash.then(|| "-p".into()).into_iter()
    }
}

/// Quote a word for a POSIX shell.
pub fn quote(word: &OsStr) -> OsString {
    let mut quoted = b"'".to_vec();
    for byte in word.as_bytes() {
        match byte {
            b'\'' => quoted.extend_from_slice(b"'\\''"),
            byte => quoted.push(*byte),
        }
    }
    quoted.push(b'\'');
    OsString::from_vec(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_word_keeps_its_quotes() {
        assert_eq!(quote("it's".as_ref()), r"'it'\''s'");
    }

    #[test]
    fn settings_of_shells_differ_from_other_variables() {
        for name in ["BASH_ENV", "CDPATH", "IFS", "BASH_FUNC_f%%"] {
            assert!(is_shell_setting(name.as_ref()), "{name}");
        }
        for name in ["", "PATH", "HOME", "SHELL", "BASH_ENVIRONMENT", "BASH_FUNC"] {
            assert!(!is_shell_setting(name.as_ref()), "{name}");
        }
    }
}
