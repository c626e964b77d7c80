//! Everything that ends a runtime with a message of its own, and the exit status of each.

use std::io;
use std::path::{Path, PathBuf};

use crate::cli::usage::UsageError;

/// Exit statuses that this crate decides on; `docs/reference/runtime.md` lists all of them.
pub mod status {
    /// The arguments make no sense.
    pub const USAGE: u8 = 64;
    /// A bundle, an archive or the delegate is missing or damaged.
    pub const MISSING: u8 = 66;
    /// The network failed.
    pub const NETWORK: u8 = 69;
    /// The prefix cannot be written.
    pub const CANNOT_WRITE: u8 = 73;
    /// The disk is full, or reading or writing failed.
    pub const IO: u8 = 74;
    /// The user may not do that.
    pub const NOT_PERMITTED: u8 = 77;
    /// The stamp is missing or damaged.
    pub const STAMP: u8 = 78;
}

/// Why the runtime ends without handing over.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The arguments make no sense.
    #[error("{message}. See `{help}`.{way_on}")]
    Usage {
        /// What is wrong.
        message: String,
        /// The command that tells.
        help: String,
        /// How the delegate can be told the same, with a space before it; may be empty.
        way_on: String,
    },
    /// A word of conda's that does not work in a runtime.
    #[error("{0}")]
    Explained(String),
    /// The template has not been stamped.
    #[error(
        "{} is an unstamped template: it holds no packages to install and no delegate to run. \
         Build a runtime from it with `cs build`. If you downloaded it as a finished runtime, the download is incomplete: \
         download it again.",
        .0.display()
    )]
    Unstamped(PathBuf),
    /// The executable has rights that its caller does not have.
    #[error(
        "this executable has rights that its caller does not have (a set-user-ID or set-group-ID bit, or capabilities), and \
         the caller chooses what it runs. Remove them with `chmod ug-s` or `setcap -r`, then run it again."
    )]
    Privileged,
    /// The stamp cannot be read.
    #[error("{0}.")]
    Stamp(#[from] cs_stamp::StampError),
    /// The prefix cannot be used as such.
    #[error(
        "{named_by} names {path:?} as the prefix, but {reason}. Choose another directory with --path."
    )]
    Prefix {
        /// The path.
        path: PathBuf,
        /// Option or variable that names it.
        named_by: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The path of a bundle cannot be used as such.
    #[error("{named_by} names {path:?} as the bundle, but {reason}.")]
    BundlePath {
        /// The path.
        path: PathBuf,
        /// Option or variable that names it.
        named_by: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No directory is known for the prefix.
    #[error(
        "no home directory is known: neither HOME nor the user database names one by its full path. \
         Name the prefix with `--path PATH` or with the variable {variable}."
    )]
    NoHome {
        /// The runtime's own variable.
        variable: String,
    },
    /// The lifecycle of the prefix.
    #[error("{0}")]
    Lifecycle(#[from] cs_prefix::PrefixError),
    /// Linking failed.
    #[error("{link}.{}", hint_link(.0), link = .0)]
    Link(#[from] cs_link::LinkError),
    /// An archive from a bundle is not what it should be.
    #[error("{source}. It was read from {origins}: download or copy that again.")]
    Archive {
        /// What is wrong with which archive.
        source: cs_link::LinkError,
        /// The bundles that were opened.
        origins: String,
    },
    /// A bundle cannot be used.
    #[error("{0}")]
    Bundle(#[from] cs_bundle::BundleError),
    /// Downloads failed.
    #[error("{0}")]
    Fetch(#[from] cs_fetch::FetchError),
    /// Archives are missing and the network is not to be used.
    #[error("{what}, and the network is switched off ({why}). {hint}")]
    Offline {
        /// Which archives are missing from where.
        what: String,
        /// Who switched it off.
        why: String,
        /// What to do.
        hint: String,
    },
    /// Local archives are missing: no network has them.
    #[error("{names} comes with this runtime's bundle. {hint}.")]
    Local {
        /// The archives.
        names: String,
        /// What to do.
        hint: String,
    },
    /// No package provides the delegate.
    #[error(
        "{runtime} runs {delegate:?}, but none of its packages installs {}. \
         This is a bug in how {runtime} was built: please report it to its publisher.",
        path.display()
    )]
    NoDelegate {
        /// The runtime.
        runtime: String,
        /// The delegate's name.
        delegate: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// The delegate of an installed prefix is gone.
    #[error("{} is missing from the prefix. Install it again with `{repair}`.", path.display())]
    LostDelegate {
        /// Where it should be.
        path: PathBuf,
        /// The command that repairs it.
        repair: String,
    },
    /// A program cannot be started.
    #[error("cannot start {}: {source}.{hint}", path.display())]
    Start {
        /// The program.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
        /// What to do, with a space before it; may be empty.
        hint: String,
    },
    /// The activation scripts of the prefix did not come to their end.
    #[cfg(unix)]
    #[error(
        "{0}, so nothing was started. This is a bug in the package that the script comes from: report it to the publisher \
         of this runtime."
    )]
    Activation(#[from] cs_link::activation::ScriptFault),
    /// The activation scripts of the prefix did not come to their end.
    #[cfg(windows)]
    #[error(
        "an activation script in {} ended the shell before the remaining scripts ran ({status}), so nothing was started. This is a \
         bug in the package that the script comes from: report it to the publisher of this runtime.",
        directory.display()
    )]
    ScriptsEnded {
        /// Where the scripts are.
        directory: PathBuf,
        /// How the shell ended.
        status: String,
    },
    /// An argument that only conda-spawn understands.
    #[error("shell takes no {word} here: it {reason}.")]
    SpawnArgument {
        /// The argument.
        word: String,
        /// Why it cannot be passed on.
        reason: &'static str,
    },
    /// There is no such named environment.
    #[error("there is no environment {name} in {} or where conda looks for them. {known}", prefix.display())]
    NoEnvironment {
        /// The name or path that was asked for.
        name: String,
        /// The prefix.
        prefix: PathBuf,
        /// Those that exist.
        known: String,
    },
    /// A question that nobody can answer.
    #[error(
        "{what} needs confirmation, but there is no terminal to ask on. To confirm, run `{command}`.{way_on}"
    )]
    Unconfirmed {
        /// What would be done.
        what: String,
        /// The command that confirms.
        command: String,
        /// What to do if something else was meant, with a space before it; may be empty.
        way_on: String,
    },
    /// The user said no.
    #[error("nothing was removed.")]
    Declined,
    /// A file of the prefix cannot be written.
    #[error("cannot write {}: {source}. Check the permissions and the free space there.", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Standard output cannot be written.
    #[error("cannot write the output: {0}.")]
    Output(io::Error),
    /// The answer to a question cannot be read.
    #[error("cannot read the answer: {0}.")]
    Input(io::Error),
    /// A signal ended the installation.
    #[error("interrupted; nothing was changed.")]
    Interrupted(i32),
}

