//! The launcher of programs with windows: `NAME.exe` runs `NAME-script.pyw` with `pythonw.exe`.
#![no_std]
#![no_main]
#![windows_subsystem = "windows"]

/// Where Windows starts the program.
#[unsafe(no_mangle)]
pub extern "system" fn mainCRTStartup() -> ! {
    cs_launcher::windows::run_window()
}
