//! The environment that link scripts run in: as with rattler, that of the activated prefix.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Runs in the shell that runs a link script: the prefix's activation scripts, then the link script, `$0`, in the same shell.
pub(crate) const ACTIVATED: &str = r#"
for activate in "$PREFIX"/etc/conda/activate.d/*.sh; do
  if [ -f "$activate" ]; then . "$activate"; fi
done
unset activate
. "$0"
"#;

/// The variables that packages set by `etc/conda/env_vars.d/*.json`; the last file wins. A file that is none of that kind is passed over.
pub(crate) fn read_variables(prefix: &Path) -> BTreeMap<String, String> {
    let mut files: Vec<PathBuf> = fs::read_dir(prefix.join("etc/conda/env_vars.d"))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "json") && path.is_file())
        .collect();
    files.sort();
    let mut variables = BTreeMap::new();
    for file in files {
        let text = fs::read(file).unwrap_or_default();
        variables
            .extend(serde_json::from_slice::<BTreeMap<String, String>>(&text).unwrap_or_default());
    }
    variables.retain(|name, value| is_variable(name) && !value.contains('\0'));
    variables
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_later_files_win_and_odd_files_are_passed_over() {
        let prefix = tempfile::tempdir().unwrap();
        let directory = prefix.path().join("etc/conda/env_vars.d");
        fs::create_dir_all(&directory).unwrap();
        for (name, text) in [
            ("a.json", r#"{"ONE": "1", "TWO": "a"}"#),
            (
                "b.json",
                r#"{"TWO": "b", "": "x", "A=B": "x", "NUL": "\u0000"}"#,
            ),
            ("c.json", "no JSON"),
            ("d.txt", r#"{"THREE": "3"}"#),
        ] {
            fs::write(directory.join(name), text).unwrap();
        }
        let variables: Vec<_> = read_variables(prefix.path()).into_iter().collect();
        let expected =
            [("ONE", "1"), ("TWO", "b")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!(variables, expected);
        assert!(read_variables(&prefix.path().join("missing")).is_empty());
    }
}
