//! The process that runs the script.

use core::mem::{MaybeUninit, size_of};
use core::ptr;

use super::Problem;
use super::system::{self, Handle, JobLimits, ProcessInformation, StartupInfo};

/// The script ends with the launcher; what it starts may live on.
static LIMITS: JobLimits = JobLimits {
    times: [0; 2],
    flags: system::LIMIT_KILL_ON_JOB_CLOSE | system::LIMIT_SILENT_BREAKAWAY_OK,
    working_set: [0; 2],
    active_processes: 0,
    affinity: 0,
    classes: [0; 2],
    counters: [0; 6],
    memory: [0; 4],
};

/// Start a program, wait for its end, and return its exit status.
///
/// `program` ends with a zero, and so does the text in `command_line`, which the system may change.
pub(super) fn run<'a>(program: &'a [u16], command_line: &mut [u16]) -> Result<u32, Problem<'a>> {
    // SAFETY: the handler is a function; a console's events are the script's matter.
    unsafe { system::SetConsoleCtrlHandler(Some(leave_to_script), 1) };
    let streams = inherited_streams();
    let child = start(program, command_line, &startup(streams))?;
    tie(&child);
    for stream in streams {
        // SAFETY: nothing here uses them any more. A reader of the script's output must see when the script closes it.
        unsafe { system::CloseHandle(stream) };
    }
    // SAFETY: the handles are those of the process that was started.
    unsafe {
        system::ResumeThread(child.thread);
        system::WaitForSingleObject(child.process, system::INFINITE);
        let mut status = super::FAILURE;
        system::GetExitCodeProcess(child.process, &raw mut status);
        Ok(status)
    }
}

/// Take no notice of Ctrl-C and the like: the script gets them too, and says what becomes of them.
unsafe extern "system" fn leave_to_script(_event: u32) -> i32 {
    1
}

/// The standard streams, made so that the script has them too.
fn inherited_streams() -> [Handle; 3] {
    let streams = [
        system::STD_INPUT_HANDLE,
        system::STD_OUTPUT_HANDLE,
        system::STD_ERROR_HANDLE,
    ];
    streams.map(|which| {
        // SAFETY: it takes any of these three. A closed stream is not a handle, which the second call refuses.
        unsafe {
            let stream = system::GetStdHandle(which);
            let flag = system::HANDLE_FLAG_INHERIT;
            system::SetHandleInformation(stream, flag, flag);
            stream
        }
    })
}

/// How the script's process starts: as this one did.
fn startup([input, output, error]: [Handle; 3]) -> StartupInfo {
    let mut startup = MaybeUninit::uninit();
    // SAFETY: it fills all fields.
    let mut startup: StartupInfo = unsafe {
        system::GetStartupInfoW(startup.as_mut_ptr());
        startup.assume_init()
    };
    startup.flags &= !system::STARTF_USEHOTKEY_OR_MONITOR;
    startup.flags |= system::STARTF_USESTDHANDLES;
    (startup.input, startup.output, startup.error) = (input, output, error);
    startup
}

/// Make the process; it waits to be resumed.
fn start<'a>(
    program: &'a [u16],
    command_line: &mut [u16],
    startup: &StartupInfo,
) -> Result<ProcessInformation, Problem<'a>> {
    let mut child = MaybeUninit::uninit();
    // SAFETY: both texts end with a zero, and the rest is what the system asks for.
    let is_started = unsafe {
        system::CreateProcessW(
            program.as_ptr(),
            command_line.as_mut_ptr(),
            ptr::null(),
            ptr::null(),
            1,
            system::CREATE_SUSPENDED,
            ptr::null(),
            ptr::null(),
            startup,
            child.as_mut_ptr(),
        )
    };
    if is_started == 0 {
        // SAFETY: it only reads.
        return Err(Problem::NotStarted(program, unsafe {
            system::GetLastError()
        }));
    }
    // SAFETY: the call succeeded, so it is filled.
    Ok(unsafe { child.assume_init() })
}

/// Let the process end when this one does. Where the system refuses, it still runs.
fn tie(child: &ProcessInformation) {
    // SAFETY: the handles are valid or none, which is refused. The job stays open until this process ends.
    unsafe {
        let job = system::CreateJobObjectW(ptr::null(), ptr::null());
        let class = system::EXTENDED_LIMIT_INFORMATION;
        let length = size_of::<JobLimits>() as u32;
        system::SetInformationJobObject(job, class, &raw const LIMITS, length);
        system::AssignProcessToJobObject(job, child.process);
    }
}
