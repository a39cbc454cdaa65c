//! The credit window: how many tasks a worker may have at a time.
//!
//! Two for long tasks, so that one waits while one runs. More for short ones, as many as the worker gets
//! through in a couple of milliseconds, so that a single write carries many and nobody waits for a pipe.

use std::time::{Duration, Instant};

use brigade_protocol::shm::MAX_IN_FLIGHT;

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
    /// Smoothed time for one task, in nanoseconds.
    task_ns: Option<f64>,
    last: Option<Instant>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            window: SMALLEST,
            task_ns: None,
            last: None,
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
        let is_lively = self.last.is_some_and(|last| now - last < SOON);
        let is_quick = self
            .task_ns
            .is_some_and(|task_ns| task_ns * (count as f64) < SOON.as_nanos() as f64);
        is_lively && is_quick
    }

    /// `count` results arrived together at `now`.
    ///
    /// The time since the last ones, divided by their number, is at least what a task takes. It is more when
    /// the worker had to wait for work, and then a small window is right as well.
    pub(super) fn observe(&mut self, count: usize, now: Instant) {
        let Some(last) = self.last.replace(now) else {
            return;
        };
        if count == 0 {
            return;
        }
        let sample = (now - last).as_nanos() as f64 / count as f64;
        let smoothed = self
            .task_ns
            .map_or(sample, |old| (old * 3.0 + sample) / 4.0);
        self.task_ns = Some(smoothed);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped"
        )]
        let fitting = (HORIZON.as_nanos() as f64 / smoothed.max(1.0)) as usize;
        // At most doubled each time: a burst of results does not prove that all tasks are short.
        self.window = fitting.clamp(SMALLEST, (self.window * 2).min(MAX_IN_FLIGHT));
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
