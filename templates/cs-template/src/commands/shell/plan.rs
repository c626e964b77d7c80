//! What a shell is started in.

use std::ffi::OsString;
use std::path::PathBuf;

use cs_entry::environment::Context;

use crate::locate::environments::Found;
use crate::run::environment::{Environment, executable_directories, join_directories};
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
    /// The runtime's name: that of the managed prefix in prompts.
    pub runtime: String,
    /// The delegate is conda, which knows its own root.
    pub delegate_is_conda: bool,
    /// How to speak.
    pub voice: Voice,
}

impl ShellPlan {
    /// What a process in the managed prefix inherits. A shell takes the place of whatever is active.
    pub fn root_environment(&self, replaces_active: bool) -> Environment {
        let context = Context {
            prefix: self.root.as_os_str().as_encoded_bytes(),
            command_name: self.command_name.as_encoded_bytes(),
            delegate_is_conda: self.delegate_is_conda,
            replaces_active,
        };
        Environment::for_process(std::env::vars_os(), &context)
    }

    /// What names the environment. Shells set it again after the user's start-up files,
    /// in which another conda may have activated its own.
    pub fn variables(&self) -> Vec<(&'static str, OsString)> {
        let Found { prefix, name, .. } = &self.environment;
        let root = ("CONDA_ROOT_PREFIX", self.root.clone().into());
        let environment = [
            ("CONDA_PREFIX", prefix.clone().into()),
            ("CONDA_DEFAULT_ENV", name.clone().into()),
            ("CONDA_SHLVL", "1".into()),
            ("CONDA_PROMPT_MODIFIER", self.prompt_modifier().into()),
        ];
        let root = (!self.delegate_is_conda).then_some(root);
        root.into_iter().chain(environment).collect()
    }

    /// What comes before the user's prompt. Every runtime's prefix is `base` to conda, which tells them not apart.
    pub fn prompt_modifier(&self) -> String {
        let Found { prefix, name, .. } = &self.environment;
        let shown = if *prefix == self.root {
            &self.runtime
        } else {
            name
        };
        format!("({}) ", replace_for_prompt(shown))
    }

    /// What a process in the plan's environment inherits, activation scripts aside.
    pub fn process_environment(&self) -> Environment {
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

    /// The environment's directories, then the managed prefix's `condabin`, so that conda is available.
    pub fn directories(&self) -> Vec<PathBuf> {
        let mut directories = executable_directories(&self.environment.prefix);
        directories.push(self.root.join("condabin"));
        directories.dedup();
        directories
    }
}

/// The prompt of `cmd`, which is a variable: the user's own, or the usual one. wine's `cmd` does not look at it.
#[cfg(any(windows, test))]
pub fn prepend_to_prompt(modifier: &str, user: Option<OsString>) -> OsString {
    let mut prompt = OsString::from(modifier);
    let user = user.filter(|prompt| !prompt.is_empty());
    prompt.push(user.unwrap_or_else(|| "$P$G".into()));
    prompt
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(environment: &str, name: &str) -> ShellPlan {
        ShellPlan {
            root: "/opt/demo".into(),
            environment: Found {
                prefix: environment.into(),
                name: name.to_owned(),
                target: environment.into(),
            },
            spawn_arguments: Vec::new(),
            command_name: "demoz".into(),
            runtime: "demo".to_owned(),
            delegate_is_conda: true,
            voice: Voice::quiet(),
        }
    }

    #[test]
    fn the_prompt_names_the_runtime_or_the_environment() {
        assert_eq!(plan("/opt/demo", "base").prompt_modifier(), "(demo) ");
        assert_eq!(plan("/opt/demo/envs/t", "t").prompt_modifier(), "(t) ");
        assert_eq!(plan("/x", "/a$(b)").prompt_modifier(), "(/a?(b)) ");
    }

    #[test]
    fn the_prompt_of_cmd_stays_behind_the_name() {
        let prompt = |user: &str| prepend_to_prompt("(demo) ", Some(user.into()));
        assert_eq!(prompt("$N$G"), "(demo) $N$G");
        assert_eq!(prompt(""), "(demo) $P$G");
    }
}
