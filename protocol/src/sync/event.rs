//! Something that has happened, or has not yet.

use std::{
    sync::atomic::Ordering::{AcqRel, Acquire},
    time::Duration,
};

use super::{SyncError, Ticket, ticket::sealed::Sealed};
use crate::shm::{
    futex,
    gate::{Deadline, LONGEST_SLEEP},
    member::{Kind, Member},
};

const KIND: Kind = Kind::small(*b"evnt");
/// Whether it has happened, in the lowest bit; above it, how many times.
const WORD: usize = 64;
const SET: u32 = 1;

/// A flag that processes wait for.
///
/// Who waits is told even when the event is set and cleared again at once. Nobody holds an event, so no death
/// changes it; if the one who sets it is killed before the others are woken, they see it within 50 ms.
///
/// ```
/// use std::time::Duration;
/// use brigade_protocol::sync::Event;
///
/// let go = Event::new()?;
/// let opened = go.ticket().open()?; // in a task
/// assert!(!opened.wait_timeout(Duration::from_millis(5)));
/// go.set();
/// assert!(opened.is_set());
/// opened.wait();
/// # Ok::<(), brigade_protocol::sync::SyncError>(())
/// ```
#[derive(Debug)]
pub struct Event(Member);

impl Event {
    /// Makes an event that has not happened.
    ///
    /// # Errors
    /// [`SyncError::System`] when there is no memory or no descriptor left.
    pub fn new() -> Result<Self, SyncError> {
        Ok(Self(Member::create(KIND, 0, |_| ())?))
    }

    /// Lets it happen: all who wait go on, and nobody waits until it is cleared.
    pub fn set(&self) {
        let next = |word: u32| (word & SET == 0).then_some((word | SET).wrapping_add(2));
        let word = self.0.word(WORD);
        if word.fetch_update(AcqRel, Acquire, next).is_ok() {
            futex::wake(word, u32::MAX);
        }
    }

    /// Lets it not have happened.
    pub fn clear(&self) {
        self.0.word(WORD).fetch_and(!SET, AcqRel);
    }

    /// Whether it has happened.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.word(WORD).load(Acquire) & SET != 0
    }

    /// Waits until it has happened.
    pub fn wait(&self) {
        self.wait_until(Deadline::NEVER);
    }

    /// Waits until it has happened, for at most `limit`; whether it has.
    #[must_use]
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        self.wait_until(Deadline::after(limit))
    }

    fn wait_until(&self, deadline: Deadline) -> bool {
        let word = self.0.word(WORD);
        let first = word.load(Acquire);
        let mut now = first;
        // The count alone tells of an event that was set and cleared while this one slept.
        while now & SET == 0 && now >> 1 == first >> 1 {
            let Some(left) = deadline.left() else {
                return false;
            };
            futex::wait(word, now, left.min(LONGEST_SLEEP));
            now = word.load(Acquire);
        }
        true
    }

    /// A ticket for others to open it.
    #[must_use]
    pub fn ticket(&self) -> Ticket<Self> {
        Ticket::new(self.0.address())
    }
}

impl Sealed for Event {
    fn open(ticket: &Ticket<Self>) -> Result<Self, SyncError> {
        Ok(Self(Member::open(KIND, ticket.address())?))
    }
}
