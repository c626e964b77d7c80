//! A full activation: variables that packages and users have asked for, and `activate.d` scripts.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::environment::Environment;

/// The value by which conda says that a variable is to be removed.
const UNSET: &str = "***unset***";

#[derive(Deserialize)]
struct State {
    #[serde(default)]
    env_vars: BTreeMap<String, String>,
}

/// Complete `environment` for a full activation of `prefix`, and return the command line that runs its scripts before `words`.
pub fn activate(
    prefix: &Path,
    name: &str,
    environment: &mut Environment,
    words: Vec<OsString>,
) -> Vec<OsString> {
    environment.set("CONDA_PROMPT_MODIFIER", format!("({name}) "));
    set_variables(prefix, environment);
    run_scripts(prefix, environment, words)
}

/// Set the variables of packages (`etc/conda/env_vars.d`), then those of the user (`conda-meta/state`), which win.
pub fn set_variables(prefix: &Path, environment: &mut Environment) {
    let mut found = BTreeMap::new();
    for path in list_files(&prefix.join("etc/conda/env_vars.d"), "json") {
        found.extend(read_json::<BTreeMap<String, String>>(&path).unwrap_or_default());
    }
    if let Some(state) = read_json::<State>(&prefix.join("conda-meta/state")) {
        found.extend(state.env_vars);
    }
    for (name, value) in found {
        let is_name = !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0');
        match value.as_str() {
            _ if !is_name => {}
            UNSET => environment.remove(&name),
            value => environment.set(name, value),
        }
    }
}

/// Files that are not readable or not what they should be have nothing to say, as in conda.
fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// The scripts of `prefix` for a shell whose scripts end in `extension`, in the order of their names.
pub fn list_scripts(prefix: &Path, extension: &str) -> Vec<PathBuf> {
    list_files(&prefix.join("etc/conda/activate.d"), extension)
}

fn list_files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension() == Some(OsStr::new(extension)) && path.is_file())
        .collect();
    files.sort();
    files
}

/// A shell sources the scripts and becomes `words`; the arguments never pass through its parser.
///
/// `command` keeps a script that is broken from ending the shell.
#[cfg(unix)]
fn run_scripts(
    prefix: &Path,
    environment: &mut Environment,
    words: Vec<OsString>,
) -> Vec<OsString> {
    let scripts = list_scripts(prefix, "sh");
    if scripts.is_empty() {
        return words;
    }
    let mut line = OsString::new();
    for script in &scripts {
        line.push("command . ");
        line.push(crate::text::quote(script.as_os_str()));
        line.push("; ");
    }
    line.push("exec \"$@\"");
    let mut wrapped: Vec<OsString> = script_shell().iter().map(OsString::from).collect();
    wrapped.extend(["-c".into(), line, "sh".into()]);
    wrapped.extend(keep_odd_variables(&words[0], environment));
    wrapped.extend(words);
    wrapped
}

/// bash where there is one: packages write their scripts for it, as conda and pixi run them with it. `-p` keeps it from
/// reading a file of the user's, which `BASH_ENV` may name.
#[cfg(unix)]
fn script_shell() -> &'static [&'static str] {
    if Path::new("/bin/bash").is_file() {
        &["/bin/bash", "-p"]
    } else {
        &["/bin/sh"]
    }
}

/// Some shells drop variables whose names are not identifiers, such as bash's exported functions: `env` sets them again.
#[cfg(unix)]
fn keep_odd_variables(program: &OsStr, environment: &Environment) -> Vec<OsString> {
    let odd: Vec<OsString> = environment
        .iter()
        .filter(|(name, _)| !is_identifier(name))
        .map(|(name, value)| {
            let mut entry = name.clone();
            entry.push("=");
            entry.push(value);
            entry
        })
        .collect();
    // `env` would take a program with an equals sign for one more variable.
    if odd.is_empty() || program.as_encoded_bytes().contains(&b'=') {
        return Vec::new();
    }
    std::iter::once("/usr/bin/env".into()).chain(odd).collect()
}

#[cfg(unix)]
fn is_identifier(name: &OsStr) -> bool {
    let bytes = name.as_encoded_bytes();
    bytes
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && bytes.first().is_some_and(|byte| !byte.is_ascii_digit())
}

/// `cmd` runs the scripts and says which variables there are then; arguments never pass through its parser.
#[cfg(windows)]
fn run_scripts(
    prefix: &Path,
    environment: &mut Environment,
    words: Vec<OsString>,
) -> Vec<OsString> {
    use std::os::windows::process::CommandExt;
    let scripts = list_scripts(prefix, "bat");
    if scripts.is_empty() {
        return words;
    }
    let mut line = OsString::from("/d /u /c \"");
    for script in &scripts {
        line.push("call \"");
        line.push(script);
        line.push("\" >nul & ");
    }
    line.push("set\"");
    let mut command = std::process::Command::new("cmd.exe");
    command.raw_arg(line);
    command.env_clear();
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    if let Ok(output) = command.output() {
        let units: Vec<u16> = output
            .stdout
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        let text = String::from_utf16_lossy(&units);
        for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
            if !name.is_empty() {
                environment.set(name, value);
            }
        }
    }
    words
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn names_that_shells_drop_are_recognized() {
        for name in ["A", "_x", "PATH_2"] {
            assert!(is_identifier(name.as_ref()), "{name}");
        }
        for name in ["", "2A", "BASH_FUNC_f%%", "a.b", "a-b"] {
            assert!(!is_identifier(name.as_ref()), "{name}");
        }
    }

    #[test]
    fn variables_of_the_user_win_over_those_of_packages() {
        let directory = tempfile::tempdir().unwrap();
        let prefix = directory.path();
        std::fs::create_dir_all(prefix.join("etc/conda/env_vars.d")).unwrap();
        std::fs::create_dir_all(prefix.join("conda-meta")).unwrap();
        let write = |name: &str, text: &str| std::fs::write(prefix.join(name), text).unwrap();
        let of_package = r#"{"A": "package", "B": "package", "C": "x"}"#;
        write("etc/conda/env_vars.d/p.json", of_package);
        write("etc/conda/env_vars.d/broken.json", "{");
        let of_user = r#"{"version": 1, "env_vars": {"A": "user", "C": "***unset***"}}"#;
        write("conda-meta/state", of_user);
        let mut environment = Environment::default();
        environment.set("C", "inherited");
        set_variables(prefix, &mut environment);
        assert_eq!(environment.get("A"), Some("user".as_ref()));
        assert_eq!(environment.get("B"), Some("package".as_ref()));
        assert_eq!(environment.get("C"), None);
    }

    #[test]
    fn without_scripts_no_shell_is_started() {
        let words = vec![OsString::from("/p/bin/tool"), "x".into()];
        let mut environment = Environment::default();
        let found = activate(Path::new("/p"), "base", &mut environment, words.clone());
        assert_eq!(found, words);
    }
}
