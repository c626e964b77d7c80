//! Signals: what ends an installation, and what the delegate inherits.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};

use crate::process::console::clear_at_once;

static CANCEL: OnceLock<Arc<AtomicBool>> = OnceLock::new();
static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// The signal that asked to stop, once there was one.
pub fn received() -> Option<i32> {
    Some(SIGNAL.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
}

/// Note the signal. The second one does not wait for anything to be cleaned up; the next run does that.
fn note(signal: i32) {
    let Some(cancel) = CANCEL.get() else { return };
    if cancel.swap(true, Ordering::Relaxed) {
        clear_at_once();
        exit_now(128 + signal);
    }
    SIGNAL.store(signal, Ordering::Relaxed);
}

#[cfg(unix)]
mod system {
    use std::sync::atomic::{AtomicBool, Ordering};

    static PIPE_WAS_IGNORED: AtomicBool = AtomicBool::new(false);
    /// Which of the standard streams were closed.
    static WERE_CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

    // Rust's own start-up ignores SIGPIPE and opens `/dev/null` for closed streams before `main`; what the runtime was
    // started with can only be seen earlier.
    #[used]
    #[cfg_attr(
        target_vendor = "apple",
        unsafe(link_section = "__DATA,__mod_init_func")
    )]
    #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
    static RECORD: extern "C" fn() = record_inherited;

    extern "C" fn record_inherited() {
        PIPE_WAS_IGNORED.store(is_ignored(libc::SIGPIPE), Ordering::Relaxed);
        for (stream, was_closed) in (0..).zip(&WERE_CLOSED) {
            // SAFETY: the call only asks, whether or not there is such a descriptor.
            let is_closed = unsafe { libc::fcntl(stream, libc::F_GETFD) } == -1;
            was_closed.store(is_closed, Ordering::Relaxed);
        }
    }

    fn is_ignored(signal: libc::c_int) -> bool {
        // SAFETY: all-zero is a valid sigaction, and the call only fills it.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, std::ptr::null(), &mut action) == 0
                && action.sa_sigaction == libc::SIG_IGN
        }
    }

    extern "C" fn on_signal(signal: libc::c_int) {
        super::note(signal);
    }

    /// Handle SIGINT, SIGTERM and SIGHUP, unless the parent process has switched them off.
    pub fn watch() {
        survive_size_limit();
        let handler = on_signal as extern "C" fn(libc::c_int);
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
            if is_ignored(signal) {
                continue;
            }
            // SAFETY: the handler touches atomics, and calls `write` and `_exit`, which signal handlers may.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = handler as usize;
                action.sa_flags = libc::SA_RESTART;
                libc::sigaction(signal, &action, std::ptr::null_mut());
            }
        }
    }

    extern "C" fn on_too_large(_: libc::c_int) {}

    /// Have writes beyond the limit on file sizes fail instead of ending the process;
    /// programs that are started get the default again.
    fn survive_size_limit() {
        if is_ignored(libc::SIGXFSZ) {
            return;
        }
        let handler = on_too_large as extern "C" fn(libc::c_int);
        // SAFETY: the handler does nothing.
        unsafe { libc::signal(libc::SIGXFSZ, handler as usize) };
    }

    /// Handle signals as if `watch` had not been called.
    pub fn unwatch() {
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
            if !is_ignored(signal) {
                // SAFETY: the default disposition needs nothing of this process.
                unsafe { libc::signal(signal, libc::SIG_DFL) };
            }
        }
    }

    /// Whether standard output was closed at the start, and all that is written there is lost.
    pub fn has_no_output() -> bool {
        WERE_CLOSED[1].load(Ordering::Relaxed)
    }

    pub fn exit_now(status: i32) {
        // SAFETY: `_exit` may be called from a signal handler and does not return.
        unsafe { libc::_exit(status) }
    }

    /// End the process by a signal that is not handled any more.
    pub fn raise(signal: i32) {
        // SAFETY: the default disposition needs nothing of this process.
        unsafe { libc::raise(signal) };
    }

    /// Let `command` inherit signals and standard streams as the runtime did, in spite of the standard library, which
    /// resets SIGPIPE and the mask and opens what was closed.
    pub fn inherit(command: &mut std::process::Command) {
        use std::os::unix::process::CommandExt;
        let pipe_was_ignored = PIPE_WAS_IGNORED.load(Ordering::Relaxed);
        // SAFETY: all-zero is a valid signal set, and the call only fills it.
        let mask = unsafe {
            let mut mask: libc::sigset_t = std::mem::zeroed();
            libc::sigprocmask(libc::SIG_SETMASK, std::ptr::null(), &mut mask);
            mask
        };
        let restore = move || {
            // SAFETY: all calls are async-signal-safe, `mask` was filled by the system,
            // and the streams are not used any more.
            unsafe {
                if pipe_was_ignored {
                    libc::signal(libc::SIGPIPE, libc::SIG_IGN);
                }
                for (stream, was_closed) in (0..).zip(&WERE_CLOSED) {
                    if was_closed.load(Ordering::Relaxed) {
                        libc::close(stream);
                    }
                }
                libc::sigprocmask(libc::SIG_SETMASK, &mask, std::ptr::null_mut());
            }
            Ok(())
        };
        // SAFETY: the closure only makes async-signal-safe calls.
        unsafe { command.pre_exec(restore) };
    }
}

#[cfg(windows)]
mod system {
    type Handler = extern "system" fn(u32) -> i32;

    unsafe extern "system" {
        fn SetConsoleCtrlHandler(handler: Option<Handler>, add: i32) -> i32;
    }

    const CTRL_C: u32 = 0;
    const SIGINT: i32 = 2;
    const SIGTERM: i32 = 15;

    extern "system" fn on_event(event: u32) -> i32 {
        super::note(if event == CTRL_C { SIGINT } else { SIGTERM });
        1
    }

    extern "system" fn leave_to_child(_event: u32) -> i32 {
        1
    }

    pub fn watch() {
        // SAFETY: the handler touches atomics and ends the process, nothing else.
        unsafe { SetConsoleCtrlHandler(Some(on_event), 1) };
    }

    pub fn unwatch() {
        // SAFETY: removes what `watch` has added.
        unsafe { SetConsoleCtrlHandler(Some(on_event), 0) };
    }

    pub fn exit_now(status: i32) {
        std::process::exit(status)
    }

    pub fn raise(signal: i32) {
        std::process::exit(128 + signal)
    }

    /// Programs without a console have no standard output, which is not an error there.
    pub fn has_no_output() -> bool {
        false
    }

    /// Console events go to every process of the console: this one outlives the child and reports its exit code.
    pub fn inherit(_command: &mut std::process::Command) {
        // SAFETY: the handler does nothing.
        unsafe { SetConsoleCtrlHandler(Some(leave_to_child), 1) };
    }
}

use system::exit_now;
pub use system::{has_no_output, inherit};

/// Undo [`watch`], if it was ever called. A signal that was not looked at by now does
/// what it would have done without the watch.
pub fn unwatch() {
    if CANCEL.get().is_some() {
        system::unwatch();
        if let Some(signal) = received() {
            system::raise(signal);
        }
    }
}

/// From now on, signals raise this flag instead of ending the process.
pub fn watch() -> Arc<AtomicBool> {
    let cancel = CANCEL.get_or_init(Arc::default);
    system::watch();
    Arc::clone(cancel)
}
