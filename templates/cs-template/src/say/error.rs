//! Everything that ends a runtime with a message of its own. What is wrong, and where, is
//! here; the exit status and the advice are in [`verdict`](crate::say::verdict).

use std::io;
use std::path::{Path, PathBuf};

use cs_fetch::FetchError;
use cs_prefix::PrefixError;

use crate::cli::usage::UsageError;

/// Why the runtime ends without starting the delegate. A message has neither advice nor a full stop:
/// [`Error::explain`] adds both.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The arguments make no sense.
    #[error("{}", .error.message)]
    Usage {
        /// What is wrong.
        error: UsageError,
        /// How the runtime's own commands are called: `demo`, or `demo self`.
        own: String,
        /// How the delegate is called with the same words.
        pass_on: Option<PassOn>,
    },
    /// A word of conda's that does not work in a runtime.
    #[error("`{word}` would change the running shell, which {name} never does")]
    Explained {
        /// The word.
        word: &'static str,
        /// The runtime, as the user called it.
        name: String,
        /// How its own commands are called.
        own: String,
    },
    /// The template has not been stamped.
    #[error(
        "{} is an unstamped template: it contains no packages to install and no delegate to run",
        .0.display()
    )]
    Unstamped(PathBuf),
    /// The executable is a part of one.
    #[error("{} is incomplete: its end is missing", .0.display())]
    Incomplete(PathBuf),
    /// The executable has rights that its caller does not have.
    #[error(
        "this executable has rights that its caller does not have \
         (a set-user-ID or set-group-ID bit, or capabilities), and the caller chooses what it runs"
    )]
    Privileged,
    /// The stamp cannot be read.
    #[error(transparent)]
    Stamp(#[from] cs_stamp::StampError),
    /// The prefix cannot be used as such.
    #[error("{named_by} names {path:?} as the prefix, but {reason}")]
    Prefix {
        /// The path.
        path: PathBuf,
        /// Option or variable that names it.
        named_by: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The path of a bundle cannot be used as such.
    #[error("{named_by} names {path:?} as the bundle, but {reason}")]
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
        "no home directory is known: neither HOME nor the user database names one by its full path"
    )]
    NoHome {
        /// The runtime's own variable.
        variable: String,
    },
    /// The home directory does not exist and cannot be created.
    #[error("the home directory {} does not exist: {source}", home.display())]
    MissingHome {
        /// The home directory.
        home: PathBuf,
        /// The runtime's own variable.
        variable: String,
        /// Why it cannot be created.
        source: Box<PrefixError>,
    },
    /// The lifecycle of the prefix.
    #[error(transparent)]
    Lifecycle(#[from] PrefixError),
    /// Linking failed.
    #[error(transparent)]
    Link(#[from] cs_link::LinkError),
    /// An archive from a bundle is not what it should be.
    #[error("{source}")]
    Archive {
        /// What is wrong with which archive.
        source: cs_link::LinkError,
        /// The bundles that were opened.
        origins: String,
    },
    /// A bundle cannot be used.
    #[error(transparent)]
    Bundle(#[from] cs_bundle::BundleError),
    /// Downloads failed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Archives are missing and the network is not to be used.
    #[error("{what}, and the network is switched off ({why})")]
    Offline {
        /// Which archives are missing from where.
        what: String,
        /// Who switched it off.
        why: String,
        /// Where a bundle can be put.
        bundle: Box<BundlePlace>,
    },
    /// Local archives are missing: no network has them.
    #[error("{names} is missing: it comes only with this runtime's bundle")]
    Local {
        /// The archives.
        names: String,
        /// Where the bundle can be put.
        bundle: Box<BundlePlace>,
    },
    /// The machine lacks what a package needs.
    #[error("{package} needs `{spec}`, but {found}")]
    Machine {
        /// The package.
        package: String,
        /// The match spec of a virtual package.
        spec: String,
        /// What the machine has instead.
        found: String,
        /// How the runtime's own commands are called.
        own: String,
        /// The variable that switches the check off.
        variable: String,
    },
    /// No package provides the delegate.
    #[error(
        "{runtime} runs {delegate:?}, but none of its packages installs {}",
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
    /// There is nothing to compare.
    #[error("{what} {}", prefix.display())]
    NotInstalled {
        /// The beginning of the sentence that the prefix's path ends.
        what: &'static str,
        /// The prefix.
        prefix: PathBuf,
        /// How the runtime's own commands are called.
        own: String,
    },
    /// Nothing is known to differ, but not everything could be read.
    #[error("{} of {} cannot be read", super::phrases::count(*count, "path"), prefix.display())]
    Unread {
        /// The prefix.
        prefix: PathBuf,
        /// How many paths.
        count: usize,
    },
    /// The prefix is not as it was installed.
    #[error(
        "{} is not as it was installed ({}{})",
        prefix.display(),
        super::phrases::count(*count, "path"),
        describe_unreadable(*unreadable)
    )]
    Altered {
        /// The prefix.
        prefix: PathBuf,
        /// How many paths are different.
        count: usize,
        /// How many more cannot be read.
        unreadable: usize,
        /// How the runtime's own commands are called.
        own: String,
    },
    /// The delegate of an installed prefix is gone.
    #[error("{} is missing from the prefix", path.display())]
    LostDelegate {
        /// Where it should be.
        path: PathBuf,
        /// The command that repairs it.
        repair: String,
    },
    /// A program cannot be started.
    #[error("cannot start {}: {}", path.display(), cs_file::describe_error(source))]
    Start {
        /// The program.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
        /// What it is started for.
        role: Role,
    },
    /// The activation scripts of the prefix did not finish.
    #[cfg(unix)]
    #[error("{0}, so nothing was started")]
    Activation(#[from] cs_link::activation::ScriptFault),
    /// The activation scripts of the prefix did not finish.
    #[cfg(windows)]
    #[error(
        "an activation script in {} ended the shell before the remaining scripts ran ({status}), \
         so nothing was started",
        directory.display()
    )]
    ScriptsEnded {
        /// Where the scripts are.
        directory: PathBuf,
        /// How the shell ended.
        status: String,
    },
    /// An argument that only conda-spawn understands.
    #[error("shell does not accept {word} here: it {reason}")]
    SpawnArgument {
        /// The argument.
        word: String,
        /// Why it cannot be passed on.
        reason: &'static str,
    },
    /// There is no such named environment.
    #[error("there is no environment {name} in {} or in conda's environment directories", prefix.display())]
    NoEnvironment {
        /// The name or path that was asked for.
        name: String,
        /// The prefix.
        prefix: PathBuf,
        /// The names of those that exist.
        known: Vec<String>,
    },
    /// A question without a terminal to answer it on.
    #[error("{what} needs confirmation, but there is no terminal to ask on")]
    Unconfirmed {
        /// What would be done.
        what: String,
        /// The command that confirms.
        command: String,
        /// The command that removes packages, if that may have been meant.
        other: Option<String>,
    },
    /// A file of the prefix cannot be written.
    #[error("cannot write {}: {}", path.display(), cs_file::describe_error(source))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no standard output.
    #[error("cannot write the output: standard output is closed")]
    NoOutput,
    /// Standard output cannot be written.
    #[error("cannot write the output: {}", cs_file::describe_error(.0))]
    Output(io::Error),
    /// The answer to a question cannot be read.
    #[error("cannot read the answer: {}", cs_file::describe_error(.0))]
    Input(io::Error),
    /// A signal ended the installation.
    #[error("interrupted; nothing has changed")]
    Interrupted(i32),
}