/// How the delegate is called with words that the runtime keeps for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassOn {
    /// The delegate's name.
    pub delegate: String,
    /// What comes before the words: `demo --`, or `demo -- self`.
    pub prefix: String,
}

impl Error {
    /// A prefix that is refused before anything is looked at.
    pub fn refuse_prefix(path: &Path, named_by: &str, reason: &str) -> Self {
        Self::Prefix {
            path: path.to_owned(),
            named_by: named_by.to_owned(),
            reason: reason.to_owned(),
        }
    }

    /// Arguments of a runtime that make no sense. `own` is how its commands are called, `pass_on` how the delegate is called past them.
    pub fn from_usage(error: UsageError, own: &str, pass_on: &PassOn) -> Self {
        let help = match error.command {
            Some(command) => format!("{own} help {command}"),
            None => format!("{own} help"),
        };
        let way_on = error.command.map_or(String::new(), |command| {
            let PassOn { delegate, prefix } = pass_on;
            format!(" {delegate}'s own {command} is `{prefix} {command}`.")
        });
        Self::Usage {
            message: error.message,
            help,
            way_on,
        }
    }

    /// The exit status that says what kind of failure this is.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Usage { .. }
            | Self::Explained(_)
            | Self::Prefix { .. }
            | Self::BundlePath { .. }
            | Self::NoHome { .. }
            | Self::NoEnvironment { .. }
            | Self::SpawnArgument { .. }
            | Self::Declined
            | Self::Unconfirmed { .. } => status::USAGE,
            Self::Stamp(cs_stamp::StampError::Io { .. }) => status::IO,
            Self::Unstamped(_) | Self::Stamp(_) => status::STAMP,
            Self::Offline { .. }
            | Self::Local { .. }
            | Self::NoDelegate { .. }
            | Self::LostDelegate { .. } => status::MISSING,
            Self::Privileged => status::NOT_PERMITTED,
            Self::Start { source, .. } => start_status(source),
            #[cfg(unix)]
            Self::Activation(fault) => activation_status(fault),
            #[cfg(windows)]
            Self::ScriptsEnded { .. } => status::MISSING,
            Self::Write { source, .. } => write_status(source),
            Self::Output(_) | Self::Input(_) => status::IO,
            Self::Interrupted(signal) => 128u8.saturating_add(u8::try_from(*signal).unwrap_or(0)),
            Self::Link(error) | Self::Archive { source: error, .. } => link_status(error),
            Self::Bundle(error) => bundle_status(error),
            Self::Fetch(error) => fetch_status(error),
            Self::Lifecycle(error) => error.exit_code(),
        }
    }
}

