//! What each failure means: the exit status, and what the user can do about it. The one
//! table of both; the crates only say what is wrong.

use std::io;

use crate::cli::variables::SHELL_VARIABLE;
use crate::say::error::{Error, Role};

use advice::{
    RAISE_OPEN_FILES, advise_bundle, advise_confirmation, advise_environments, advise_place,
    advise_usage, advise_word,
};
use crates::{judge_bundle, judge_fetch, judge_link, judge_prefix, judge_stamp};
use row::{Verdict, row};

mod advice;
mod crates;
mod row;
pub mod status;

impl Error {
    /// The exit status that says what kind of failure this is.
    pub fn exit_status(&self) -> u8 {
        judge(self).0
    }

    /// What is wrong, where, and what to do: whole sentences on one line.
    pub fn explain(&self) -> String {
        match judge(self).1.as_str() {
            "" => format!("{self}."),
            advice => format!("{self}. {advice}"),
        }
    }

    /// Whether a part of the installation ended because it was asked to.
    pub fn is_cancelled(&self) -> bool {
        self.exit_status() == status::CANCELLED
    }
}

/// A limit of this process is a limit, whatever was being done.
fn judge(error: &Error) -> Verdict {
    match find_limit(error) {
        Some(advice) => row(status::IO, advice),
        None => judge_kind(error),
    }
}

/// What to do about the limit that a system error is about, if it is about one.
fn find_limit(error: &Error) -> Option<&'static str> {
    // Libraries give it no kind of its own.
    const TOO_LARGE: i32 = 27;
    let first: &(dyn std::error::Error + 'static) = error;
    let causes = std::iter::successors(Some(first), |cause| cause.source());
    let mut reasons = causes.filter_map(|cause| cause.downcast_ref::<io::Error>());
    let reason = reasons.find(|reason| reason.raw_os_error().is_some())?;
    match reason.raw_os_error() {
        _ if cs_file::is_too_many_open(reason) => Some(RAISE_OPEN_FILES),
        Some(TOO_LARGE) if cfg!(unix) => {
            Some("Raise the limit on the size of files (`ulimit -f`), then try again.")
        }
        _ => None,
    }
}

