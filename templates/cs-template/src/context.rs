//! What every command needs to know of this runtime.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use cs_prefix::Owner;
use cs_stamp::{Header, Launch, Stamp};

use crate::cli::variables::Variables;
use crate::locate::place::Place;
use crate::locate::verbatim::find_real;
use crate::run::handover::{Delegate, find_program};
use crate::say::phrases::quote;
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
    /// How the runtime's own commands are called for this prefix: `demo`, `demo self`, `demo --path PATH`.
    pub fn own_command(&self) -> String {
        name_own_command(&self.command_name, &self.launch, Some(&self.place))
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
        describe_delegate(&self.place, &self.launch, &self.command_name)
    }
}

/// How the runtime's own commands are called: `demo`, or `demo self`; with the option that named the place.
pub fn name_own_command(command_name: &OsStr, launch: &Launch, place: Option<&Place>) -> String {
    let mut words = vec![command_name.to_string_lossy().into_owned()];
    if let Some(path) = place.and_then(Place::option) {
        words.extend(["--path".to_owned(), quote(&path.to_string_lossy())]);
    }
    if launch.self_commands {
        words.push("self".to_owned());
    }
    words.join(" ")
}

/// The delegate of the prefix at `place`.
pub fn describe_delegate(place: &Place, launch: &Launch, command_name: &OsStr) -> Delegate {
    Delegate {
        prefix: place.prefix.clone(),
        program: find_program(&place.prefix, &launch.delegate),
        command_name: command_name.to_owned(),
        is_conda: launch.delegate_is_conda(),
        is_fully_activated: launch.full_activation,
        repair: format!(
            "{} bootstrap --force",
            name_own_command(command_name, launch, Some(place))
        ),
    }
}
