//! Where one side sleeps until the other has done something.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering, fence},
    },
    thread,
    time::{Duration, Instant},
};

use super::futex;

const NOBODY: u32 = 0;
const SOMEBODY: u32 = 1;

/// The longest sleep before the sleeper looks whether the other side is still alive.
pub(crate) const LONGEST_SLEEP: Duration = Duration::from_millis(50);

/// With one processor nothing can change while somebody looks, so nobody looks.
pub(crate) static HAS_COMPANY: LazyLock<bool> =
    LazyLock::new(|| thread::available_parallelism().is_ok_and(|count| count.get() > 1));

/// A word of shared memory that says whether somebody sleeps at it.
///
/// To sleep: [`announce`](Self::announce), look whether there is really nothing to do, [`sleep`](Self::sleep).
/// To wake: change what the sleeper looks at, then [`open`](Self::open). One of the two sees the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gate<'a>(pub(crate) &'a AtomicU32);

impl Gate<'_> {
    /// Says that somebody is about to sleep.
    pub(crate) fn announce(self) {
        self.0.store(SOMEBODY, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Sleeps until the gate is opened, for at most this long.
    pub(crate) fn sleep(self, limit: Duration) {
        futex::wait(self.0, SOMEBODY, limit.min(LONGEST_SLEEP));
    }

    /// Wakes up to `count` sleepers, if there are any. What they look at must have been changed before.
    pub(crate) fn open(self, count: u32) {
        fence(Ordering::SeqCst);
        if self.0.load(Ordering::Relaxed) == SOMEBODY
            && self.0.swap(NOBODY, Ordering::AcqRel) == SOMEBODY
        {
            futex::wake(self.0, count);
        }
    }

    /// As [`open`](Self::open), where the last thing that was changed was changed by a sequentially consistent
    /// read-modify-write, which is fence enough.
    #[inline]
    pub(crate) fn open_after_exchange(self, count: u32) {
        if self.0.load(Ordering::SeqCst) == SOMEBODY
            && self.0.swap(NOBODY, Ordering::AcqRel) == SOMEBODY
        {
            futex::wake(self.0, count);
        }
    }

    /// Says that others may still sleep, after one of several was woken.
    pub(crate) fn leave_open_for_others(self) {
        self.0.store(SOMEBODY, Ordering::Relaxed);
    }
}

/// When a wait has to end; `None` is never.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    pub(crate) const NEVER: Self = Self(None);

    /// After this long. What lies beyond the clock's range never comes.
    pub(crate) fn after(limit: Duration) -> Self {
        Self(Instant::now().checked_add(limit))
    }

    /// After this long, or never.
    pub(crate) fn of(limit: Option<Duration>) -> Self {
        limit.map_or(Self::NEVER, Self::after)
    }

    /// How long there is left, `None` when it is over.
    pub(crate) fn left(self) -> Option<Duration> {
        match self.0 {
            None => Some(Duration::MAX),
            Some(end) => end
                .checked_duration_since(Instant::now())
                .filter(|left| !left.is_zero()),
        }
    }
}
