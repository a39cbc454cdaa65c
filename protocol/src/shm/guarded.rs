//! Plain data behind a lock: one may change it, or several may read it.
//!
//! This is where a lock becomes a reference, so the proof that nobody else has one is here and in `lock.rs`
//! and `rows.rs`. It rests on three things: who holds the lock's word is the only one that does, for as long as
//! its process lives (`lock.rs`); a reader is entered before it looks for a writer, and a writer is entered
//! before it looks for readers, so that one of them sees the other (`rows.rs`); and the dead have no references.
#![expect(
    unsafe_code,
    reason = "references to memory that several processes map"
)]

use std::{
    fmt,
    marker::PhantomData,
    ops::{Deref, DerefMut},
    sync::atomic::{
        Ordering::{Relaxed, Release, SeqCst},
        compiler_fence,
    },
    thread,
    time::Duration,
};

use super::{
    Address, ArenaError,
    lock::{Held, Lock},
    member::{Kind, Member, OpenError},
    plain::Plain,
    rows::{Row, Rows},
};

/// Where the word of the lock is.
const LOCK: usize = 64;
/// Not 0 while somebody who holds the lock may be changing the data.
const DIRTY: usize = 68;

/// Data and the lock that guards it, as one opening of it sees them.
#[derive(Debug)]
pub(crate) struct Guarded<T: ?Sized> {
    member: Member,
    /// As it was when opened: the length in shared memory may change under a process that breaks the rules.
    bytes: usize,
    /// Where this opening is entered as a reader, if there are readers at all.
    row: Option<Row>,
    data: PhantomData<fn(&T) -> &T>,
}

impl<T: Plain + ?Sized> Guarded<T> {
    /// Shares a copy of this value; `None` when it cannot be laid out.
    pub(crate) fn create(kind: Kind, value: &T) -> Result<Option<Self>, ArenaError> {
        let bytes = value.bytes();
        if !T::fits(bytes.len()) {
            return Ok(None);
        }
        let member = Member::create(kind_of::<T>(kind), bytes.len(), |member| {
            member.arena().write(0, bytes);
        })?;
        Ok(Some(Self {
            row: Rows::enter(&member).ok().flatten(),
            member,
            bytes: bytes.len(),
            data: PhantomData,
        }))
    }

    /// Opens what another opening shares.
    pub(crate) fn open(kind: Kind, address: Address) -> Result<Self, OpenError> {
        let member = Member::open(kind_of::<T>(kind), address)?;
        let bytes = member.data_bytes();
        // Checked when it was opened against the room there is; read once more, it may be another.
        if !T::fits(bytes) || bytes > member.arena().ring_bytes() {
            return Err(OpenError::Other);
        }
        let row = Rows::enter(&member).map_err(|()| OpenError::Crowded)?;
        Ok(Self {
            member,
            bytes,
            row,
            data: PhantomData,
        })
    }

    pub(crate) fn member(&self) -> &Member {
        &self.member
    }

    /// Which living member has the data for itself alone, or waits for readers to go.
    pub(crate) fn holder(&self) -> Option<u32> {
        let holder = self.lock().holder();
        holder.filter(|holder| self.member.is_alive(*holder))
    }

