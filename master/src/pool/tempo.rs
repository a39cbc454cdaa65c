//! How long a task takes, as the times between results tell.

use std::time::{Duration, Instant};

/// A smoothed time for one task.
#[derive(Debug, Default)]
pub(super) struct Tempo {
    task_ns: Option<f64>,
    last: Option<Instant>,
}

impl Tempo {
    /// `count` results arrived together at `now`, from as many `workers`. Without earlier ones they tell nothing.
    ///
    /// The time since the last ones, spent by all workers and divided by the number of results, is at least
    /// what a task takes; it is more when somebody had to wait for work.
    pub(super) fn observe(&mut self, count: usize, workers: usize, now: Instant) {
        let Some(last) = self.last.replace(now).filter(|_| count > 0) else {
            return;
        };
        let sample = (now - last).as_nanos() as f64 * workers as f64 / count as f64;
        let smoothed = self
            .task_ns
            .map_or(sample, |old| (old * 3.0 + sample) / 4.0);
        self.task_ns = Some(smoothed);
    }

    /// When the last results came.
    pub(super) fn last(&self) -> Option<Instant> {
        self.last
    }

    /// How many tasks fit into a time; `None` while nothing is known.
    pub(super) fn fitting(&self, time: Duration) -> Option<usize> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a quotient of times is not negative, and a cast saturates"
        )]
        let count = |task_ns: f64| (time.as_nanos() as f64 / task_ns.max(1.0)) as usize;
        self.task_ns.map(count)
    }
}
