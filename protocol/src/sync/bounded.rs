//! Permits of a fixed number, each of which knows who has it.

use std::{
    hint,
    sync::atomic::{
        AtomicU32,
        Ordering::{Acquire, Relaxed, SeqCst},
    },
    time::Duration,
};

use super::{SyncError, Ticket, ticket::sealed::Sealed};
use crate::shm::{
    gate::{Deadline, Gate, HAS_COMPANY},
    member::{Kind, Member, PAGE_BYTES},
};

/// The words behind the first page are the permits: who has each, 0 if nobody has.
const KIND: Kind = Kind {
    name: *b"bsem",
    header_bytes: PAGE_BYTES + (64 << 10),
    element: (0, 1),
};
/// How many permits there are.
const PERMITS: usize = 64;
/// Where those sleep who wait for one.
const GATE: usize = 128;

const MOST: u32 = 16 << 10;
/// Up to so many permits lie in lines of memory of their own.
const FAR_APART: u32 = 1 << 10;
const NOBODY: u32 = 0;
const LOOKS: u32 = 50;

/// A fixed number of permits that processes share. Who wants one waits until there is one.
///
/// Each permit names its holder, and taking one and being named is one step. So there is never one more than there
/// should be, and a permit whose holder dies, at whatever instruction, is taken over by who waits, within 50 ms.
/// A [`BoundedPermit`] goes back when it is dropped: it cannot be given back twice, and by nobody else.
///
/// ```
/// use std::time::Duration;
/// use brigade_protocol::sync::{BoundedSemaphore, SyncError};
///
/// let seats = BoundedSemaphore::new(4)?;
/// let taken: Vec<_> = (0..4).map(|_| seats.acquire()).collect::<Result<_, _>>()?;
/// let limit = Duration::from_millis(5);
/// assert_eq!(seats.acquire_timeout(limit).err(), Some(SyncError::Busy));
/// drop(taken);
/// assert_eq!(seats.available(), 4);
/// # Ok::<(), SyncError>(())
/// ```
///
/// It may be used from any number of threads.
#[derive(Debug)]
pub struct BoundedSemaphore {
    member: Member,
    permits: u32,
    /// The permit that this opening had last: in a process that comes again and again it is often free, and its
    /// memory near.
    favourite: AtomicU32,
}

impl BoundedSemaphore {
    /// Makes a semaphore with so many permits, 16,384 at most.
    ///
    /// # Errors
    /// [`SyncError::Impossible`] for no permits or too many, and [`SyncError::System`] when there is no memory or no
    /// descriptor left.
    pub fn new(permits: u32) -> Result<Self, SyncError> {
        if permits == 0 || permits > MOST {
            return Err(SyncError::Impossible(
                "a bounded semaphore without permits, or with more than 16,384",
            ));
        }
        let member = Member::create(KIND, 0, |member| {
            member.word(PERMITS).store(permits, Relaxed);
        })?;
        Ok(Self::over(member, permits))
    }

    fn over(member: Member, permits: u32) -> Self {
        Self {
            favourite: AtomicU32::new(member.number() % permits),
            member,
            permits,
        }
    }

