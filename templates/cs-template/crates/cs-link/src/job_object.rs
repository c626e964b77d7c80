//! Job objects of Windows: what is in one ends with its last handle, and so with the process that has it.

use std::io;
use std::mem::size_of_val;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle, RawHandle};
use std::os::windows::process::CommandExt;
use std::process::{Child, Command};
use std::ptr::null;
use std::sync::OnceLock;

use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK, JOBOBJECT_EXTENDED_LIMIT_INFORMATION,
    JobObjectExtendedLimitInformation, SetInformationJobObject,
};
use windows_sys::Win32::System::Threading::{CREATE_SUSPENDED, GetCurrentProcess};

/// What a job ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The child alone: what it starts may outlive it.
    Child,
    /// The child and all that it starts.
    Descendants,
}

/// A job with one child in it, which ends when this is dropped.
#[derive(Debug)]
pub struct JobObject {
    _handle: OwnedHandle,
}

/// Start a command's process in its own job; without the job if the system refuses one.
///
/// It is suspended until it is in the job, so whatever it starts is within `reach`. A kill of this process at any
/// time ends it: until then it is in this process's own job. `flags` are those of the new process.
///
/// # Errors
/// The system's, when there is no such process then.
pub fn start(
    command: &mut Command,
    reach: Reach,
    flags: u32,
) -> io::Result<(Child, Option<JobObject>)> {
    let own = own_job();
    set_reach(own, Reach::Descendants);
    let mut child = command.creation_flags(flags | CREATE_SUSPENDED).spawn()?;
    let job = JobObject::of(&child, reach).ok();
    set_reach(own, reach);
    if let Err(error) = resume(&child) {
        let _ = child.kill();
        return Err(error);
    }
    Ok((child, job))
}

impl JobObject {
    fn of(child: &Child, reach: Reach) -> io::Result<Self> {
        let handle = create()?;
        limit(&handle, reach)?;
        assign(&handle, child.as_raw_handle())?;
        Ok(Self { _handle: handle })
    }
}

/// The job that this process itself is in, from its first child on: children are born into it.
fn own_job() -> Option<&'static OwnedHandle> {
    static OWN: OnceLock<Option<OwnedHandle>> = OnceLock::new();
    let join = || {
        let job = create()?;
        limit(&job, Reach::Descendants)?;
        // SAFETY: it only names this process.
        assign(&job, unsafe { GetCurrentProcess() })?;
        io::Result::Ok(job)
    };
    OWN.get_or_init(|| join().ok()).as_ref()
}

/// A job that cannot be changed reaches as far as before.
fn set_reach(job: Option<&OwnedHandle>, reach: Reach) {
    if let Some(job) = job {
        let _ = limit(job, reach);
    }
}

fn create() -> io::Result<OwnedHandle> {
    // SAFETY: without attributes and name there is nothing to point to.
    let handle = unsafe { CreateJobObjectW(null(), null()) };
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the handle is open, and no other code has it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

fn limit(job: &OwnedHandle, reach: Reach) -> io::Result<()> {
    let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
    limits.BasicLimitInformation.LimitFlags = match reach {
        Reach::Child => JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK,
        Reach::Descendants => JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    };
    let size = size_of_val(&limits) as u32;
    let class = JobObjectExtendedLimitInformation;
    // SAFETY: the structure is the one that the class asks for, with its size.
    check(unsafe {
        SetInformationJobObject(job.as_raw_handle(), class, (&raw const limits).cast(), size)
    })
}

fn assign(job: &OwnedHandle, process: RawHandle) -> io::Result<()> {
    // SAFETY: both handles are open.
    check(unsafe { AssignProcessToJobObject(job.as_raw_handle(), process) })
}

/// Let a process run. Its first thread, which `ResumeThread` wants, only unstable Rust gives away.
fn resume(child: &Child) -> io::Result<()> {
    #[link(name = "ntdll")]
    unsafe extern "system" {
        fn NtResumeProcess(process: RawHandle) -> i32;
    }
    // SAFETY: the handle is open.
    match unsafe { NtResumeProcess(child.as_raw_handle()) } {
        0.. => Ok(()),
        status => Err(io::Error::other(format!(
            "the process stays suspended (status {status:#x})"
        ))),
    }
}

fn check(answer: i32) -> io::Result<()> {
    match answer {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Stdio;
    use windows_sys::Win32::System::JobObjects::IsProcessInJob;

    fn is_in(job: &OwnedHandle, child: &Child) -> bool {
        let mut answer = 0;
        // SAFETY: both handles are open, and the answer is written into a variable.
        let asked =
            unsafe { IsProcessInJob(child.as_raw_handle(), job.as_raw_handle(), &raw mut answer) };
        check(asked).unwrap();
        answer != 0
    }

    /// `cmd`, which waits for the end of its input and then ends with 7.
    fn command() -> Command {
        let mut command = Command::new(crate::activation::find_cmd());
        command.args(["/d", "/c", "set /p line= & exit 7"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        command
    }

    #[test]
    fn a_child_runs_and_ends_as_it_wants_to() {
        for reach in [Reach::Child, Reach::Descendants] {
            let (mut child, job) = start(&mut command(), reach, 0).unwrap();
            assert!(job.is_some());
            assert_eq!(child.wait().unwrap().code(), Some(7), "{reach:?}");
        }
    }

    #[test]
    fn a_child_is_in_this_processs_job_and_in_its_own_which_ends_it() {
        let (mut child, job) = start(&mut command(), Reach::Descendants, 0).unwrap();
        let own = own_job().expect("a job of this process");
        let job = job.expect("a job of the child");
        assert!(is_in(own, &child) && is_in(&job._handle, &child));
        drop(job);
        // Its input is still open, so nothing else can have ended it.
        let input = child.stdin.take();
        assert_ne!(child.wait().unwrap().code(), Some(7));
        drop(input);
    }

    #[test]
    fn a_program_that_is_missing_is_an_error() {
        let missing = start(&mut Command::new("no-such-program"), Reach::Child, 0);
        assert_eq!(missing.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
