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
    use std::cell::RefCell;
    use std::time::{Duration, Instant};

    type Hook = Box<dyn FnMut(Duration)>;

    struct Clock {
        start: Instant,
        slept: Vec<Duration>,
        at_each_sleep: Hook,
    }

    thread_local! {
        static CLOCK: RefCell<Clock> = RefCell::new(Clock {
            start: Instant::now(),
            slept: Vec::new(),
            at_each_sleep: Box::new(|_| ()),
        });
    }

    pub(crate) fn now() -> Instant {
        CLOCK.with_borrow(|clock| clock.start + clock.slept.iter().sum::<Duration>())
    }

    pub(crate) fn sleep(duration: Duration) {
        // The hook may ask for the time, so the clock is not borrowed while it runs.
        let mut hook = CLOCK.with_borrow_mut(|clock| {
            clock.slept.push(duration);
            std::mem::replace(&mut clock.at_each_sleep, Box::new(|_| ()))
        });
        hook(duration);
        set_hook(hook);
        std::thread::yield_now();
    }

    fn set_hook(hook: Hook) {
        CLOCK.with_borrow_mut(|clock| clock.at_each_sleep = hook);
    }

    /// What was slept while `work` ran, with a call of `hook` at each sleep.
    #[cfg(unix)]
    pub(crate) fn sleeps_of(
        hook: impl FnMut(Duration) + 'static,
        work: impl FnOnce(),
    ) -> Vec<Duration> {
        let before = CLOCK.with_borrow(|clock| clock.slept.len());
        set_hook(Box::new(hook));
        work();
        set_hook(Box::new(|_| ()));
        CLOCK.with_borrow(|clock| clock.slept[before..].to_vec())
    }
}
