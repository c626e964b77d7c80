//! The launcher of commands: `NAME.exe` runs `NAME-script.py` with `python.exe`.
#![no_std]
#![no_main]
#![windows_subsystem = "console"]

/// Where Windows starts the program.
#[unsafe(no_mangle)]
pub extern "system" fn mainCRTStartup() -> ! {
    cs_launcher::windows::run_command()
}
