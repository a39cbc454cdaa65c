//! One at a time.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    time::Duration,
};

use super::{LockError, LockResult, SyncError, Ticket, ticket::sealed::Sealed};
use crate::shm::{
    Plain,
    guarded::{Exclusive, Guarded},
    member::Kind,
};

const KIND: Kind = Kind::small(*b"mutx");

/// Data that processes share and that one at a time may look at and change.
///
/// If a holder dies, however it does, the lock is free again within 50 ms, and the next one gets it with a *mark*:
/// [`LockError::HolderDied`]. The data is as the dead left it, perhaps changed by half. The mark stays, as poison
/// does in the standard library, until somebody calls [`MutexGuard::mend`]. A holder that panics leaves it too.
///
/// ```
/// use brigade_protocol::sync::{LockError, Mutex, Ticket};
///
/// let total = Mutex::new(0_u64)?;
///
/// // In a task, whose input has this ticket:
/// let ticket: Ticket<Mutex<u64>> = total.ticket();
/// let opened = ticket.open()?;
/// *opened.lock()? += 7;
/// // What happens to a task that is killed here happens to an end that goes with its guard forgotten:
/// std::mem::forget(opened.lock()?);
/// drop(opened);
///
/// let guard = total.lock().or_else(|error| {
///     error.mend(|total| *total = 7) // what is known to be right
/// })?;
/// assert_eq!(*guard, 7);
/// # Ok::<(), brigade_protocol::sync::SyncError>(())
/// ```
///
/// It is not reentrant: who locks it again while it has it waits for ever, or until its time limit. It may be used
/// from any number of threads.
#[derive(Debug)]
pub struct Mutex<T: ?Sized>(Guarded<T>);

impl<T: Plain> Mutex<T> {
    /// Shares a value.
    ///
    /// # Errors
    /// [`SyncError::System`] when there is no memory or no descriptor left.
    #[expect(clippy::needless_pass_by_value, reason = "as of every lock")]
    pub fn new(value: T) -> Result<Self, SyncError> {
        Self::of(&value)
    }
}

impl<T: Plain + ?Sized> Mutex<T> {
    /// Shares a copy of a value, which may be a slice.
    ///
    /// ```
    /// use brigade_protocol::sync::Mutex;
    ///
    /// let row = Mutex::of(&[1.5_f64, 2.5, 3.5][..])?;
    /// row.lock()?.sort_by(|a, b| b.total_cmp(a));
    /// assert_eq!(*row.lock()?, [3.5, 2.5, 1.5]);
    /// # Ok::<(), brigade_protocol::sync::SyncError>(())
    /// ```
    ///
    /// # Errors
    /// [`SyncError::System`] when there is no memory or no descriptor left.
    pub fn of(value: &T) -> Result<Self, SyncError> {
        Guarded::create(KIND, value)?
            .map(Self)
            .ok_or(SyncError::Impossible("data of this alignment or size"))
    }

    /// Takes the lock, and waits for it as long as its holder lives.
    ///
    /// # Errors
    /// [`LockError::HolderDied`] with the lock, if it is marked.
    #[inline]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.guard(self.0.take(None))
    }

    /// Takes the lock, and waits for it for at most `limit`.
    ///
    /// # Errors
    /// [`LockError::Busy`] when it was not free in time, [`LockError::HolderDied`] with the lock, if it is marked.
    #[inline]
    pub fn lock_timeout(&self, limit: Duration) -> LockResult<MutexGuard<'_, T>> {
        self.guard(self.0.take(Some(limit)))
    }

    /// Takes the lock if it is free, or its holder dead.
    ///
    /// # Errors
    /// As [`lock_timeout`](Self::lock_timeout).
    #[inline]
    pub fn try_lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.guard(self.0.try_take())
    }

    #[inline]
    fn guard<'a>(&'a self, taken: Option<Exclusive<'a, T>>) -> LockResult<MutexGuard<'a, T>> {
        let Some(data) = taken else {
            return Err(LockError::Busy);
        };
        let is_marked = data.is_marked();
        let guard = MutexGuard { mutex: self, data };
        if is_marked {
            Err(LockError::HolderDied(guard))
        } else {
            Ok(guard)
        }
    }

    /// Whether somebody who lives holds the lock, or did a moment ago.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.holder().is_some()
    }

    /// Whether a holder has died or panicked, and nobody has mended the lock since.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.0.lock().is_marked()
    }

    /// The number of this opening of the lock: no other one has it, ever. See [`holder`](Self::holder).
    #[must_use]
    pub fn opening(&self) -> u32 {
        self.0.member().number()
    }

    /// Through which opening somebody who lives holds the lock at the moment, to tell who waits for whom.
    #[must_use]
    pub fn holder(&self) -> Option<u32> {
        self.0.holder()
    }

    /// A ticket for others to open it.
    #[must_use]
    pub fn ticket(&self) -> Ticket<Self> {
        Ticket::new(self.0.member().address())
    }
}

impl<T: Plain + ?Sized> Sealed for Mutex<T> {
    fn open(ticket: &Ticket<Self>) -> Result<Self, SyncError> {
        Ok(Self(Guarded::open(KIND, ticket.address())?))
    }
}

/// The data of a [`Mutex`], for as long as this lives.
#[must_use = "the lock is free again as soon as this is dropped"]
pub struct MutexGuard<'a, T: Plain + ?Sized> {
    mutex: &'a Mutex<T>,
    data: Exclusive<'a, T>,
}

impl<'a, T: Plain + ?Sized> MutexGuard<'a, T> {
    /// Whether an earlier holder has died or panicked, and nobody has mended the lock since.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.data.is_marked()
    }

    /// Says that the data is sound: takes the mark away.
    pub fn mend(&mut self) {
        self.data.mend();
    }

    /// The mutex that this is a guard of.
    pub(super) const fn mutex(&self) -> &'a Mutex<T> {
        self.mutex
    }
}

impl<'a, T: Plain + ?Sized> LockError<MutexGuard<'a, T>> {
    /// Sets the data right by `repair`, takes the mark away, and keeps the lock.
    ///
    /// # Errors
    /// [`LockError::Busy`], if it was that.
    pub fn mend(self, repair: impl FnOnce(&mut T)) -> LockResult<MutexGuard<'a, T>> {
        let mut guard = self.into_guard().ok_or(LockError::Busy)?;
        repair(&mut guard);
        guard.mend();
        Ok(guard)
    }
}

impl<T: Plain + ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T: Plain + ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

impl<T: Plain + ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.data, f)
    }
}
