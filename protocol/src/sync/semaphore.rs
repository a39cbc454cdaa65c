//! Permits that are counted.

use std::{
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
    time::Duration,
};

use super::{SyncError, Ticket, ticket::sealed::Sealed};
use crate::shm::{
    gate::{Deadline, Gate},
    lock::{Held, Lock},
    member::{Kind, Member},
    rows::{self, Row, Rows},
};

const KIND: Kind = rows::kind(*b"sema");
/// The lock of the words below. It is held for some instructions at a time.
const LOCK: usize = 64;
/// Permits that nobody has: always `TOTAL` less the sum of the rows of the living, unless somebody has just died.
const FREE: usize = 192;
/// Permits that there are.
const TOTAL: usize = 196;
/// Where those sleep who wait for a permit.
const GATE: usize = 256;

const MOST: u32 = 1 << 31;

/// A number of permits that processes share. Who wants one waits until there is one.
///
/// Permits that are held go back by themselves, when their [`Permit`] is dropped and when their holder dies: whoever
/// waits finds that out within 50 ms. So no permit is ever lost with a process. In the manner of a signal, permits can
/// also be made by one process ([`release`](Self::release)) and used up by another ([`Permit::forget`]); these
/// belong to nobody in between, and nobody's death changes their number.
///
/// ```
/// use brigade_protocol::sync::{Semaphore, SyncError};
///
/// let connections = Semaphore::new(2)?;
/// let (first, second) = (connections.acquire()?, connections.acquire()?);
/// assert_eq!(connections.try_acquire().err(), Some(SyncError::Busy));
/// drop(first);
/// assert_eq!(connections.available(), 1);
///
/// // As a signal: what one makes, another one uses up.
/// let ready = Semaphore::new(0)?;
/// ready.ticket().open()?.release(3)?;
/// ready.acquire()?.forget();
/// assert_eq!(ready.available(), 2);
/// # drop(second);
/// # Ok::<(), SyncError>(())
/// ```
///
/// With a fixed number of permits, [`BoundedSemaphore`](super::BoundedSemaphore) is faster. This one can be open
/// 1,024 times at once; each opening may be used by any number of threads.
#[derive(Debug)]
pub struct Semaphore {
    member: Member,
    row: Row,
}

impl Semaphore {
    /// Makes a semaphore with so many permits.
    ///
    /// # Errors
    /// [`SyncError::TooManyPermits`] above 2³¹, and [`SyncError::System`] when there is no memory or no descriptor left.
    pub fn new(permits: u32) -> Result<Self, SyncError> {
        if permits > MOST {
            return Err(SyncError::TooManyPermits);
        }
        Self::entered(Member::create(KIND, 0, |member| {
            member.word(FREE).store(permits, Relaxed);
            member.word(TOTAL).store(permits, Relaxed);
        })?)
    }

    fn entered(member: Member) -> Result<Self, SyncError> {
        let row = Rows::enter(&member).map_err(|()| SyncError::Crowded)?;
        let row = row.ok_or(SyncError::Other)?;
        Ok(Self { member, row })
    }

