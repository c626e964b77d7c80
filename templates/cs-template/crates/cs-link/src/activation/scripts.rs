//! Activation scripts, run for what they export.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, PipeReader, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};

use super::shell::{Shell, is_shell_setting, quote};

/// A variable that scripts have set, or removed if there is no value.
pub type Change = (OsString, Option<OsString>);

/// Why activation scripts did not come to their end.
#[derive(Debug, thiserror::Error)]
pub enum ScriptFault {
    /// The shell cannot be started, or not be read from.
    #[error("cannot run {} for the activation scripts: {}", shell.display(), cs_file::describe_error(source))]
    Shell {
        /// The shell.
        shell: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A script ended the shell, or made it deaf.
    #[error("the activation script {} ended the shell before the remaining scripts ran ({status})", script.display())]
    Ended {
        /// The script.
        script: PathBuf,
        /// How the shell ended.
        status: ExitStatus,
    },
    /// A thread that waited need not wait any longer.
    #[error("stopped while activation scripts ran")]
    Cancelled,
}

/// Says that a list of variables is whole. The list of `env` holds it because `env` sets it.
const END: &str = "_CS_ACTIVATED=1";
/// What every shell changes by itself, and what says nothing outside of it.
const OF_THE_SHELL: [&str; 7] = [
    "_",
    "SHLVL",
    "PWD",
    "OLDPWD",
    "BASHOPTS",
    "SHELLOPTS",
    "_CS_ACTIVATED",
];
/// What a script may have left for the next one: options, arguments, a function in the place of `command`.
const RESET: &str = "{ set +aefuvx; set --; unset -f command; } 2>/dev/null; ";

/// Source `scripts` in one shell, one after the other, and return which variables are others then.
///
/// The shell is a process of its own: scripts see no arguments, and options, traps, functions,
/// redirections, the directory or the umask end with it. Only what they export comes out, by a pipe.
/// `start` starts the prepared command and returns a function that says whether, and how, it has ended.
pub fn run_scripts<W>(
    shell: &Shell,
    scripts: &[PathBuf],
    mut command: Command,
    environment: &BTreeMap<OsString, OsString>,
    start: impl FnOnce(Command) -> Result<W, ScriptFault>,
) -> Result<Vec<Change>, ScriptFault>
where
    W: FnMut() -> Result<Option<ExitStatus>, ScriptFault>,
{
    let shell_fault = |source| ScriptFault::Shell {
        shell: shell.program.clone(),
        source,
    };
    let before: BTreeMap<OsString, OsString> = environment
        .iter()
        .filter(|(name, _)| !is_shell_setting(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let (reader, writer) = open_pipe().map_err(shell_fault)?;
    command
        .args(shell.options())
        .arg("-c")
        .arg(write_line(shell, scripts, writer.as_raw_fd()))
        .env_clear()
        .envs(&before);
    let mut ended = start(command)?;
    drop(writer);
    let (output, status) = read_output(reader, &mut ended, shell_fault)?;
    let started = output.iter().take_while(|byte| **byte == b'\n').count();
    let after = parse_environment(&output[started..]).filter(|_| status.success());
    let after = after.ok_or_else(|| ScriptFault::Ended {
        script: scripts[started.clamp(1, scripts.len()) - 1].clone(),
        status,
    })?;
    Ok(compare(&before, &after))
}

/// Whether a child has ended, and how. A process that was started with SIGCHLD ignored
/// never gets to know how: what has been read from the pipe has to say it then.
pub fn try_wait(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    match child.try_wait() {
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(Some(ExitStatus::default())),
        result => result,
    }
}

/// What the shell runs. It is one line, read as a whole before anything of it is carried out: no alias gets into it.
///
/// Before each script a line end goes into the pipe, to show which one was the last. `||` keeps `set -e` from doing
/// anything, `command` a script with a mistake from ending the shell, and `exec` a trap from running at its end.
fn write_line(shell: &Shell, scripts: &[PathBuf], pipe: i32) -> OsString {
    // Only bash takes numbers of two digits; the path needs a mounted `/proc`.
    let to_pipe = if shell.is_bash {
        format!(">&{pipe}")
    } else {
        format!(">/dev/fd/{pipe}")
    };
    let mut line = OsString::new();
    for script in scripts {
        line.push(format!("{RESET}command echo {to_pipe}; command . "));
        line.push(quote(script.as_os_str()));
        line.push(" || :; ");
    }
    line.push(format!(
        "{RESET}command exec /usr/bin/env -0 {END} {to_pipe}"
    ));
    line
}

/// A pipe whose writing end the child inherits, under a number that scripts do not use.
fn open_pipe() -> io::Result<(PipeReader, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    let inherited =
        fcntl_dupfd_cloexec(&writer, 100).or_else(|_| fcntl_dupfd_cloexec(&writer, 3))?;
    fcntl_setfd(&inherited, FdFlags::empty())?;
    fcntl_setfl(&reader, fcntl_getfl(&reader)? | OFlags::NONBLOCK)?;
    Ok((reader, inherited))
}

/// Read until the shell has ended. A program that a script has left running may keep the
/// pipe open for as long as it likes.
fn read_output(
    mut reader: PipeReader,
    ended: &mut impl FnMut() -> Result<Option<ExitStatus>, ScriptFault>,
    fault: impl Fn(io::Error) -> ScriptFault,
) -> Result<(Vec<u8>, ExitStatus), ScriptFault> {
    let mut output = Vec::new();
    let mut is_closed = false;
    loop {
        if is_closed {
            std::thread::sleep(Duration::from_micros(100))
        } else {
            wait_for(&reader)
        }
        // What is there once the shell has ended is all that it has written.
        let status = ended()?;
        match reader.read_to_end(&mut output) {
            Ok(_) => is_closed = true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(fault(error)),
        }
        if let Some(status) = status {
            return Ok((output, status));
        }
    }
}

/// Wait until there is something to read, but not for long: the end of a process does not end this wait.
fn wait_for(reader: &PipeReader) {
    let limit = Timespec {
        tv_sec: 0,
        tv_nsec: 5_000_000,
    };
    let _ = poll(&mut [PollFd::new(reader, PollFlags::IN)], Some(&limit));
}

/// The variables that `env -0` lists; none unless the list is whole.
fn parse_environment(output: &[u8]) -> Option<BTreeMap<OsString, OsString>> {
    let entries = output.strip_suffix(b"\0")?.split(|byte| *byte == 0);
    let mut variables = BTreeMap::new();
    let mut is_whole = false;
    for entry in entries {
        is_whole |= entry == END.as_bytes();
        let equals = entry.iter().skip(1).position(|byte| *byte == b'=');
        if let Some(position) = equals {
            let (name, value) = (&entry[..=position], &entry[position + 2..]);
            variables.insert(
                OsString::from_vec(name.to_vec()),
                OsString::from_vec(value.to_vec()),
            );
        }
    }
    is_whole.then_some(variables)
}

/// What scripts have changed. Variables that are not identifiers are not known to every
/// shell: their absence says nothing.
fn compare(
    before: &BTreeMap<OsString, OsString>,
    after: &BTreeMap<OsString, OsString>,
) -> Vec<Change> {
    let is_of_scripts = |name: &OsStr| !OF_THE_SHELL.iter().any(|own| name == *own);
    let set = after
        .iter()
        .filter(|(name, value)| is_of_scripts(name) && before.get(*name) != Some(value))
        .map(|(name, value)| (name.clone(), Some(value.clone())));
    let removed = before
        .keys()
        .filter(|name| is_of_scripts(name) && is_identifier(name) && !after.contains_key(*name))
        .map(|name| (name.clone(), None));
    // Without a PATH nothing would be found any more.
    let is_lost_path = |(name, value): &Change| {
        name == "PATH" && value.as_ref().is_none_or(|path| path.is_empty())
    };
    set.chain(removed)
        .filter(|change| !is_lost_path(change))
        .collect()
}

fn is_identifier(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    bytes
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && bytes.first().is_some_and(|byte| !byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
