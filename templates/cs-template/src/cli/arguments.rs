//! What can the user ask for? `parser` finds out what was asked; nothing is carried out here.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::say::form::Form;

/// One invocation of the runtime.
#[derive(Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Options that may come before a command.
    pub globals: Globals,
    /// What to do.
    pub request: Request,
}

/// Options that may come before a command.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Globals {
    /// `--path PATH`.
    pub path: Option<PathBuf>,
    /// `-q`.
    pub is_quiet: bool,
    /// `-v`.
    pub is_verbose: bool,
    /// `--progress FORM`.
    pub progress: Option<Form>,
}

/// What the runtime is asked to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// Hand over to the delegate with these arguments.
    Delegate(Vec<OsString>),
    /// Install.
    Bootstrap(BootstrapOptions),
    /// Say how things are.
    Status {
        /// As JSON.
        as_json: bool,
    },
    /// Compare what is installed with what was.
    Verify {
        /// As JSON.
        as_json: bool,
    },
    /// Start a shell in the prefix or one of its environments.
    Shell {
        /// Name or path of an environment; the prefix itself otherwise.
        environment: Option<OsString>,
        /// What is for conda-spawn.
        spawn_arguments: Vec<OsString>,
    },
    /// Put back the prefix before the last upgrade.
    Rollback,
    /// Remove the prefix.
    Uninstall {
        /// Do not ask.
        is_confirmed: bool,
    },
    /// Explain the runtime, or one of its commands.
    Help(Option<&'static str>),
    /// Name the runtime's version.
    Version,
    /// Say what to do instead of this word of conda's.
    Explain(&'static str),
}

/// Options of `bootstrap`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct BootstrapOptions {
    /// `--force`: install again, whatever state an owned prefix is in.
    pub is_forced: bool,
    /// `--bundle PATH`.
    pub bundle: Option<PathBuf>,
    /// `--offline`.
    pub is_offline: bool,
    /// `--ignore-virtual-packages`: install whatever the machine has.
    pub ignores_machine: bool,
}
