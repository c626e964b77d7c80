//! The time, and waiting for it to pass. This crate's own tests do not wait: they put the clock forward.

#[cfg(not(test))]
pub(crate) use real::{now, sleep};

#[cfg(not(test))]
mod real {
    use std::time::{Duration, Instant};

    pub(crate) fn now() -> Instant {
        Instant::now()
    }

    pub(crate) fn sleep(duration: Duration) {
        std::thread::sleep(duration);
    }
}

#[cfg(test)]
pub(crate) use pretended::{now, sleep};

/// A clock of each thread, which goes on only while the thread sleeps.
#[cfg(test)]
pub(crate) mod pretended {
    use std::cell::{LazyCell, RefCell};
    use std::time::{Duration, Instant};

    type Hook = Box<dyn FnMut(Duration)>;

    thread_local! {
        static START: LazyCell<Instant> = const { LazyCell::new(Instant::now) };
        static SLEPT: RefCell<Vec<Duration>> = const { RefCell::new(Vec::new()) };
        static AT_EACH_SLEEP: RefCell<Hook> = RefCell::new(Box::new(|_| ()));
    }

    pub(crate) fn now() -> Instant {
        let slept = SLEPT.with_borrow(|slept| slept.iter().sum::<Duration>());
        START.with(|start| **start + slept)
    }

    pub(crate) fn sleep(duration: Duration) {
        SLEPT.with_borrow_mut(|slept| slept.push(duration));
        AT_EACH_SLEEP.with_borrow_mut(|hook| hook(duration));
        std::thread::yield_now();
    }

    /// What was slept while `work` ran, with a call of `hook` at each sleep.
    #[cfg(unix)]
    pub(crate) fn sleeps_of(
        hook: impl FnMut(Duration) + 'static,
        work: impl FnOnce(),
    ) -> Vec<Duration> {
        let before = SLEPT.with_borrow(Vec::len);
        AT_EACH_SLEEP.set(Box::new(hook));
        work();
        AT_EACH_SLEEP.set(Box::new(|_| ()));
        SLEPT.with_borrow(|slept| slept[before..].to_vec())
    }
}
