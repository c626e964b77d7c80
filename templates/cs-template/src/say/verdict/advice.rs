//! What the user can do, where it takes more than a fixed sentence.

use crate::say::error::{BundlePlace, PassOn};

/// For a process that has as many files and connections open as it may.
pub const RAISE_OPEN_FILES: &str = "Raise the limit on open files (`ulimit -n`), then try again.";

/// Which help to read, and how to call the delegate with the same words.
pub fn advise_usage(command: Option<&str>, own: &str, pass_on: Option<&PassOn>) -> String {
    let Some(command) = command else {
        return format!("See `{own} help`.");
    };
    let help = format!("See `{own} help {command}`.");
    match pass_on {
        Some(PassOn { delegate, prefix }) => {
            format!("{help} {delegate}'s own {command} is `{prefix} {command}`.")
        }
        None => help,
    }
}

/// What to do instead of `activate`, `deactivate` or `init`, which would change the user's own shell.
pub fn advise_word(word: &str, name: &str, own: &str) -> String {
    let instead = match word {
        "activate" => {
            format!("To start a shell with the environment activated: `{own} shell [ENVIRONMENT]`")
        }
        "deactivate" => "Leave the shell that `shell` started with `exit`".to_owned(),
        _ => format!(
            "Nothing needs to be set up: `{own} shell` starts a shell with the environment activated"
        ),
    };
    format!("{instead}. To pass the word on to conda: `{name} -- {word}`.")
}

/// Which environments exist.
pub fn advise_environments(known: &[String]) -> String {
    match known {
        [] => "There are no named environments. To use one elsewhere, give its path.".to_owned(),
        names => format!(
            "The environments are: {}. To use one elsewhere, give its path.",
            names.join(", ")
        ),
    }
}

/// How to confirm.
pub fn advise_confirmation(command: &str, other: Option<&str>) -> String {
    let confirm = format!("To confirm, run `{command}`.");
    match other {
        Some(other) => format!("{confirm} To remove packages, run `{other}`."),
        None => confirm,
    }
}

/// Where else to install.
pub fn advise_place(variable: &str) -> String {
    format!("Name the prefix with `--path PATH` or with the variable {variable}.")
}

/// How to give a bundle to the runtime; the end of the sentence is the caller's.
pub fn advise_bundle(place: &BundlePlace) -> String {
    let name = match &place.beside {
        Some((file_name, executable)) => {
            format!("Put {file_name} next to {}, or name", executable.display())
        }
        None => "Name".to_owned(),
    };
    format!(
        "{name} a complete bundle with `{} bootstrap --bundle PATH`",
        place.own
    )
}
