//! `RUNTIME uninstall`: remove the prefix and all that belongs to it, then say how to remove the executable.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use cs_prefix::{PrefixError, UninstallPlan};

use crate::commands::news::{WAIT_LIMIT, name_interruption, tell_news};
use crate::context::Runtime;
use crate::install::sources::find_sibling;
use crate::process::signals;
use crate::say::error::Error;
use crate::say::voice::{ask, end_question, print_line, print_lines};

/// More files of the user's are not shown one by one.
const FILES_SHOWN: usize = 10;

/// Show what would be removed, ask, remove it. Ask again if more was added while waiting for the answer.
pub fn run(runtime: &Runtime, is_confirmed: bool) -> Result<(), Error> {
    let removed = loop {
        let Some(plan) = plan(runtime, is_confirmed)? else {
            return say(runtime, "Nothing removed.");
        };
        let cancel = signals::watch();
        let tell = &mut tell_news(runtime);
        match plan.execute(&runtime.owner(), WAIT_LIMIT, tell, &cancel) {
            Err(error @ PrefixError::Appeared { .. }) => {
                // The next question can be ended by Ctrl-C like the first one.
                signals::unwatch();
                runtime.voice.note(&Error::from(error).explain());
            }
            other => break other.map_err(|error| name_interruption(error.into()))?,
        }
    };
    for directory in &removed.directories {
        say(runtime, &format!("Removed {}.", directory.display()))?;
    }
    say(runtime, &hint_executable(runtime))?;
    match removed.remains.into_iter().next() {
        Some(remains) => Err(PrefixError::from(remains).into()),
        None => Ok(()),
    }
}

/// Find out what to remove, and have the user agree to it: `None` if they do not.
fn plan(runtime: &Runtime, is_confirmed: bool) -> Result<Option<UninstallPlan>, Error> {
    let mut plan = cs_prefix::plan_uninstall(&runtime.place.prefix, &runtime.owner())?;
    plan.remove_empty_parent = runtime.place.is_default();
    plan.must_name_all = !is_confirmed;
    if plan.is_empty() {
        let place = runtime.place.prefix.display();
        say(runtime, &format!("Nothing is installed at {place}."))?;
    } else if !announce(runtime, &plan, is_confirmed)? {
        return Ok(None);
    }
    Ok(Some(plan))
}

/// Say what will be removed, and ask unless that has been answered; the answer.
fn announce(runtime: &Runtime, plan: &UninstallPlan, is_confirmed: bool) -> Result<bool, Error> {
    if !is_confirmed || !runtime.voice.is_quiet {
        print_lines(describe_plan(plan))?;
    }
    if is_confirmed {
        Ok(true)
    } else {
        confirm(runtime)
    }
}

fn say(runtime: &Runtime, line: &str) -> Result<(), Error> {
    if runtime.voice.is_quiet {
        Ok(())
    } else {
        print_line(line)
    }
}

fn describe_plan(plan: &UninstallPlan) -> Vec<String> {
    let mut lines = vec!["This will be removed:".to_owned()];
    if let Some(prefix) = &plan.prefix {
        lines.push(format!("  {}", prefix.display()));
    }
    for environment in &plan.named_environments {
        lines.push(format!(
            "  {} (one of your environments)",
            environment.display()
        ));
    }
    for file in plan.files.iter().take(FILES_SHOWN) {
        lines.push(format!(
            "  {} (added by you, not by a package)",
            file.display()
        ));
    }
    if plan.files.len() > FILES_SHOWN {
        let more = plan.files.len() - FILES_SHOWN;
        lines.push(format!("  and {more} more files added by you"));
    }
    if let Some(previous) = &plan.previous {
        lines.push(format!(
            "  {} (kept by the last upgrade)",
            previous.display()
        ));
    }
    if let Some(staging) = &plan.staging {
        let why = if plan.being_built {
            "being built by another process"
        } else {
            "left by an interrupted run"
        };
        lines.push(format!("  {} ({why})", staging.display()));
    }
    for directory in &plan.put_aside {
        lines.push(format!(
            "  {} (could not be deleted before)",
            directory.display()
        ));
    }
    if let Some(parent) = plan.emptied_parent() {
        lines.push(format!("  {} (nothing else is in it)", parent.display()));
    }
    lines
}

/// Ask at the terminal; anything but yes means no.
fn confirm(runtime: &Runtime) -> Result<bool, Error> {
    if !io::stdin().is_terminal() {
        return Err(Error::Unconfirmed {
            what: "removing the prefix".to_owned(),
            command: format!("{} uninstall -y", runtime.own_command()),
            other: name_other_meaning(runtime),
        });
    }
    ask("Remove it? [y/N]");
    let mut answer = String::new();
    if io::stdin().read_line(&mut answer).map_err(Error::Input)? == 0 {
        end_question();
    }
    let answer = answer.trim().to_ascii_lowercase();
    Ok(["y", "yes"].contains(&answer.as_str()))
}

/// conda's `uninstall` removes packages.
fn name_other_meaning(runtime: &Runtime) -> Option<String> {
    let name = runtime.command_name.to_string_lossy();
    let is_conda = runtime.launch.delegate_is_conda();
    is_conda.then(|| format!("{name} remove PACKAGE"))
}

/// How to remove the executable: as it came, if the stamp says how.
fn hint_executable(runtime: &Runtime) -> String {
    let executable = runtime.executable();
    let name = &runtime.header.runtime;
    let command = match runtime.header.installer.as_deref() {
        Some("homebrew" | "brew") => format!("brew uninstall {name}"),
        Some(installer) => {
            return format!("{name} itself was installed with {installer}: use that to remove it.");
        }
        None => remove_command(&executable, find_sibling(runtime)),
    };
    format!("To remove {name} itself: {command}")
}

#[cfg(unix)]
fn remove_command(executable: &Path, bundle: Option<PathBuf>) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+".contains(byte);
    let mut command = String::from("rm");
    for path in std::iter::once(executable).chain(bundle.as_deref()) {
        let path = path.as_os_str();
        command += &if path.as_encoded_bytes().iter().all(is_plain) {
            format!(" {}", path.display())
        } else {
            format!(" {}", cs_link::activation::quote(path).display())
        };
    }
    command
}

#[cfg(not(unix))]
fn remove_command(executable: &Path, bundle: Option<PathBuf>) -> String {
    let paths = std::iter::once(executable).chain(bundle.as_deref());
    let words = paths.map(|path| format!(" \"{}\"", path.display()));
    format!("del{}", words.collect::<String>())
}