    /// Takes a permit, and waits for one if there is none.
    ///
    /// # Errors
    /// None of its own; it is like the others so that they can be exchanged.
    #[inline]
    pub fn acquire(&self) -> Result<Permit<'_>, SyncError> {
        self.acquire_within(None)
    }

    /// Takes a permit, and waits for one for at most `limit`.
    ///
    /// # Errors
    /// [`SyncError::Busy`] when there was none in time.
    #[inline]
    pub fn acquire_timeout(&self, limit: Duration) -> Result<Permit<'_>, SyncError> {
        self.acquire_within(Some(limit))
    }

    /// Takes a permit if there is one now.
    ///
    /// # Errors
    /// [`SyncError::Busy`] when there is none.
    #[inline]
    pub fn try_acquire(&self) -> Result<Permit<'_>, SyncError> {
        self.acquire_within(Some(Duration::ZERO))
    }

    /// Makes so many permits more.
    ///
    /// # Errors
    /// [`SyncError::TooManyPermits`] when there would be more than 2³¹, and nothing has changed then.
    pub fn release(&self, permits: u32) -> Result<(), SyncError> {
        let turn = self.turn(None).ok_or(SyncError::Busy)?;
        let (total, free) = (self.member.word(TOTAL), self.member.word(FREE));
        let sum = total.load(Relaxed).checked_add(permits);
        let sum = sum.filter(|sum| *sum <= MOST);
        total.store(sum.ok_or(SyncError::TooManyPermits)?, Release);
        free.store(free.load(Relaxed) + permits, Release);
        drop(turn);
        self.gate().open(permits);
        Ok(())
    }

    /// How many permits nobody has, or had a moment ago. Those of somebody who died count when somebody has waited
    /// for them.
    #[must_use]
    pub fn available(&self) -> u32 {
        self.member.word(FREE).load(Acquire)
    }

    /// A ticket for others to open it.
    #[must_use]
    pub fn ticket(&self) -> Ticket<Self> {
        Ticket::new(self.member.address())
    }

    fn gate(&self) -> Gate<'_> {
        self.member.gate(GATE)
    }

    /// The turn of who changes the words. If somebody has died in the middle of that, they are set right first.
    #[inline]
    fn turn(&self, limit: Option<Duration>) -> Option<Held<'_>> {
        let held = Lock::at(&self.member, LOCK).take(limit)?;
        if held.is_marked() {
            self.set_right(&held);
        }
        Some(held)
    }

    /// Counts anew, without what the dead have.
    #[cold]
    fn set_right(&self, turn: &Held<'_>) {
        let total = self.member.word(TOTAL).load(Relaxed);
        let held = u32::try_from(Rows::of(&self.member).sum_of_living()).unwrap_or(u32::MAX);
        let free = total.saturating_sub(held);
        self.member.word(FREE).store(free, Release);
        turn.mend();
        if free > 0 {
            // Who sleeps has not heard of these.
            self.gate().open(free);
        }
    }

    #[inline]
    fn acquire_within(&self, limit: Option<Duration>) -> Result<Permit<'_>, SyncError> {
        // Turns are short, so even who does not want to wait waits for one.
        let turn = self.turn(Some(limit.map_or(TURN, |limit| limit.max(TURN))));
        match turn.and_then(|turn| self.grant(turn)) {
            Some(permit) => Ok(permit),
            None => self.wait(limit),
        }
    }

    #[inline]
    fn grant<'a>(&'a self, turn: Held<'a>) -> Option<Permit<'a>> {
        let free = self.member.word(FREE);
        let left = free.load(Relaxed).checked_sub(1)?;
        // In this order: who is killed in between has a permit, and will be found.
        Rows::of(&self.member).add(self.row, 1);
        free.store(left, Release);
        drop(turn);
        Some(Permit { semaphore: self })
    }

    #[cold]
    fn wait(&self, limit: Option<Duration>) -> Result<Permit<'_>, SyncError> {
        let (deadline, gate) = (Deadline::of(limit), self.gate());
        let mut has_slept = false;
        loop {
            gate.announce();
            let left = deadline.left();
            if let Some(turn) = self.turn(Some(left.unwrap_or(TURN).max(TURN))) {
                // With nothing free for a while it may be that the dead have it.
                if self.available() == 0 && (has_slept || left.is_none()) {
                    self.set_right(&turn);
                }
                if let Some(permit) = self.grant(turn) {
                    if has_slept {
                        gate.leave_open_for_others();
                    }
                    return Ok(permit);
                }
            }
            gate.sleep(left.ok_or(SyncError::Busy)?);
            has_slept = true;
        }
    }
}

/// How long a turn is waited for by who has no time to wait.
const TURN: Duration = Duration::from_millis(100);

impl Sealed for Semaphore {
    fn open(ticket: &Ticket<Self>) -> Result<Self, SyncError> {
        Self::entered(Member::open(KIND, ticket.address())?)
    }
}

impl Drop for Semaphore {
    fn drop(&mut self) {
        Rows::of(&self.member).leave(self.row);
    }
}

/// A permit of a [`Semaphore`], which goes back when this is dropped.
#[derive(Debug)]
#[must_use = "the permit goes back as soon as this is dropped"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
}

#[cfg(test)]
impl<'a> Permit<'a> {
    /// One that the semaphore has counted, and whose value was forgotten.
    pub(super) fn of(semaphore: &'a Semaphore) -> Self {
        Self { semaphore }
    }
}

impl Permit<'_> {
    /// Uses the permit up: it does not go back, there is one less.
    pub fn forget(self) {
        let Semaphore { member, row } = self.semaphore;
        if let Some(turn) = self.semaphore.turn(None) {
            let total = member.word(TOTAL);
            // In this order: who is killed in between has used it up.
            total.store(total.load(Relaxed).saturating_sub(1), Release);
            Rows::of(member).subtract(*row, 1);
            drop(turn);
        }
        std::mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    #[inline]
    fn drop(&mut self) {
        let Semaphore { member, row } = self.semaphore;
        if let Some(turn) = self.semaphore.turn(None) {
            Rows::of(member).subtract(*row, 1);
            let free = member.word(FREE);
            free.store(free.load(Relaxed).saturating_add(1), Release);
            drop(turn);
        }
        self.semaphore.gate().open(1);
    }
}