    /// The lock of who changes the data.
    #[inline]
    pub(crate) fn lock(&self) -> Lock<'_> {
        let lock = Lock::at(&self.member, LOCK);
        if self.row.is_some() {
            lock.with_dirty(DIRTY)
        } else {
            lock
        }
    }

    /// Takes the data for oneself alone, within the limit.
    #[inline]
    pub(crate) fn take(&self, limit: Option<Duration>) -> Option<Exclusive<'_, T>> {
        let held = self.lock().take(limit)?;
        self.exclusive(held, limit)
    }

    /// Takes the data for oneself alone if that is possible at once.
    #[inline]
    pub(crate) fn try_take(&self) -> Option<Exclusive<'_, T>> {
        let held = self.lock().try_take()?;
        self.exclusive(held, Some(Duration::ZERO))
    }

    #[inline]
    fn exclusive<'a>(
        &'a self,
        held: Held<'a>,
        limit: Option<Duration>,
    ) -> Option<Exclusive<'a, T>> {
        if self.row.is_some() {
            if !Rows::of(&self.member).wait_until_gone(limit) {
                return None;
            }
            self.member.word(DIRTY).store(1, Relaxed);
            // In this order even for who is killed in between: first said, then done.
            compiler_fence(SeqCst);
        }
        Some(Exclusive {
            guarded: self,
            held,
            was_panicking: thread::panicking(),
        })
    }

    /// Takes the data for reading, within the limit; `None` too where there are no readers.
    #[inline]
    pub(crate) fn share(&self, limit: Option<Duration>) -> Option<Common<'_, T>> {
        let row = self.row?;
        let readers = Rows::of(&self.member);
        let lock = self.lock();
        readers.begin(row);
        if lock.holder().is_some() {
            readers.end(row);
            // Behind the writer, as another writer would be, and past it with the lock in hand.
            let held = match limit {
                Some(Duration::ZERO) => lock.try_take()?,
                _ => lock.take(limit)?,
            };
            readers.begin(row);
            drop(held);
        }
        Some(Common { guarded: self, row })
    }

    #[inline]
    fn place(&self) -> *mut T {
        T::at(self.member.arena().ring(), self.bytes)
    }
}

impl<T: ?Sized> Drop for Guarded<T> {
    fn drop(&mut self) {
        if let Some(row) = self.row.take() {
            Rows::of(&self.member).leave(row);
        }
    }
}

fn kind_of<T: Plain + ?Sized>(kind: Kind) -> Kind {
    kind.of(T::ELEMENT.0, T::ELEMENT.1)
}

/// The data, for one alone.
pub(crate) struct Exclusive<'a, T: Plain + ?Sized> {
    guarded: &'a Guarded<T>,
    held: Held<'a>,
    was_panicking: bool,
}

impl<T: Plain + ?Sized> Exclusive<'_, T> {
    /// Whether a holder died, and nobody has said since that the data is sound.
    #[inline]
    pub(crate) fn is_marked(&self) -> bool {
        self.held.is_marked()
    }

    /// Says that the data is sound.
    pub(crate) fn mend(&self) {
        self.held.mend();
    }
}

impl<T: Plain + ?Sized> Deref for Exclusive<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the place is aligned, has room for the value and holds one, since any bytes are one (`Plain`).
        // This value holds the lock, and no reader is entered, so nobody else has a reference for as long as it
        // does; see the head of this file.
        unsafe { &*self.guarded.place() }
    }
}

impl<T: Plain + ?Sized> DerefMut for Exclusive<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`, and this value is borrowed for it.
        unsafe { &mut *self.guarded.place() }
    }
}

impl<T: Plain + ?Sized + fmt::Debug> fmt::Debug for Exclusive<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: Plain + ?Sized> Drop for Exclusive<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if !self.was_panicking && thread::panicking() {
            self.held.mark();
        }
        if self.guarded.row.is_some() {
            let dirty = self.guarded.member.word(DIRTY);
            dirty.store(0, Release);
        }
    }
}

/// The data, for several who read it.
pub(crate) struct Common<'a, T: Plain + ?Sized> {
    guarded: &'a Guarded<T>,
    row: Row,
}

impl<T: Plain + ?Sized> Common<'_, T> {
    /// Whether a holder died, and nobody has said since that the data is sound.
    #[inline]
    pub(crate) fn is_marked(&self) -> bool {
        self.guarded.lock().is_marked()
    }
}

impl<T: Plain + ?Sized> Deref for Common<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: as in `Exclusive::deref`, but for other readers: as long as this one is entered, no writer has
        // a reference.
        unsafe { &*self.guarded.place() }
    }
}

impl<T: Plain + ?Sized + fmt::Debug> fmt::Debug for Common<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: Plain + ?Sized> Drop for Common<'_, T> {
    #[inline]
    fn drop(&mut self) {
        Rows::of(&self.guarded.member).end(self.row);
    }
}
