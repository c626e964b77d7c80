//! What is used of Windows: the declarations of its documentation, under its names.
#![allow(non_snake_case, missing_docs, clippy::upper_case_acronyms)]

use core::ffi::c_void;

pub type Handle = *mut c_void;
type Bool = i32;

pub const STD_INPUT_HANDLE: u32 = -10_i32 as u32;
pub const STD_OUTPUT_HANDLE: u32 = -11_i32 as u32;
pub const STD_ERROR_HANDLE: u32 = -12_i32 as u32;
pub const HANDLE_FLAG_INHERIT: u32 = 1;
pub const STARTF_USESTDHANDLES: u32 = 0x100;
/// Two flags which say that the fields of the standard streams hold something else.
pub const STARTF_USEHOTKEY_OR_MONITOR: u32 = 0x200 | 0x400;
pub const CREATE_SUSPENDED: u32 = 4;
pub const INFINITE: u32 = u32::MAX;
pub const EXTENDED_LIMIT_INFORMATION: i32 = 9;
pub const LIMIT_SILENT_BREAKAWAY_OK: u32 = 0x1000;
pub const LIMIT_KILL_ON_JOB_CLOSE: u32 = 0x2000;
pub const CP_UTF8: u32 = 65001;
pub const MB_ICONERROR: u32 = 0x10;

#[repr(C)]
pub struct StartupInfo {
    pub size: u32,
    pub reserved: *mut u16,
    pub desktop: *mut u16,
    pub title: *mut u16,
    pub geometry: [u32; 7],
    pub flags: u32,
    pub show_window: u16,
    pub reserved_size: u16,
    pub reserved_bytes: *mut u8,
    pub input: Handle,
    pub output: Handle,
    pub error: Handle,
}

#[repr(C)]
pub struct ProcessInformation {
    pub process: Handle,
    pub thread: Handle,
    pub process_id: u32,
    pub thread_id: u32,
}

/// `JOBOBJECT_EXTENDED_LIMIT_INFORMATION`.
#[repr(C)]
pub struct JobLimits {
    pub times: [i64; 2],
    pub flags: u32,
    pub working_set: [usize; 2],
    pub active_processes: u32,
    pub affinity: usize,
    pub classes: [u32; 2],
    pub counters: [u64; 6],
    pub memory: [usize; 4],
}

#[repr(C)]
pub struct Message {
    pub window: Handle,
    pub message: u32,
    pub parameters: [usize; 2],
    pub time: u32,
    pub point: [i32; 2],
}

pub type ControlHandler = unsafe extern "system" fn(u32) -> Bool;

#[link(name = "kernel32")]
unsafe extern "system" {
    pub fn AssignProcessToJobObject(job: Handle, process: Handle) -> Bool;
    pub fn CloseHandle(handle: Handle) -> Bool;
    pub fn CreateJobObjectW(attributes: *const c_void, name: *const u16) -> Handle;
    pub fn CreateProcessW(
        application: *const u16,
        command_line: *mut u16,
        process_attributes: *const c_void,
        thread_attributes: *const c_void,
        inherits: Bool,
        flags: u32,
        environment: *const c_void,
        directory: *const u16,
        startup: *const StartupInfo,
        information: *mut ProcessInformation,
    ) -> Bool;
    pub fn ExitProcess(status: u32) -> !;
    pub fn GetCommandLineW() -> *const u16;
    pub fn GetExitCodeProcess(process: Handle, status: *mut u32) -> Bool;
    pub fn GetLastError() -> u32;
    pub fn GetModuleFileNameW(module: Handle, path: *mut u16, length: u32) -> u32;
    pub fn GetStartupInfoW(startup: *mut StartupInfo);
    pub fn GetStdHandle(which: u32) -> Handle;
    pub fn ResumeThread(thread: Handle) -> u32;
    pub fn SetConsoleCtrlHandler(handler: Option<ControlHandler>, adds: Bool) -> Bool;
    pub fn SetHandleInformation(handle: Handle, mask: u32, flags: u32) -> Bool;
    pub fn SetInformationJobObject(
        job: Handle,
        class: i32,
        limits: *const JobLimits,
        length: u32,
    ) -> Bool;
    pub fn WaitForSingleObject(handle: Handle, milliseconds: u32) -> u32;
    pub fn WideCharToMultiByte(
        code_page: u32,
        flags: u32,
        text: *const u16,
        length: i32,
        bytes: *mut u8,
        room: i32,
        replacement: *const u8,
        is_replaced: *mut Bool,
    ) -> i32;
    pub fn WriteConsoleW(
        console: Handle,
        text: *const u16,
        length: u32,
        written: *mut u32,
        reserved: *const c_void,
    ) -> Bool;
    pub fn WriteFile(
        file: Handle,
        bytes: *const u8,
        length: u32,
        written: *mut u32,
        overlapped: *mut c_void,
    ) -> Bool;
}

#[link(name = "user32")]
unsafe extern "system" {
    pub fn GetMessageW(message: *mut Message, window: Handle, first: u32, last: u32) -> Bool;
    pub fn MessageBoxW(window: Handle, text: *const u16, title: *const u16, kind: u32) -> i32;
    pub fn PostMessageW(window: Handle, message: u32, first: usize, second: usize) -> Bool;
}