fn judge_kind(error: &Error) -> Verdict {
    match error {
        Error::Usage {
            error,
            own,
            pass_on,
        } => (
            status::USAGE,
            advise_usage(error.command, own, pass_on.as_ref()),
        ),
        Error::Explained { word, name, own } => (status::USAGE, advise_word(word, name, own)),
        Error::Prefix { .. } => row(status::USAGE, "Choose another directory with --path."),
        Error::NoHome { variable } => (status::USAGE, advise_place(variable)),
        Error::MissingHome {
            variable, source, ..
        } => (judge_prefix(source).0, advise_place(variable)),
        Error::NoEnvironment { known, .. } => (status::USAGE, advise_environments(known)),
        Error::Unconfirmed { command, other, .. } => (
            status::USAGE,
            advise_confirmation(command, other.as_deref()),
        ),
        Error::BundlePath { .. } | Error::SpawnArgument { .. } => row(status::USAGE, ""),
        Error::Incomplete(_) => row(
            status::STAMP,
            "Download the file again. If it is a template that you built, stamp it with `cs build`.",
        ),
        Error::Unstamped(_) => row(
            status::STAMP,
            "Build a runtime from it with `cs build`. \
             If you downloaded it as a finished runtime, the download is incomplete: download it again.",
        ),
        Error::Privileged => row(
            status::NOT_PERMITTED,
            "Remove them with `chmod ug-s` or `setcap -r`, then run it again.",
        ),
        Error::Offline { bundle, .. } => (
            status::MISSING,
            format!("{}, or allow the network.", advise_bundle(bundle)),
        ),
        Error::Local { bundle, .. } => (status::MISSING, format!("{}.", advise_bundle(bundle))),
        Error::Machine { own, variable, .. } => (
            status::MACHINE,
            format!(
                "To install anyway, run `{own} bootstrap --ignore-virtual-packages` or set {variable}=1."
            ),
        ),
        Error::NoDelegate { runtime, .. } => (
            status::MISSING,
            format!("This is a bug in how {runtime} was built: please report it to its publisher."),
        ),
        Error::NotInstalled { own, .. } => (
            status::ALTERED,
            format!("Install it with `{own} bootstrap`."),
        ),
        Error::Unread { .. } => row(
            status::ALTERED,
            "Run the command as their owner. If that is you, check the disk for errors.",
        ),
        Error::Altered { own, .. } => (
            status::ALTERED,
            format!("Install it again with `{own} bootstrap --force`."),
        ),
        Error::LostDelegate { repair, .. } => (
            status::MISSING,
            format!("Install it again with `{repair}`."),
        ),
        Error::Start { source, role, .. } => judge_start(source, role),
        #[cfg(unix)]
        Error::Activation(fault) => judge_activation(fault),
        #[cfg(windows)]
        Error::ScriptsEnded { .. } => row(status::MISSING, SCRIPT_BUG),
        Error::Write { source, .. } => row(
            write_status(source),
            "Check the permissions and the free space there.",
        ),
        Error::NoOutput => row(
            status::IO,
            "If you do not need it, redirect it to /dev/null.",
        ),
        Error::Output(_) => row(status::IO, "Check where it goes, and the free space there."),
        Error::Input(_) => row(status::IO, ""),
        Error::Interrupted(signal) => row(
            status::SIGNAL.saturating_add(u8::try_from(*signal).unwrap_or(0)),
            "",
        ),
        Error::Archive { origins, .. } => (
            status::MISSING,
            format!("It was read from {origins}: download or copy that again."),
        ),
        Error::Stamp(error) => judge_stamp(error.kind()),
        Error::Lifecycle(error) => judge_prefix(error),
        Error::Link(error) => judge_link(error.kind()),
        Error::Bundle(error) => judge_bundle(error.kind()),
        Error::Fetch(error) => judge_fetch(error.kind()),
    }
}

fn judge_start(source: &io::Error, role: &Role) -> Verdict {
    let advice = match (role, source.kind()) {
        (Role::Shell, _) => format!("Set {SHELL_VARIABLE} to a shell that exists."),
        (Role::Delegate { .. }, io::ErrorKind::PermissionDenied) => {
            "Check its permissions. If its file system does not allow programs to run (noexec), \
             choose another place with --path."
                .to_owned()
        }
        (Role::Delegate { .. }, io::ErrorKind::ArgumentListTooLong) => {
            "Call it with fewer arguments.".to_owned()
        }
        (Role::Delegate { repair }, _) => format!("Install it again with `{repair}`."),
        #[cfg(windows)]
        (Role::Activation, _) => String::new(),
    };
    (start_status(source), advice)
}

/// What it means that a program does not start.
fn start_status(error: &io::Error) -> u8 {
    match error.kind() {
        io::ErrorKind::PermissionDenied => status::NOT_PERMITTED,
        io::ErrorKind::NotFound => status::MISSING,
        io::ErrorKind::ArgumentListTooLong => status::USAGE,
        _ => status::IO,
    }
}

const SCRIPT_BUG: &str = "This is a bug in the package that the script comes from: \
    report it to the publisher of this runtime.";

/// What it means that a script of a package is not fit to be run.
#[cfg(unix)]
fn judge_activation(fault: &cs_link::activation::ScriptFault) -> Verdict {
    use cs_link::activation::ScriptFault;
    match fault {
        ScriptFault::Shell { source, .. } => row(start_status(source), ""),
        ScriptFault::Ended { .. } => row(status::MISSING, SCRIPT_BUG),
        ScriptFault::Cancelled => row(status::CANCELLED, ""),
    }
}

/// What it means that a file of the prefix cannot be written.
fn write_status(error: &io::Error) -> u8 {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => status::CANNOT_WRITE,
        _ => status::IO,
    }
}

#[cfg(test)]
mod tests;
