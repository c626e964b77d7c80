//! Hand over to the delegate: environment, arguments, and nothing of this process left.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use cs_entry::environment::Context;
use cs_stamp::Launch;

use crate::process::signals;
use crate::run::activation;
use crate::run::environment::{Environment, executable_directories, keeps_active};
use crate::say::error::{Error, Role};
use crate::say::voice::Voice;

/// The delegate and what it needs to know.
#[derive(Debug, Clone)]
pub struct Delegate {
    /// The managed prefix.
    pub prefix: PathBuf,
    /// The delegate's path under it.
    pub program: PathBuf,
    /// File name of the runtime, as the user called it.
    pub command_name: OsString,
    /// Whether it is conda, which works on the environment that is active.
    pub is_conda: bool,
    /// Whether everything is activated, or `PATH` alone.
    pub is_fully_activated: bool,
    /// The command that repairs the prefix when the delegate is gone.
    pub repair: String,
}

/// Whether `prefix` holds what this very stamp has installed, and this user may rely on
/// it: looks at the directories and reads the start of the marker, and nothing else.
pub fn is_current(prefix: &Path, launch: &Launch) -> bool {
    cs_prefix::begins_with(prefix, &launch.marker, launch.marker_start.as_bytes())
}

/// What Windows executables end in, most wanted first; a file without an ending is seldom one.
const ENDINGS: &[&str] = if cfg!(windows) {
    &[".exe", ".bat", ".cmd", ""]
} else {
    &[""]
};

/// Where the executable `relative` of a prefix is: a path, or a name that is looked for in the
/// directories of executables.
pub fn find_program(prefix: &Path, relative: &str) -> PathBuf {
    find_in(prefix, relative, &executable_directories(prefix), ENDINGS)
}

fn find_in(prefix: &Path, relative: &str, directories: &[PathBuf], endings: &[&str]) -> PathBuf {
    let mut path = prefix.to_owned();
    path.extend(relative.split('/'));
    if relative.contains('/') && path.is_file() {
        return path;
    }
    let name = path.file_name().unwrap_or_default();
    directories
        .iter()
        .flat_map(|directory| endings.iter().map(move |ending| (directory, ending)))
        .map(|(directory, ending)| {
            let mut name = name.to_owned();
            name.push(ending);
            directory.join(name)
        })
        .find(|candidate| candidate.is_file())
        .unwrap_or(path)
}

/// Replace this process by the delegate. Comes back only with the reason why that did not work.
pub fn hand_over(delegate: &Delegate, arguments: &[OsString], voice: &Voice) -> Error {
    let context = delegate.context();
    let mut environment = Environment::for_process(std::env::vars_os(), &context);
    // Scripts need not run for a delegate that is missing, and must not where another
    // environment is active: they are those of the prefix.
    if delegate.is_fully_activated
        && delegate.program.exists()
        && !keeps_active(std::env::vars_os(), &context)
        && let Err(error) = activation::activate(&delegate.prefix, "base", &mut environment, voice)
    {
        return error;
    }
    let mut words = vec![delegate.program.clone().into_os_string()];
    words.extend_from_slice(arguments);
    let source = start(&words, &environment);
    if !delegate.program.exists() {
        return Error::LostDelegate {
            path: delegate.program.clone(),
            repair: delegate.repair.clone(),
        };
    }
    Error::Start {
        path: delegate.program.clone(),
        source,
        role: Role::Delegate {
            repair: delegate.repair.clone(),
        },
    }
}

impl Delegate {
    fn context(&self) -> Context<'_> {
        Context {
            prefix: self.prefix.as_os_str().as_encoded_bytes(),
            command_name: self.command_name.as_encoded_bytes(),
            delegate_is_conda: self.is_conda,
            replaces_active: false,
        }
    }
}

/// Become `words`: program and arguments. Comes back only with the reason why that did not work.
pub fn start(words: &[OsString], environment: &Environment) -> io::Error {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env_clear();
    // The last one to be set stays: backwards, so that of two entries of a name the first counts, as it does in C.
    let entries = environment.iter().rev();
    command.envs(entries.map(|(name, value)| (name, value)));
    signals::unwatch();
    signals::inherit(&mut command);
    replace_process(command)
}

#[cfg(unix)]
fn replace_process(mut command: Command) -> io::Error {
    use std::os::unix::process::CommandExt;
    command.exec()
}

/// Start a child in place of this process, which ends as it does, and takes it along when it is killed.
#[cfg(not(unix))]
fn replace_process(mut command: Command) -> io::Error {
    use cs_link::job_object::{Reach, start};
    let started = start(&mut command, Reach::Child, 0).and_then(|(mut child, _job)| child.wait());
    match started {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `relative` is in a prefix with these files, `/` between their names.
    fn find(files: &[&str], relative: &str, endings: &[&str]) -> String {
        let prefix = tempfile::tempdir().unwrap();
        for file in files {
            let path = prefix.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let directories = ["", "Library/bin", "Scripts"].map(|name| prefix.path().join(name));
        let found = find_in(prefix.path(), relative, &directories, endings);
        let found = found.strip_prefix(prefix.path()).unwrap();
        found.to_string_lossy().replace('\\', "/")
    }

    #[test]
    fn a_path_is_taken_as_it_is() {
        let files = ["Scripts/tool.bat", "tool.exe", "Library/bin/tool.bat"];
        let path = "Scripts/tool.bat";
        assert_eq!(find(&files, path, &["", ".exe"]), path);
    }

    #[test]
    fn a_name_is_looked_for_with_its_endings_before_the_bare_one() {
        let endings = [".exe", ".bat", ""];
        for (files, expected) in [
            (
                &["Scripts/tool", "Scripts/tool.bat"][..],
                "Scripts/tool.bat",
            ),
            (
                &["Scripts/tool.bat", "Library/bin/tool"],
                "Library/bin/tool",
            ),
            (&["tool.bat", "tool.exe"], "tool.exe"),
            (&["Scripts/other.exe"], "tool"),
        ] {
            assert_eq!(find(files, "tool", &endings), expected);
        }
        assert_eq!(find(&["Scripts/t.exe"], "t.exe", &endings), "Scripts/t.exe");
    }

    #[test]
    fn programs_moved_to_another_directory_are_found_there() {
        let path = "bin/python";
        assert_eq!(
            find(&["Scripts/python.exe"], path, &[".exe"]),
            "Scripts/python.exe"
        );
        assert_eq!(find(&[], path, &[".exe"]), path);
    }
}
