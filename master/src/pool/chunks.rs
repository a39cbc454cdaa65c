//! How many tasks of a map travel together.

use std::{
    num::NonZero,
    time::{Duration, Instant},
};

use super::tempo::Tempo;

/// How many tasks of a map travel in one message; see [`Map::chunks`](crate::Map::chunks).
///
/// ```
/// use brigade::{Chunks, jobs::echo::Echo};
/// use std::num::NonZero;
///
/// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
/// let size = NonZero::new(64).map_or(Chunks::Automatic, Chunks::Of);
/// assert_eq!(pool.map::<Echo, _>(0..100).chunks(size).count(), 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Chunks {
    /// As many as a worker gets through in a fraction of a millisecond: one of long tasks, hundreds of tiny
    /// ones.
    #[default]
    Automatic,
    /// Always so many, up to a million; all their inputs are taken before the first of them is done.
    Of(NonZero<usize>),
}

impl Chunks {
    /// Each task in a message of its own.
    pub const SINGLE: Self = Self::Of(NonZero::<usize>::MIN);
}

/// How much work a chunk should be.
const CHUNK_TIME: Duration = Duration::from_micros(200);

/// The most tasks in a chunk.
const LARGEST: usize = 1024;

/// The most that can be asked for.
const LARGEST_ASKED: usize = 1 << 20;

/// Follows how fast results come, and so how many tasks a chunk should have.
#[derive(Debug)]
pub(super) struct Sizer {
    chunks: Chunks,
    workers: usize,
    size: usize,
    tempo: Tempo,
}

impl Sizer {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            chunks: Chunks::Automatic,
            workers,
            size: 1,
            tempo: Tempo::default(),
        }
    }

    pub(super) fn set(&mut self, chunks: Chunks) {
        self.chunks = chunks;
        if let Chunks::Of(size) = chunks {
            self.size = size.get().min(LARGEST_ASKED);
        }
    }

    /// Tasks for the next chunk.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Tasks that should be on their way so that every worker has a chunk to work on and one to come.
    pub(super) fn least_ahead(&self) -> usize {
        2 * self.workers * self.size
    }

    /// So many results came together, now.
    pub(super) fn observe(&mut self, count: u64, now: Instant) {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count == 0 || self.chunks != Chunks::Automatic {
            return;
        }
        self.tempo.observe(count, self.workers, now);
        if let Some(fitting) = self.tempo.fitting(CHUNK_TIME) {
            // At most doubled each time: a burst of results does not prove that all tasks are short.
            self.size = fitting.clamp(1, (self.size * 2).min(LARGEST));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(steps: u32, count: u64, apart: Duration) -> usize {
        let mut sizer = Sizer::new(2);
        let now = Instant::now();
        for step in 0..steps {
            sizer.observe(count, now + apart * step);
        }
        sizer.size()
    }

    #[test]
    fn long_tasks_travel_alone_and_short_ones_together() {
        assert_eq!(after(30, 1, Duration::from_millis(1)), 1);
        assert_eq!(after(30, 10, Duration::from_micros(50)), 20);
        assert_eq!(after(30, 10_000, Duration::from_micros(100)), LARGEST);
        assert_eq!(
            after(3, 10_000, Duration::from_micros(100)),
            4,
            "step by step"
        );
    }

    #[test]
    fn a_size_that_was_asked_for_stays() {
        let mut sizer = Sizer::new(2);
        sizer.set(Chunks::SINGLE);
        for step in 0..10 {
            sizer.observe(1000, Instant::now() + Duration::from_micros(step));
        }
        assert_eq!(sizer.size(), 1);
    }
}