fn describe_unreadable(count: usize) -> String {
    match count {
        0 => String::new(),
        count => format!("; {count} more cannot be read"),
    }
}

/// How the delegate is called with words that the runtime keeps for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassOn {
    /// The delegate's name.
    pub delegate: String,
    /// What comes before the words: `demo --`, or `demo -- self`.
    pub prefix: String,
}

/// What a program is started for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// To become the delegate.
    Delegate {
        /// The command that installs it again.
        repair: String,
    },
    /// To become the user's shell.
    Shell,
    /// To run the activation scripts.
    #[cfg(windows)]
    Activation,
}

/// Where this runtime looks for a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundlePlace {
    /// The bundle's file name and the executable that it belongs next to, if there is one.
    pub beside: Option<(String, PathBuf)>,
    /// How the runtime's own commands are called.
    pub own: String,
}

impl Error {
    /// A prefix that is refused before anything is checked.
    pub fn refuse_prefix(path: &Path, named_by: &str, reason: &str) -> Self {
        Self::Prefix {
            path: path.to_owned(),
            named_by: named_by.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

impl From<cs_link::InstallError<FetchError>> for Error {
    fn from(error: cs_link::InstallError<FetchError>) -> Self {
        match error {
            cs_link::InstallError::Link(error) => Self::Link(error),
            cs_link::InstallError::Supplier(error) => Self::Fetch(error),
        }
    }
}

impl From<cs_prefix::InstallError<Self>> for Error {
    fn from(error: cs_prefix::InstallError<Self>) -> Self {
        match error {
            cs_prefix::InstallError::Prefix(error) => Self::Lifecycle(error),
            cs_prefix::InstallError::Build(error) => error,
        }
    }
}
