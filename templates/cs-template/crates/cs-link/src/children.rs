//! Child processes that do not outlive what they were started for.

use std::io::Read;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[cfg(windows)]
use windows_sys::Win32::System::Threading::CREATE_NEW_PROCESS_GROUP;

/// How much of a program's output is kept for an error message.
pub(crate) const TAIL_BYTES: usize = 2000;

/// A child that is killed, with the process group that it leads, when this is dropped.
pub(crate) struct Guarded(Child, #[cfg(windows)] Option<crate::job_object::JobObject>);

impl Guarded {
    /// Start a command that does not outlive this, nor this process where the system can do that. It leads a process
    /// group of its own, and makes nothing that everybody may write to unless it sets out to.
    #[cfg(unix)]
    pub(crate) fn start(mut command: Command) -> std::io::Result<Self> {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
        // SAFETY: between fork and exec the closure makes system calls only: it takes no lock and allocates nothing.
        unsafe { command.pre_exec(settle_in) };
        command.spawn().map(Self)
    }

    /// Start a command that does not outlive this, nor this process, and neither does what it starts.
    #[cfg(windows)]
    pub(crate) fn start(mut command: Command) -> std::io::Result<Self> {
        use crate::job_object::{Reach, start};
        // Ctrl-C at the terminal is for this process, which ends its children in its own way.
        let (child, job) = start(&mut command, Reach::Descendants, CREATE_NEW_PROCESS_GROUP)?;
        Ok(Self(child, job))
    }

    /// The ends of the child's piped standard input and output, once.
    pub(crate) fn take_pipes(&mut self) -> Option<(ChildStdin, ChildStdout)> {
        Some((self.0.stdin.take()?, self.0.stdout.take()?))
    }

    /// Whether the child has ended, and how.
    #[cfg(unix)]
    pub(crate) fn try_wait(&mut self) -> std::io::Result<Option<ExitStatus>> {
        crate::activation::try_wait(&mut self.0)
    }

    /// Wait for the child's end; `None` when the caller wants to stop before that.
    pub(crate) fn wait(&mut self, cancel: &AtomicBool) -> Option<std::io::Result<ExitStatus>> {
        let mut pause = Duration::from_millis(1);
        loop {
            match self.0.try_wait() {
                Ok(None) => {}
                Ok(Some(status)) => return Some(Ok(status)),
                Err(error) => return Some(Err(error)),
            }
            if cancel.load(Ordering::Relaxed) {
                return None;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// End the child; how it ended, and what it wrote to a piped standard error.
    pub(crate) fn finish(&mut self) -> (String, Vec<u8>) {
        drop(self.0.stdin.take());
        let mut output = Vec::new();
        if let Some(errors) = self.0.stderr.take() {
            let _ = errors.take(64 * 1024).read_to_end(&mut output);
        }
        let status = self.0.wait().map_or_else(
            |error| cs_file::describe_error(&error),
            |status| status.to_string(),
        );
        (status, output)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            kill_descendants(&self.0);
        }
        kill_group(&self.0);
        // Closing a job ends all that is in it.
        #[cfg(windows)]
        drop(self.1.take());
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(unix)]
fn settle_in() -> std::io::Result<()> {
    use rustix::fs::Mode;
    use rustix::process::umask;
    // The only way to read the mask is to set it; this process has no other thread.
    umask(umask(Mode::WOTH) | Mode::WOTH);
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, getpid, set_child_subreaper};
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // A kernel that cannot do it is not a reason to fail.
        let _ = set_child_subreaper(Some(getpid()));
    }
    Ok(())
}

#[cfg(unix)]
fn kill_group(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    // A child that leads no group has none of this number: nothing is killed then.
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn kill_group(_: &Child) {}

/// End what has left the group, in a session of its own for instance.
#[cfg(target_os = "linux")]
fn kill_descendants(child: &Child) {
    if let Ok(child) = i32::try_from(child.id()) {
        crate::descendants::kill_all(child);
    }
}

#[cfg(not(target_os = "linux"))]
fn kill_descendants(_: &Child) {}

/// Runs a program and its arguments. Should the other end of its standard input be
/// closed, it ends the whole process group.
#[cfg(unix)]
const WATCH: &str = r#"
exec 3<&0 </dev/null
(read -r line <&3; kill -KILL 0) &
watcher=$!
exec 3<&-
"$0" "$@"
status=$?
kill -KILL $watcher
wait $watcher 2>/dev/null
exit $status
"#;

/// A command that runs `program`, and does not outlive this process with anything that it
/// has started: a signal to a child whose parent dies does not reach the child's
/// children, but the end of a pipe does. It takes the command's standard input.
#[cfg(unix)]
pub(crate) fn watch(program: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", WATCH]).arg(program);
    command.stdin(Stdio::piped());
    command
}

#[cfg(not(unix))]
pub(crate) fn watch(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    command
}

/// The last lines of a program's output.
pub(crate) fn output_tail(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(&output[output.len().saturating_sub(TAIL_BYTES)..]);
    text.trim_matches(|character: char| character.is_whitespace() || character == '\u{fffd}')
        .to_owned()
}
