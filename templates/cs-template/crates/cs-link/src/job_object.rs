//! Job objects of Windows: what is in one ends with its last handle, and so with the process that has it.

use std::io;
use std::mem::size_of_val;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::process::Child;
use std::ptr::null;

use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK, JOBOBJECT_EXTENDED_LIMIT_INFORMATION,
    JobObjectExtendedLimitInformation, SetInformationJobObject,
};

/// What a job ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The child alone: what it starts may outlive it.
    Child,
    /// The child and all that it starts.
    Descendants,
}

/// A job with one child in it.
#[derive(Debug)]
pub struct JobObject {
    _handle: OwnedHandle,
}

impl JobObject {
    /// Put a child into a job of its own, which ends when this is dropped.
    pub fn of(child: &Child, reach: Reach) -> io::Result<Self> {
        let handle = create()?;
        limit(&handle, reach)?;
        // SAFETY: both handles are open.
        check(unsafe { AssignProcessToJobObject(handle.as_raw_handle(), child.as_raw_handle()) })?;
        Ok(Self { _handle: handle })
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

fn check(answer: i32) -> io::Result<()> {
    match answer {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
