//! What every command needs to know of this runtime.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use cs_prefix::Owner;
use cs_stamp::{Header, Launch, Stamp};

use crate::cli::variables::Variables;
use crate::locate::place::Place;
use crate::locate::verbatim::find_real;
use crate::run::handover::{Delegate, find_program};
use crate::say::voice::Voice;

/// What every command needs to know.
#[derive(Debug)]
pub struct Runtime {
    /// The stamp on this executable.
    pub stamp: Stamp,
    /// Its identity in hex.
    pub stamp_hex: String,
    /// What a later run needs to know.
    pub launch: Launch,
    /// The runtime's name and version, and how it behaves.
    pub header: Header,
    /// Which prefix is meant.
    pub place: Place,
    /// What the environment asks for.
    pub variables: Variables,
    /// How to speak.
    pub voice: Voice,
    /// File name of the executable, as the user called it.
    pub command_name: OsString,
}

impl Runtime {
    /// How the runtime's own commands are called: `demo`, or `demo self`.
    pub fn own_command(&self) -> String {
        name_own_command(&self.command_name, &self.launch)
    }

    /// Who owns the prefix.
    pub fn owner(&self) -> Owner<'_> {
        Owner {
            runtime: &self.header.runtime,
            stamp_hex: &self.stamp_hex,
            runtime_version: &self.header.runtime_version,
        }
    }

    /// The executable's real path.
    pub fn executable(&self) -> PathBuf {
        find_real(self.stamp.path())
    }

    /// The delegate of the prefix.
    pub fn delegate(&self) -> Delegate {
        describe_delegate(&self.place.prefix, &self.launch, &self.command_name)
    }
}

/// How the runtime's own commands are called: `demo`, or `demo self`.
pub fn name_own_command(command_name: &OsStr, launch: &Launch) -> String {
    let name = command_name.to_string_lossy();
    if launch.self_commands {
        format!("{name} self")
    } else {
        name.into_owned()
    }
}

/// The delegate of `prefix`.
pub fn describe_delegate(prefix: &Path, launch: &Launch, command_name: &OsStr) -> Delegate {
    Delegate {
        prefix: prefix.to_owned(),
        program: find_program(prefix, &launch.delegate),
        command_name: command_name.to_owned(),
        is_conda: launch.delegate_is_conda(),
        is_fully_activated: launch.full_activation,
        repair: format!(
            "{} bootstrap --force",
            name_own_command(command_name, launch)
        ),
    }
}