/// What to do about it, with a space before it.
fn hint_link(error: &cs_link::LinkError) -> &'static str {
    use cs_link::Kind;
    match error.kind() {
        Kind::Io => " Free some disk space, or check the disk for errors, then try again.",
        Kind::Memory => {
            " Close other programs, or raise the memory limit of this one, then try again."
        }
        Kind::CannotWrite => " Check the permissions there, or choose another place with --path.",
        Kind::Archive | Kind::Program | Kind::Plan => {
            " This is a bug in the package or in how the runtime was built: please report it to its publisher."
        }
        Kind::PrefixTooLong | Kind::Supplier | Kind::Cancelled => "",
    }
}

fn link_status(error: &cs_link::LinkError) -> u8 {
    use cs_link::Kind;
    match error.kind() {
        Kind::Archive | Kind::Supplier | Kind::Plan => status::MISSING,
        Kind::Io | Kind::Memory | Kind::Program => status::IO,
        Kind::CannotWrite | Kind::PrefixTooLong => status::CANNOT_WRITE,
        Kind::Cancelled => 130,
    }
}

fn bundle_status(error: &cs_bundle::BundleError) -> u8 {
    match error.kind() {
        cs_bundle::ErrorKind::Unusable => status::MISSING,
        cs_bundle::ErrorKind::Io => status::IO,
        cs_bundle::ErrorKind::Cancelled => 130,
    }
}

fn fetch_status(error: &cs_fetch::FetchError) -> u8 {
    use cs_fetch::ErrorKind;
    match error.kind() {
        ErrorKind::Network => status::NETWORK,
        ErrorKind::Damaged => status::MISSING,
        ErrorKind::CannotWrite => status::CANNOT_WRITE,
        ErrorKind::Io => status::IO,
        ErrorKind::Cancelled => 130,
    }
}

/// What it means that a script of a package is not fit to be run.
#[cfg(unix)]
fn activation_status(fault: &cs_link::activation::ScriptFault) -> u8 {
    use cs_link::activation::ScriptFault;
    match fault {
        ScriptFault::Shell { source, .. } => start_status(source),
        ScriptFault::Ended { .. } | ScriptFault::Cancelled => status::MISSING,
    }
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

/// What it means that a file of the prefix cannot be written.
fn write_status(error: &io::Error) -> u8 {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => status::CANNOT_WRITE,
        _ => status::IO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write_error(kind: io::ErrorKind) -> Error {
        Error::Write {
            path: "/p".into(),
            source: kind.into(),
        }
    }

    fn start_error(kind: io::ErrorKind) -> Error {
        Error::Start {
            path: "/p".into(),
            source: kind.into(),
            hint: String::new(),
        }
    }

    #[test]
    fn each_failure_has_the_status_of_its_kind() {
        let damaged = cs_bundle::BundleError::Embedded { what: "x".into() };
        for (error, status) in [
            (Error::Declined, 64),
            (Error::Unstamped("/t".into()), 78),
            (write_error(io::ErrorKind::StorageFull), 74),
            (write_error(io::ErrorKind::PermissionDenied), 73),
            (write_error(io::ErrorKind::ReadOnlyFilesystem), 73),
            (start_error(io::ErrorKind::NotFound), 66),
            (start_error(io::ErrorKind::PermissionDenied), 77),
            (start_error(io::ErrorKind::ArgumentListTooLong), 64),
            (Error::Interrupted(2), 130),
            (Error::Interrupted(15), 143),
            (Error::Bundle(damaged), 66),
        ] {
            assert_eq!(error.exit_status(), status, "{error}");
        }
    }

    #[test]
    fn wrong_usage_points_at_the_commands_own_help_and_at_the_delegate() {
        let usage = UsageError {
            message: "status takes no option --x".into(),
            command: Some("status"),
        };
        let pass_on = PassOn {
            delegate: "conda".into(),
            prefix: "demo -- self".into(),
        };
        let message = Error::from_usage(usage, "demo self", &pass_on).to_string();
        let expected = "status takes no option --x. See `demo self help status`. \
                        conda's own status is `demo -- self status`.";
        assert_eq!(message, expected);
    }
}