    /// Takes a permit, and waits for one if there is none.
    ///
    /// # Errors
    /// None of its own; it is like the others so that they can be exchanged.
    #[inline]
    pub fn acquire(&self) -> Result<BoundedPermit<'_>, SyncError> {
        self.acquire_within(None)
    }

    /// Takes a permit, and waits for one for at most `limit`.
    ///
    /// # Errors
    /// [`SyncError::Busy`] when there was none in time.
    #[inline]
    pub fn acquire_timeout(&self, limit: Duration) -> Result<BoundedPermit<'_>, SyncError> {
        self.acquire_within(Some(limit))
    }

    /// Takes a permit if there is one now, or one whose holder is dead.
    ///
    /// # Errors
    /// [`SyncError::Busy`] when there is none.
    #[inline]
    pub fn try_acquire(&self) -> Result<BoundedPermit<'_>, SyncError> {
        let permit = self.look().or_else(|| self.look_among_the_dead());
        permit.ok_or(SyncError::Busy)
    }

    /// How many permits nobody has, or had a moment ago. One whose holder has died counts when it was taken over.
    #[must_use]
    pub fn available(&self) -> u32 {
        let is_free = |index: &u32| self.permit(*index).load(Acquire) == NOBODY;
        let free = (0..self.permits).filter(is_free).count();
        u32::try_from(free).unwrap_or(u32::MAX)
    }

    /// How many permits there are.
    #[must_use]
    pub const fn permits(&self) -> u32 {
        self.permits
    }

    /// A ticket for others to open it.
    #[must_use]
    pub fn ticket(&self) -> Ticket<Self> {
        Ticket::new(self.member.address())
    }

    #[inline]
    fn acquire_within(&self, limit: Option<Duration>) -> Result<BoundedPermit<'_>, SyncError> {
        match self.look() {
            Some(permit) => Ok(permit),
            None => self.wait(limit),
        }
    }

    #[cold]
    fn wait(&self, limit: Option<Duration>) -> Result<BoundedPermit<'_>, SyncError> {
        let looks = if *HAS_COMPANY { LOOKS } else { 1 };
        for _ in 0..looks {
            hint::spin_loop();
            if let Some(permit) = self.look() {
                return Ok(permit);
            }
        }
        let (deadline, gate) = (Deadline::of(limit), self.gate());
        let mut has_slept = false;
        loop {
            gate.announce();
            let permit = self.look();
            let permit = permit.or_else(|| has_slept.then(|| self.look_among_the_dead())?);
            if let Some(permit) = permit {
                if has_slept {
                    gate.leave_open_for_others();
                }
                return Ok(permit);
            }
            let Some(left) = deadline.left() else {
                return self.try_acquire();
            };
            gate.sleep(left);
            has_slept = true;
        }
    }

    /// Takes a permit that nobody has.
    #[inline]
    fn look(&self) -> Option<BoundedPermit<'_>> {
        let favourite = self.favourite.load(Relaxed);
        if let Some(permit) = self.take_from(favourite, NOBODY) {
            return Some(permit);
        }
        let others = (favourite + 1..self.permits).chain(0..favourite);
        for index in others {
            if let Some(permit) = self.take_from(index, NOBODY) {
                self.favourite.store(index, Relaxed);
                return Some(permit);
            }
        }
        None
    }

    /// Takes a permit from somebody who is dead.
    fn look_among_the_dead(&self) -> Option<BoundedPermit<'_>> {
        (0..self.permits).find_map(|index| {
            let holder = self.permit(index).load(Relaxed);
            let is_lost = holder != NOBODY && !self.member.is_alive(holder);
            is_lost.then(|| self.take_from(index, holder))?
        })
    }

    #[inline]
    fn take_from(&self, index: u32, holder: u32) -> Option<BoundedPermit<'_>> {
        let permit = self.permit(index);
        if permit.load(Relaxed) != holder {
            return None;
        }
        let taken = permit.compare_exchange(holder, self.member.number(), Acquire, Relaxed);
        taken.ok().map(|_| BoundedPermit {
            semaphore: self,
            index,
        })
    }

    #[inline]
    fn permit(&self, index: u32) -> &AtomicU32 {
        let distance = if self.permits <= FAR_APART { 64 } else { 4 };
        self.member.word(PAGE_BYTES + distance * index as usize)
    }

    fn gate(&self) -> Gate<'_> {
        self.member.gate(GATE)
    }
}

impl Sealed for BoundedSemaphore {
    fn open(ticket: &Ticket<Self>) -> Result<Self, SyncError> {
        let member = Member::open(KIND, ticket.address())?;
        let permits = member.word(PERMITS).load(Relaxed);
        if permits == 0 || permits > MOST {
            return Err(SyncError::Other);
        }
        Ok(Self::over(member, permits))
    }
}

/// A permit of a [`BoundedSemaphore`], which goes back when this is dropped.
#[derive(Debug)]
#[must_use = "the permit goes back as soon as this is dropped"]
pub struct BoundedPermit<'a> {
    semaphore: &'a BoundedSemaphore,
    index: u32,
}

impl Drop for BoundedPermit<'_> {
    #[inline]
    fn drop(&mut self) {
        self.semaphore.permit(self.index).swap(NOBODY, SeqCst);
        self.semaphore.gate().open_after_exchange(1);
    }
}
