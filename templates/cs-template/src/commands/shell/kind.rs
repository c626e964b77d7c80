//! Which shell is it?

use std::path::Path;

/// The shells that activate after the user's own start-up files have run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Bash,
    Zsh,
    Fish,
    Posix,
    Xonsh,
    Other,
}

/// Recognise shells by their names.
pub fn recognize(shell: &Path) -> Kind {
    let name = shell.file_name().unwrap_or_default().to_string_lossy();
    match name.trim_start_matches('-') {
        "bash" => Kind::Bash,
        "zsh" => Kind::Zsh,
        "fish" => Kind::Fish,
        "sh" | "dash" | "ash" | "ksh" | "mksh" | "busybox" => Kind::Posix,
        "xonsh" => Kind::Xonsh,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_are_recognised_by_their_names() {
        for (path, kind) in [
            ("/bin/bash", Kind::Bash),
            ("/usr/local/bin/zsh", Kind::Zsh),
            ("fish", Kind::Fish),
            ("/bin/sh", Kind::Posix),
            ("/bin/dash", Kind::Posix),
            ("xonsh", Kind::Xonsh),
            ("/usr/bin/nu", Kind::Other),
        ] {
            assert_eq!(recognize(Path::new(path)), kind, "{path}");
        }
    }
}
