//! One who changes, or several who read.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    time::Duration,
};

use super::{LockError, LockResult, SyncError, Ticket, ticket::sealed::Sealed};
use crate::shm::{
    Plain,
    guarded::{Common, Exclusive, Guarded},
    member::Kind,
    rows,
};

const KIND: Kind = rows::kind(*b"rwlk");

/// Data that processes share, and that several at a time may read, or one may change.
///
/// Readers that die are taken out when a writer has waited for them for 50 ms. A writer that dies in the middle of
/// its work leaves a mark, as with [`Mutex`](super::Mutex): the next reader or writer gets
/// [`LockError::HolderDied`] with its guard, until a writer mends it. One that dies while it still waits for readers has
/// changed nothing, and leaves none.
///
/// A writer that waits goes before readers that come later. It can be open 1,024 times at once; each opening may be
/// used by any number of threads. Readers do not slow each other down.
///
/// ```
/// use brigade_protocol::sync::RwLock;
///
/// let table = RwLock::of(&[0_u32; 1000][..])?;
/// let opened = table.ticket().open()?; // in another process, as a rule
/// table.write()?[17] = 4;
/// let (here, there) = (table.read()?, opened.read()?);
/// assert_eq!(here[17] + there[17], 8);
/// assert!(table.try_write().is_err());
/// # Ok::<(), brigade_protocol::sync::SyncError>(())
/// ```
#[derive(Debug)]
pub struct RwLock<T: ?Sized>(Guarded<T>);

impl<T: Plain> RwLock<T> {
    /// Shares a value.
    ///
    /// # Errors
    /// [`SyncError::System`] when there is no memory or no descriptor left.
    #[expect(clippy::needless_pass_by_value, reason = "as of every lock")]
    pub fn new(value: T) -> Result<Self, SyncError> {
        Self::of(&value)
    }
}

impl<T: Plain + ?Sized> RwLock<T> {
    /// Shares a copy of a value, which may be a slice.
    ///
    /// # Errors
    /// [`SyncError::System`] when there is no memory or no descriptor left.
    pub fn of(value: &T) -> Result<Self, SyncError> {
        Guarded::create(KIND, value)?
            .map(Self)
            .ok_or(SyncError::Impossible("data of this alignment or size"))
    }

    /// Waits until nobody changes the data, and keeps those away who would.
    ///
    /// # Errors
    /// [`LockError::HolderDied`] with the guard, if the lock is marked.
    #[inline]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        reader(self.0.share(None))
    }

    /// As [`read`](Self::read), for at most `limit`.
    ///
    /// # Errors
    /// [`LockError::Busy`] when a writer had it for all that time; [`LockError::HolderDied`] as `read`.
    #[inline]
    pub fn read_timeout(&self, limit: Duration) -> LockResult<RwLockReadGuard<'_, T>> {
        reader(self.0.share(Some(limit)))
    }

    /// As [`read`](Self::read), if there is no writer now.
    ///
    /// # Errors
    /// As [`read_timeout`](Self::read_timeout).
    #[inline]
    pub fn try_read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        reader(self.0.share(Some(Duration::ZERO)))
    }

    /// Waits until nobody else reads or changes the data, and keeps all away.
    ///
    /// # Errors
    /// [`LockError::HolderDied`] with the guard, if the lock is marked.
    #[inline]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        writer(self.0.take(None))
    }

    /// As [`write`](Self::write), for at most `limit`, and as long again for readers to end.
    ///
    /// # Errors
    /// [`LockError::Busy`] when others had it for all that time; [`LockError::HolderDied`] as `write`.
    #[inline]
    pub fn write_timeout(&self, limit: Duration) -> LockResult<RwLockWriteGuard<'_, T>> {
        writer(self.0.take(Some(limit)))
    }

    /// As [`write`](Self::write), if nobody is there now.
    ///
    /// # Errors
    /// As [`write_timeout`](Self::write_timeout).
    #[inline]
    pub fn try_write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        writer(self.0.try_take())
    }

    /// A ticket for others to open it.
    #[must_use]
    pub fn ticket(&self) -> Ticket<Self> {
        Ticket::new(self.0.member().address())
    }
}

impl<T: Plain + ?Sized> Sealed for RwLock<T> {
    fn open(ticket: &Ticket<Self>) -> Result<Self, SyncError> {
        Ok(Self(Guarded::open(KIND, ticket.address())?))
    }
}

#[inline]
fn reader<T: Plain + ?Sized>(shared: Option<Common<'_, T>>) -> LockResult<RwLockReadGuard<'_, T>> {
    let guard = RwLockReadGuard(shared.ok_or(LockError::Busy)?);
    if guard.0.is_marked() {
        return Err(LockError::HolderDied(guard));
    }
    Ok(guard)
}

#[inline]
fn writer<T: Plain + ?Sized>(
    taken: Option<Exclusive<'_, T>>,
) -> LockResult<RwLockWriteGuard<'_, T>> {
    let guard = RwLockWriteGuard(taken.ok_or(LockError::Busy)?);
    if guard.is_marked() {
        return Err(LockError::HolderDied(guard));
    }
    Ok(guard)
}

/// The data of a [`RwLock`], to be read for as long as this lives.
#[must_use = "a writer may come as soon as this is dropped"]
pub struct RwLockReadGuard<'a, T: Plain + ?Sized>(Common<'a, T>);

/// The data of a [`RwLock`], to be changed for as long as this lives.
#[must_use = "the lock is free again as soon as this is dropped"]
pub struct RwLockWriteGuard<'a, T: Plain + ?Sized>(Exclusive<'a, T>);

impl<T: Plain + ?Sized> RwLockWriteGuard<'_, T> {
    /// Whether an earlier writer has died or panicked, and nobody has mended the lock since.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.0.is_marked()
    }

    /// Says that the data is sound: takes the mark away.
    pub fn mend(&mut self) {
        self.0.mend();
    }
}

impl<'a, T: Plain + ?Sized> LockError<RwLockWriteGuard<'a, T>> {
    /// Sets the data right by `repair`, takes the mark away, and keeps the lock.
    ///
    /// # Errors
    /// [`LockError::Busy`], if it was that.
    pub fn mend(self, repair: impl FnOnce(&mut T)) -> LockResult<RwLockWriteGuard<'a, T>> {
        let mut guard = self.into_guard().ok_or(LockError::Busy)?;
        repair(&mut guard);
        guard.mend();
        Ok(guard)
    }
}

impl<T: Plain + ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Plain + ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Plain + ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Plain + ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<T: Plain + ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
