//! How fast is the installation, and how long will it take? Judged by its last seconds: servers and disks change.

use std::collections::VecDeque;
use std::time::Duration;

/// Older samples do not count.
const WINDOW: Duration = Duration::from_secs(5);
/// Nothing is said before, which would be a guess.
const TOO_EARLY: Duration = Duration::from_millis(500);
/// Nothing is said of so small a share, which would be a guess too.
const TOO_LITTLE: f64 = 0.01;

/// What was done by when.
#[derive(Debug, Clone, Copy)]
struct Sample {
    elapsed: Duration,
    share: f64,
    bytes: u64,
}

/// The last samples, oldest first; the beginning is one of them.
#[derive(Debug)]
pub struct Pace {
    samples: VecDeque<Sample>,
}

impl Pace {
    /// At the beginning nothing is done.
    pub fn new() -> Self {
        let beginning = Sample {
            elapsed: Duration::ZERO,
            share: 0.0,
            bytes: 0,
        };
        Self {
            samples: VecDeque::from([beginning]),
        }
    }

    /// Note what is done after `elapsed`: a share of the whole, between 0 and 1, and bytes of archives.
    pub fn note(&mut self, elapsed: Duration, share: f64, bytes: u64) {
        self.samples.push_back(Sample {
            elapsed,
            share,
            bytes,
        });
        // Two are needed, however far apart.
        while self.samples.len() > 2 && elapsed.saturating_sub(self.samples[1].elapsed) >= WINDOW {
            self.samples.pop_front();
        }
    }

    /// Bytes of archives a second.
    pub fn bytes_per_second(&self) -> Option<u64> {
        let (first, last) = self.ends()?;
        let seconds = (last.elapsed - first.elapsed).as_secs_f64();
        Some((last.bytes.saturating_sub(first.bytes) as f64 / seconds) as u64)
    }

    /// Time left at this pace; `None` while nothing moves.
    pub fn time_left(&self) -> Option<Duration> {
        let (first, last) = self.ends()?;
        let gained = last.share - first.share;
        if gained <= 0.0 {
            return None;
        }
        let factor = (1.0 - last.share).max(0.0) / gained;
        Duration::try_from_secs_f64((last.elapsed - first.elapsed).as_secs_f64() * factor).ok()
    }

    fn ends(&self) -> Option<(Sample, Sample)> {
        let (first, last) = (*self.samples.front()?, *self.samples.back()?);
        let is_known =
            last.elapsed >= TOO_EARLY && last.elapsed > first.elapsed && last.share >= TOO_LITTLE;
        is_known.then_some((first, last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(samples: &[(u64, f64, u64)]) -> Pace {
        let mut pace = Pace::new();
        for &(milliseconds, share, bytes) in samples {
            pace.note(Duration::from_millis(milliseconds), share, bytes);
        }
        pace
    }

    #[test]
    fn the_time_left_follows_from_the_speed() {
        let pace = pace(&[(3000, 0.5, 100_000_000)]);
        assert_eq!(pace.time_left(), Some(Duration::from_secs(3)));
        assert_eq!(pace.bytes_per_second(), Some(33_333_333));
    }

    #[test]
    fn only_the_last_seconds_count() {
        let pace = pace(&[
            (4000, 0.01, 1_000_000),
            (5000, 0.01, 1_000_000),
            (10_000, 0.51, 51_000_000),
        ]);
        assert_eq!(pace.bytes_per_second(), Some(10_000_000));
        assert_eq!(pace.time_left().map(|left| left.as_millis()), Some(4900));
    }

    #[test]
    fn nothing_is_guessed_in_the_first_half_second_or_of_next_to_nothing() {
        for samples in [(400, 0.5, 1), (60_000, 0.001, 1)] {
            let pace = pace(&[samples]);
            assert_eq!((pace.time_left(), pace.bytes_per_second()), (None, None));
        }
    }

    #[test]
    fn what_stands_still_has_a_speed_of_zero_and_no_end() {
        let pace = pace(&[(1000, 0.5, 50), (6000, 0.5, 50), (11_000, 0.5, 40)]);
        assert_eq!(pace.bytes_per_second(), Some(0));
        assert_eq!(pace.time_left(), None);
    }
}
