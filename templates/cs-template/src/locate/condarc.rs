//! Lists in conda's configuration files, as far as a runtime has to know them: block lists, flow lists, single values.

use std::path::{Path, PathBuf};

use crate::cli::variables::{Lookup, read_value};
use crate::locate::expand::expand_path;

/// Directories and files that conda reads its configuration from, the ones that win
/// first. They may contain `~` and variables.
const PLACES: [&str; 8] = [
    "$CONDA_PREFIX",
    "~",
    "~/.conda",
    "~/.config/conda",
    "$XDG_CONFIG_HOME/conda",
    "$ROOT",
    SYSTEM_STATE,
    SYSTEM,
];
const SYSTEM_STATE: &str = if cfg!(windows) {
    r"C:\ProgramData\conda"
} else {
    "/var/lib/conda"
};
const SYSTEM: &str = if cfg!(windows) {
    r"C:\ProgramData\conda"
} else {
    "/etc/conda"
};

/// The configuration files that conda, installed at `root`, would read, the ones that win first.
pub fn list_files(root: &Path, lookup: Lookup) -> Vec<PathBuf> {
    let named = read_value("CONDARC", lookup).map(PathBuf::from);
    let with_root = |name: &str| match name {
        "ROOT" => Some(root.into()),
        name => lookup(name),
    };
    let mut files: Vec<PathBuf> = named.into_iter().collect();
    for place in PLACES {
        let Ok(directory) = expand_path(place.as_ref(), &with_root) else {
            continue;
        };
        let directory = PathBuf::from(directory);
        // In the home directory, conda reads `.condarc` alone.
        if place != "~" {
            files.extend(list_parts(&directory.join("condarc.d")));
            files.push(directory.join("condarc"));
        }
        files.push(directory.join(".condarc"));
    }
    files.retain(|file| file.is_file());
    files
}

fn list_parts(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let is_yaml = |path: &PathBuf| {
        path.extension()
            .is_some_and(|end| end == "yml" || end == "yaml")
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_yaml).collect();
    files.sort();
    files.reverse();
    files
}

/// Longer configuration files and lists of environments are not read.
const LIMIT_BYTES: u64 = 4 << 20;

/// The text of a file that a user may keep elsewhere and link to.
pub fn read_text(path: &Path) -> Option<String> {
    let bytes = cs_file::read(path, cs_file::Links::Followed, LIMIT_BYTES).ok()?;
    String::from_utf8(bytes).ok()
}

/// The items of the list under one of `keys` at the top level of a configuration file.
pub fn read_list(text: &str, keys: &[&str]) -> Vec<String> {
    let mut lines = text.lines();
    let value = lines.by_ref().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        keys.contains(&unquote(key.trim_end()).as_str())
            .then(|| strip_comment(value).trim().to_owned())
    });
    match value {
        None => Vec::new(),
        Some(value) if value.is_empty() => lines
            .map(|line| strip_comment(line).trim())
            .filter(|line| !line.is_empty())
            .map_while(|line| line.strip_prefix('-'))
            .map(|item| unquote(item.trim()))
            .collect(),
        Some(value) if value.starts_with('[') => {
            let whole = lines.fold(value, |whole, line| whole + " " + strip_comment(line));
            let items = whole[1..].split(']').next().unwrap_or_default();
            let items = items.split(',').map(|item| unquote(item.trim()));
            items.filter(|item| !item.is_empty()).collect()
        }
        Some(value) => vec![unquote(&value)],
    }
}

/// A comment begins with `#` at the start or after a space.
fn strip_comment(line: &str) -> &str {
    let start = if line.starts_with('#') {
        Some(0)
    } else {
        line.find(" #")
    };
    &line[..start.unwrap_or(line.len())]
}

fn unquote(text: &str) -> String {
    let inner = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(text) = inner('\'') {
        return text.replace("''", "'");
    }
    inner('"').map_or_else(
        || text.to_owned(),
        |text| text.replace("\\\\", "\\").replace("\\\"", "\""),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_in_each_of_yamls_forms() {
        for (text, expected) in [
            ("envs_dirs:\n  - /a\n  - /b\nother: 1\n", &["/a", "/b"][..]),
            (
                "envs_dirs:\n- /a # first\n\n# then\n- '/b c'\nother:\n- /c\n",
                &["/a", "/b c"],
            ),
            (
                "other:\n  - /c\nenvs_dirs: [/a, \"/b\"] # both\n",
                &["/a", "/b"],
            ),
            ("envs_dirs: [\n  /a,\n  /b,\n]\nx: [y]\n", &["/a", "/b"]),
            ("envs_path: /a\n", &["/a"]),
            ("\"envs_dirs\": ['it''s']\n", &["it's"]),
            ("envs_dirs: []\n", &[]),
            ("envs_dirs:\nother: 1\n", &[]),
            ("  envs_dirs:\n    - /a\n", &[]),
            ("# envs_dirs: [/a]\n", &[]),
            ("no list\n", &[]),
            ("", &[]),
        ] {
            assert_eq!(
                read_list(text, &["envs_dirs", "envs_path"]),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn files_that_win_come_first() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let names = [
            "named",
            "active/.condarc",
            "home/.condarc",
            "home/.conda/condarc.d/b.yml",
            "home/.conda/condarc.d/a.yaml",
            "home/.conda/condarc",
            "home/.conda/.condarc",
            "root/.condarc",
        ];
        for name in names
            .iter()
            .chain(&["home/condarc", "home/.conda/condarc.d/c.txt"])
        {
            std::fs::create_dir_all(path(name).parent().unwrap()).unwrap();
            std::fs::write(path(name), "").unwrap();
        }
        let lookup = |name: &str| match name {
            "CONDARC" => Some(path("named").into()),
            "CONDA_PREFIX" => Some(path("active").into()),
            "HOME" | "USERPROFILE" => Some(path("home").into()),
            _ => None,
        };
        let mut files = list_files(&path("root"), &lookup);
        files.retain(|file| file.starts_with(directory.path()));
        assert_eq!(files, names.map(path));
    }
}
