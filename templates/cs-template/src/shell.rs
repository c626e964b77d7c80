//! A shell in the prefix, or in one of its environments.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use crate::activation;
use crate::environment::{Environment, executable_directories, join_directories};
use crate::error::Error;
use crate::launch;

/// What the shell is started in.
#[derive(Debug, Clone)]
pub struct ShellPlan {
    /// The managed prefix.
    pub root: PathBuf,
    /// The environment: the managed prefix itself, or one below it.
    pub prefix: PathBuf,
    /// Its name as conda shows it.
    pub name: String,
    /// File name of the runtime.
    pub command_name: OsString,
}

/// The shells that are told to activate after the user's own start-up files have run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bash,
    Zsh,
    Fish,
    Posix,
    Xonsh,
    Other,
}

/// Find the environment that the user means: the prefix itself, a name below `envs`, or a path.
pub fn find_environment(root: &Path, wanted: Option<&OsStr>) -> Result<(PathBuf, String), Error> {
    let Some(wanted) = wanted.filter(|wanted| *wanted != "base") else {
        return Ok((root.to_owned(), "base".to_owned()));
    };
    let (prefix, name) = match is_path(wanted) {
        true => {
            let prefix = std::path::absolute(wanted).unwrap_or_else(|_| wanted.into());
            let name = prefix.to_string_lossy().into_owned();
            (prefix, name)
        }
        false => {
            let name = wanted.to_string_lossy().into_owned();
            (root.join("envs").join(wanted), name)
        }
    };
    if prefix.join("conda-meta").is_dir() {
        return Ok((prefix, name));
    }
    Err(Error::NoEnvironment {
        name: wanted.to_string_lossy().into_owned(),
        prefix: root.to_owned(),
        known: name_environments(root),
    })
}

fn is_path(wanted: &OsStr) -> bool {
    let path = Path::new(wanted);
    let is_name = matches!(path.components().next(), Some(Component::Normal(_)));
    !is_name || path.components().count() > 1
}

fn name_environments(root: &Path) -> String {
    let entries = std::fs::read_dir(root.join("envs")).into_iter().flatten();
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().join("conda-meta").is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    if names.is_empty() {
        return "There are no named environments.".to_owned();
    }
    format!("There are: {}.", names.join(", "))
}

/// The command line of `conda spawn`, if the prefix has that plugin.
pub fn find_spawn(root: &Path) -> Option<PathBuf> {
    let conda = launch::find_program(
        root,
        if cfg!(windows) {
            "Scripts/conda"
        } else {
            "bin/conda"
        },
    );
    let entries = std::fs::read_dir(root.join("conda-meta")).ok()?;
    let has_plugin = entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.strip_prefix("conda-spawn-")
            .and_then(|rest| rest.strip_suffix(".json"))
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    });
    (has_plugin && conda.exists()).then_some(conda)
}

/// Replace this process by a shell. Comes back only with the reason why that did not work.
pub fn start_shell(plan: &ShellPlan) -> Error {
    let environment = plan.environment();
    let (words, environment) = match find_spawn(&plan.root) {
        Some(conda) => plan.prepare_spawn(conda),
        None => plan.prepare(find_shell(), environment),
    };
    let source = launch::start(&words, &environment);
    Error::Start {
        path: PathBuf::from(&words[0]),
        source,
        hint: " Set SHELL to a shell that exists.".to_owned(),
    }
}

/// The user's shell: `SHELL`, else what every system of this kind has.
fn find_shell() -> PathBuf {
    let variable = if cfg!(windows) { "COMSPEC" } else { "SHELL" };
    let fallback = if cfg!(windows) { "cmd.exe" } else { "/bin/sh" };
    std::env::var_os(variable)
        .filter(|shell| !shell.is_empty())
        .map_or_else(|| fallback.into(), PathBuf::from)
}

impl ShellPlan {
    /// What a process in the managed prefix inherits.
    fn root_environment(&self) -> Environment {
        Environment::for_delegate(std::env::vars_os(), &self.root, &self.command_name)
    }

