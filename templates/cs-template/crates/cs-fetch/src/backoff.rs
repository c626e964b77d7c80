//! How long to wait before the next attempt.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Longest pause of our own.
const LONGEST: Duration = Duration::from_secs(60);

/// Pause after failed attempt number `attempt` (from 1): doubled each time, and spread over half to all of it, so that
/// many machines that failed together do not come back together.
pub(crate) fn pause(first: Duration, attempt: u32) -> Duration {
    let full = first
        .saturating_mul(1 << attempt.saturating_sub(1).min(16))
        .min(LONGEST);
    // A fresh RandomState has fresh keys: randomness enough, without another library.
    let random = RandomState::new().hash_one(attempt) as u32;
    full / 2 + (full / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound_and_vary() {
        for (attempt, full) in [(1, 300), (2, 600), (3, 1200), (40, 60_000)] {
            let pause = pause(Duration::from_millis(300), attempt);
            assert!(
                pause >= Duration::from_millis(full / 2) && pause <= Duration::from_millis(full),
                "{pause:?}"
            );
        }
        let pauses: Vec<Duration> = (0..20).map(|_| pause(Duration::from_secs(1), 1)).collect();
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
    }
}
