//! The credit window: how many tasks a worker may have at a time.
//!
//! Two for long tasks, so that one waits while one runs. More for short ones, as many as the worker gets
//! through in a couple of milliseconds, so that a single write carries many and nobody waits for a pipe.

use std::time::{Duration, Instant};

use brigade_protocol::shm::MAX_IN_FLIGHT;

use crate::pool::tempo::Tempo;

/// How much work should lie with a worker.
const HORIZON: Duration = Duration::from_millis(2);

/// The fewest tasks that keep a worker busy while its results travel.
const SMALLEST: usize = 2;

/// What a worker gets through within this time is not worth taking off it.
pub(super) const SOON: Duration = Duration::from_micros(500);

/// Follows how fast a worker gets through its tasks.
#[derive(Debug)]
pub(super) struct Pace {
    window: usize,
    tempo: Tempo,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            window: SMALLEST,
            tempo: Tempo::default(),
        }
    }
}

impl Pace {
    pub(super) fn window(&self) -> usize {
        self.window
    }

    /// Whether a worker will probably get through `count` tasks before others could take any off it: its
    /// tasks have been short, and it has sent a result just now.
    pub(super) fn is_soon_through(&self, count: usize, now: Instant) -> bool {
        let is_lively = self.tempo.last().is_some_and(|last| now - last < SOON);
        is_lively
            && self
                .tempo
                .fitting(SOON)
                .is_some_and(|fitting| fitting > count)
    }

    /// `count` results arrived together at `now`.
    pub(super) fn observe(&mut self, count: usize, now: Instant) {
        self.tempo.observe(count, 1, now);
        if let Some(fitting) = self.tempo.fitting(HORIZON).filter(|_| count > 0) {
            // At most doubled each time: a burst of results does not prove that all tasks are short.
            self.window = fitting.clamp(SMALLEST, (self.window * 2).min(MAX_IN_FLIGHT));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(steps: usize, count: usize, apart: Duration) -> usize {
        let mut pace = Pace::default();
        let mut now = Instant::now();
        for _ in 0..steps {
            pace.observe(count, now);
            now += apart;
        }
        pace.window()
    }

    #[test]
    fn long_tasks_keep_the_window_small() {
        assert_eq!(after(20, 1, Duration::from_millis(5)), 2);
        assert_eq!(after(20, 1, Duration::from_micros(400)), 5);
    }

    #[test]
    fn short_tasks_open_the_window_step_by_step() {
        assert_eq!(after(1, 100, Duration::from_micros(50)), 2);
        assert_eq!(after(2, 100, Duration::from_micros(50)), 4);
        assert_eq!(after(30, 100, Duration::from_micros(50)), MAX_IN_FLIGHT);
    }

    #[test]
    fn a_worker_that_slows_down_is_given_less() {
        let mut pace = Pace::default();
        let mut now = Instant::now();
        for _ in 0..30 {
            pace.observe(100, now);
            now += Duration::from_micros(50);
        }
        for _ in 0..20 {
            pace.observe(1, now);
            now += Duration::from_millis(10);
        }
        assert_eq!(pace.window(), 2);
    }
}
