//! A shell in the prefix, or in one of its environments.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use crate::cli::variables::SHELL_VARIABLE;
use crate::locate::condarc::{list_files, read_list, read_text};
use crate::run::activation;
use crate::run::environment::Environment;
use crate::run::handover;
use crate::say::error::{Error, Role};

pub use plan::ShellPlan;

#[cfg(unix)]
mod kind;
mod plan;
#[cfg(unix)]
mod unix;

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
    let prepared = match choose_spawn(plan) {
        Ok(Some(conda)) => Ok(prepare_spawn(plan, conda)),
        Ok(None) => prepare(plan, find_shell()),
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
        role: Role::Shell,
    }
}

/// The user's shell: what the variable names, else what every system of this kind has.
fn find_shell() -> PathBuf {
    let fallback = if cfg!(windows) { "cmd.exe" } else { "/bin/sh" };
    std::env::var_os(SHELL_VARIABLE)
        .filter(|shell| !shell.is_empty())
        .map_or_else(|| fallback.into(), PathBuf::from)
}

/// conda-spawn, if it is to start the shell: it draws its own terminal, and without one waits for ever
/// for input. Its activation code (`--hook`) is available anywhere.
fn choose_spawn(plan: &ShellPlan) -> Result<Option<PathBuf>, Error> {
    let conda = find_spawn(&plan.root);
    let asks_for_code = plan.spawn_arguments.iter().any(|word| word == "--hook");
    let can_spawn = asks_for_code || std::io::stdin().is_terminal();
    let Some(first) = plan.spawn_arguments.first() else {
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

/// conda-spawn activates by itself, on top of what is active; it gets the name by which conda finds the environment.
fn prepare_spawn(plan: &ShellPlan, conda: PathBuf) -> (Vec<OsString>, Environment) {
    let mut words = vec![
        conda.into_os_string(),
        "spawn".into(),
        plan.environment.target.clone(),
    ];
    words.extend_from_slice(&plan.spawn_arguments);
    let mut environment = plan.root_environment(false);
    if !has_own_prompt(&plan.root) {
        environment.set(PROMPT_VARIABLE, SPAWN_PROMPT);
    }
    (words, environment)
}

/// What conda puts before the prompt, as its setting `env_prompt`.
const PROMPT_VARIABLE: &str = "CONDA_ENV_PROMPT";
/// The name of the environment's directory, which tells one runtime from another: to conda each of them is `base`.
const SPAWN_PROMPT: &str = "({name}) ";

/// Whether the user has said what conda is to put before the prompt.
fn has_own_prompt(root: &Path) -> bool {
    let lookup = |name: &str| std::env::var_os(name);
    let has_setting = |path: PathBuf| {
        read_text(&path).is_some_and(|text| !read_list(&text, &["env_prompt"]).is_empty())
    };
    lookup(PROMPT_VARIABLE).is_some() || list_files(root, &lookup).into_iter().any(has_setting)
}

/// An interactive shell activates after the user's start-up files, which would otherwise put other directories first.
/// Any other shell reads no such files and inherits what it needs.
fn prepare(plan: &ShellPlan, shell: PathBuf) -> Result<(Vec<OsString>, Environment), Error> {
    let mut environment = plan.process_environment();
    let prefix = &plan.environment.prefix;
    activation::set_variables(prefix, &mut environment, &plan.voice);
    #[cfg(unix)]
    if std::io::stdin().is_terminal()
        && let Some(prepared) = unix::prepare_interactive(plan, &shell, &environment)
    {
        return Ok(prepared);
    }
    activation::run_scripts(prefix, &mut environment, &plan.voice)?;
    #[cfg(windows)]
    environment.set(
        "PROMPT",
        plan::prepend_to_prompt(&plan.prompt_modifier(), std::env::var_os("PROMPT")),
    );
    Ok((vec![shell.into_os_string()], environment))
}
