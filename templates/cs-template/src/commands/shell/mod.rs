//! A shell in the prefix, or in one of its environments.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use cs_entry::environment::Context;

use crate::locate::environments::Found;
use crate::run::activation;
use crate::run::environment::{Environment, executable_directories, join_directories};
use crate::run::handover;
use crate::say::error::Error;
use crate::say::escape::replace_for_prompt;
use crate::say::voice::Voice;

/// What the shell is started in.
#[derive(Debug, Clone)]
pub struct ShellPlan {
    /// The managed prefix.
    pub root: PathBuf,
    /// The environment: the managed prefix itself, or another one.
    pub environment: Found,
    /// Arguments for conda-spawn.
    pub spawn_arguments: Vec<OsString>,
    /// File name of the runtime.
    pub command_name: OsString,
    /// The delegate is conda, which knows its own root.
    pub delegate_is_conda: bool,
    /// How to speak.
    pub voice: Voice,
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

/// The command line of `conda spawn`, if the prefix has that plugin.
pub fn find_spawn(root: &Path) -> Option<PathBuf> {
    let conda = handover::find_program(
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
    let prepared = match plan.choose_spawn() {
        Ok(Some(conda)) => Ok(plan.prepare_spawn(conda)),
        Ok(None) => plan.prepare(find_shell()),
        Err(error) => Err(error),
    };
    let (words, environment) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return error,
    };
    let source = handover::start(&words, &environment);
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
    /// conda-spawn, if it is to start the shell: it draws a terminal of its own, and waits for ever for what is typed where there is
    /// none. Its activation code (`--hook`) can be had anywhere.
    fn choose_spawn(&self) -> Result<Option<PathBuf>, Error> {
        let conda = find_spawn(&self.root);
        let asks_for_code = self.spawn_arguments.iter().any(|word| word == "--hook");
        let can_spawn = asks_for_code || std::io::stdin().is_terminal();
        let Some(first) = self.spawn_arguments.first() else {
            return Ok(conda.filter(|_| can_spawn));
        };
        let reason = match (&conda, can_spawn) {
            (Some(_), true) => return Ok(conda),
            (Some(_), false) => "needs a terminal",
            (None, _) => "is for conda-spawn, which is not among the packages",
        };
        Err(Error::SpawnArgument {
            word: first.to_string_lossy().into_owned(),
            reason,
        })
    }

    /// What a process in the managed prefix inherits. A shell takes the place of whatever is active.
    fn root_environment(&self, replaces_active: bool) -> Environment {
        let context = Context {
            prefix: self.root.as_os_str().as_encoded_bytes(),
            command_name: self.command_name.as_encoded_bytes(),
            delegate_is_conda: self.delegate_is_conda,
            replaces_active,
        };
        Environment::for_process(std::env::vars_os(), &context)
    }

    /// What names the environment. Shells set it again behind the user's start-up files, in which another conda may have
    /// activated its own.
    fn variables(&self) -> Vec<(&'static str, OsString)> {
        let Found { prefix, name, .. } = &self.environment;
        let root = ("CONDA_ROOT_PREFIX", self.root.clone().into());
        let environment = [
            ("CONDA_PREFIX", prefix.clone().into()),
            ("CONDA_DEFAULT_ENV", name.clone().into()),
            ("CONDA_SHLVL", "1".into()),
            (
                "CONDA_PROMPT_MODIFIER",
                format!("({}) ", replace_for_prompt(name)).into(),
            ),
        ];
        let root = (!self.delegate_is_conda).then_some(root);
        root.into_iter().chain(environment).collect()
    }

    /// What a process in the plan's environment inherits, activation scripts aside.
    fn process_environment(&self) -> Environment {
        let mut environment = self.root_environment(true);
        for (name, value) in self.variables() {
            environment.set(name, value);
        }
        let mut path = join_directories(&self.directories());
        if let Some(inherited) = std::env::var_os("PATH").filter(|path| !path.is_empty()) {
            path.push(if cfg!(windows) { ";" } else { ":" });
            path.push(inherited);
        }
        environment.set("PATH", path);
        environment
    }

    /// conda-spawn activates by itself, on top of what is active; it is told what conda finds the environment by.
    fn prepare_spawn(&self, conda: PathBuf) -> (Vec<OsString>, Environment) {
        let mut words = vec![
            conda.into_os_string(),
            "spawn".into(),
            self.environment.target.clone(),
        ];
        words.extend_from_slice(&self.spawn_arguments);
        (words, self.root_environment(false))
    }

    /// The environment's directories, then the managed prefix's `condabin`, so that conda is at hand.
    fn directories(&self) -> Vec<PathBuf> {
        let mut directories = executable_directories(&self.environment.prefix);
        directories.push(self.root.join("condabin"));
        directories.dedup();
        directories
    }

    /// An interactive shell activates after the user's start-up files, which would otherwise put other directories first.
    /// Any other shell reads no such files and inherits what it needs.
    fn prepare(&self, shell: PathBuf) -> Result<(Vec<OsString>, Environment), Error> {
        let mut environment = self.process_environment();
        let prefix = &self.environment.prefix;
        activation::set_variables(prefix, &mut environment, &self.voice);
        #[cfg(unix)]
        if std::io::stdin().is_terminal()
            && let Some(prepared) = unix::prepare_interactive(self, &shell, &environment)
        {
            return Ok(prepared);
        }
        activation::run_scripts(prefix, &mut environment, &self.voice)?;
        Ok((vec![shell.into_os_string()], environment))
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
}
