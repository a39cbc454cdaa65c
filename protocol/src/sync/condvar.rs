//! Waiting until the data behind a mutex is as one wants it.

use std::{
    sync::atomic::Ordering::SeqCst,
    time::{Duration, Instant},
};

use super::{LockResult, MutexGuard, SyncError, Ticket, ticket::sealed::Sealed};
use crate::shm::{
    Plain, futex,
    member::{Kind, Member},
};

const KIND: Kind = Kind::small(*b"cond");
/// How many times somebody has notified.
const SEQUENCE: usize = 64;
/// Whether somebody may sleep: 0 or 1.
const SLEEPERS: usize = 128;

/// After so long a waiter looks for itself.
const LONGEST_WAIT: Duration = Duration::from_millis(100);
/// The least time that a waiter has to get the lock back.
const LEAST_RETURN: Duration = Duration::from_millis(100);

/// Lets holders of a [`Mutex`](super::Mutex) wait, without the lock, until others have changed the data.
///
/// A wake-up may be lost with a process that is killed: the one that was to notify, or the one that was notified.
/// So a waiter looks for itself after a tenth of a second at the latest: [`wait`](Self::wait) may end without a
/// notification, as condition variables may anyway, and [`wait_while`](Self::wait_while) asks its condition then.
/// Nobody waits for ever for something that is so already.
///
/// ```
/// use std::{thread, time::Duration};
/// use brigade_protocol::sync::{Condvar, Mutex, SyncError};
///
/// let (dishes, changed) = (Mutex::new(0_u32)?, Condvar::new()?);
/// thread::scope(|scope| {
///     scope.spawn(|| {
///         *dishes.lock()? += 3;
///         changed.notify_all();
///         Ok::<(), SyncError>(())
///     });
///     let guard = dishes.lock()?;
///     let limit = Duration::from_secs(20);
///     let (guard, has_come) = changed.wait_timeout_while(guard, limit, |dishes| *dishes < 3)?;
///     assert!(has_come && *guard == 3);
///     Ok::<(), SyncError>(())
/// })?;
/// # Ok::<(), SyncError>(())
/// ```
#[derive(Debug)]
pub struct Condvar(Member);

impl Condvar {
    /// Makes a condition variable.
    ///
    /// # Errors
    /// [`SyncError::System`] when there is no memory or no descriptor left.
    pub fn new() -> Result<Self, SyncError> {
        Ok(Self(Member::create(KIND, 0, |_| ())?))
    }

    /// Wakes one who waits.
    pub fn notify_one(&self) {
        self.notify(1);
    }

    /// Wakes all who wait.
    pub fn notify_all(&self) {
        self.notify(u32::MAX);
    }

    fn notify(&self, count: u32) {
        let sequence = self.0.word(SEQUENCE);
        sequence.fetch_add(1, SeqCst);
        if self.0.word(SLEEPERS).load(SeqCst) != 0 {
            futex::wake(sequence, count);
        }
    }

    /// Gives the lock back, sleeps until somebody notifies or a tenth of a second has passed, and takes the lock
    /// again.
    ///
    /// # Errors
    /// As [`Mutex::lock`](super::Mutex::lock).
    pub fn wait<'a, T: Plain + ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
    ) -> LockResult<MutexGuard<'a, T>> {
        let mutex = guard.mutex();
        self.sleep(guard, LONGEST_WAIT);
        mutex.lock()
    }

    /// Waits as long as `is_early` says so of the data.
    ///
    /// # Errors
    /// As [`Mutex::lock`](super::Mutex::lock).
    pub fn wait_while<'a, T: Plain + ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut is_early: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while is_early(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// As [`wait_while`](Self::wait_while), for at most `limit`; with the guard comes whether the wait was ended by
    /// the condition. To get the lock back may take as long as `limit` again, and at least a tenth of a second.
    ///
    /// # Errors
    /// As [`Mutex::lock_timeout`](super::Mutex::lock_timeout).
    pub fn wait_timeout_while<'a, T: Plain + ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        limit: Duration,
        mut is_early: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, bool)> {
        let began = Instant::now();
        loop {
            if !is_early(&mut guard) {
                return Ok((guard, true));
            }
            let left = limit.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Ok((guard, false));
            }
            let mutex = guard.mutex();
            self.sleep(guard, left.min(LONGEST_WAIT));
            guard = mutex
                .lock_timeout(limit.max(LEAST_RETURN))
                .map_err(super::error::paired)?;
        }
    }

    fn sleep<T: Plain + ?Sized>(&self, guard: MutexGuard<'_, T>, limit: Duration) {
        let sequence = self.0.word(SEQUENCE);
        self.0.word(SLEEPERS).store(1, SeqCst);
        let seen = sequence.load(SeqCst);
        drop(guard);
        futex::wait(sequence, seen, limit);
    }

    /// A ticket for others to open it.
    #[must_use]
    pub fn ticket(&self) -> Ticket<Self> {
        Ticket::new(self.0.address())
    }
}

impl Sealed for Condvar {
    fn open(ticket: &Ticket<Self>) -> Result<Self, SyncError> {
        Ok(Self(Member::open(KIND, ticket.address())?))
    }
}