    /// What names the environment. Shells set it again behind the user's start-up files, in which another conda may have
    /// activated its own.
    fn variables(&self) -> [(&'static str, OsString); 5] {
        [
            ("CONDA_ROOT_PREFIX", self.root.clone().into()),
            ("CONDA_PREFIX", self.prefix.clone().into()),
            ("CONDA_DEFAULT_ENV", self.name.clone().into()),
            ("CONDA_SHLVL", "1".into()),
            ("CONDA_PROMPT_MODIFIER", format!("({}) ", self.name).into()),
        ]
    }

    /// What a process in the plan's environment inherits, activation scripts aside.
    fn environment(&self) -> Environment {
        let mut environment = self.root_environment();
        for (name, value) in self.variables() {
            environment.set(name, value);
        }
        let mut path = join_directories(&self.directories());
        if let Some(inherited) = std::env::var_os("PATH").filter(|path| !path.is_empty()) {
            path.push(if cfg!(windows) { ";" } else { ":" });
            path.push(inherited);
        }
        environment.set("PATH", path);
        activation::set_variables(&self.prefix, &mut environment);
        environment
    }

    /// conda-spawn activates by itself; it is told the environment's name, or the prefix's path for `base`.
    fn prepare_spawn(&self, conda: PathBuf) -> (Vec<OsString>, Environment) {
        let target = match self.name.as_str() {
            "base" => self.root.clone().into_os_string(),
            name => name.into(),
        };
        let words = vec![conda.into_os_string(), "spawn".into(), target];
        (words, self.root_environment())
    }

    /// The environment's directories, then the managed prefix's `condabin`, so that conda is at hand.
    fn directories(&self) -> Vec<PathBuf> {
        let mut directories = executable_directories(&self.prefix);
        directories.push(self.root.join("condabin"));
        directories.dedup();
        directories
    }

    /// An interactive shell activates after the user's start-up files, which would otherwise put other directories first.
    /// Any other shell reads no such files and inherits what it needs.
    fn prepare(
        &self,
        shell: PathBuf,
        mut environment: Environment,
    ) -> (Vec<OsString>, Environment) {
        #[cfg(unix)]
        if std::io::IsTerminal::is_terminal(&std::io::stdin())
            && let Some(prepared) = unix::prepare_interactive(self, &shell, &environment)
        {
            return prepared;
        }
        let words = vec![shell.into_os_string()];
        let words = activation::activate(&self.prefix, &self.name, &mut environment, words);
        (words, environment)
    }
}

/// Tell shells apart by their names.
#[cfg_attr(windows, expect(dead_code, reason = "Windows has its own way"))]
fn recognize(shell: &Path) -> Kind {
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

#[cfg(unix)]
#[path = "shell_unix.rs"]
mod unix;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_are_told_apart_by_their_names() {
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

    #[test]
    fn base_is_the_prefix_itself() {
        let root = Path::new("/p");
        for wanted in [None, Some(OsStr::new("base"))] {
            let found = find_environment(root, wanted).unwrap();
            assert_eq!(found, (root.to_owned(), "base".to_owned()));
        }
    }

    #[test]
    fn dots_and_separators_make_a_path() {
        for wanted in [".", "..", "./e", "../e", "a/e", "/e"] {
            assert!(is_path(wanted.as_ref()), "{wanted}");
        }
        for wanted in ["e", ".e", "e.f", "..."] {
            assert!(!is_path(wanted.as_ref()), "{wanted}");
        }
    }

    #[test]
    fn an_environment_may_be_named_by_its_path() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("conda-meta")).unwrap();
        let wanted = directory.path().as_os_str();
        let (prefix, name) = find_environment(Path::new("/p"), Some(wanted)).unwrap();
        assert_eq!(prefix, directory.path());
        assert_eq!(name, wanted.to_str().unwrap());
    }
}
