//! Waiting until all have come.

use std::{
    sync::atomic::Ordering::{Relaxed, SeqCst},
    time::{Duration, Instant},
};

mod words;

use words::{BROKEN, PARTIES, ROUND, Words};

use super::{SyncError, Ticket, ticket::sealed::Sealed};
use crate::shm::{
    futex,
    gate::{Deadline, LONGEST_SLEEP},
    member::{Kind, Member},
    rows,
};

const KIND: Kind = rows::kind(*b"barr");
const MOST: u32 = rows::MOST_ROWS;
/// How long parties that have not been opened yet are waited for without another limit.
const PATIENCE: Duration = Duration::from_mins(1);

/// A place where a fixed number of parties wait for each other, round after round.
///
/// Each party is opened by itself, in one process or several ([`party`](Self::party), [`ticket`](Self::ticket)), and
/// from then on the others count on it. If a party dies, or leaves or gives up in the middle of a round, the barrier
/// *breaks*: everybody who waits, and everybody who comes, hears [`SyncError::Broken`] instead of waiting for one
/// who will not come, until somebody calls [`reset`](Self::reset). A death is noticed within 50 ms.
///
/// ```
/// use std::thread;
/// use brigade_protocol::sync::{Barrier, SyncError};
///
/// let barrier = Barrier::new(2)?;
/// let (mut here, ticket) = (barrier.party()?, barrier.ticket());
/// let other = thread::spawn(move || {
///     let mut there = ticket.open()?; // in a task
///     there.wait()
/// });
/// let mut places = [here.wait()?, other.join().expect("no panic")?];
/// places.sort();
/// assert_eq!(places, [0, 1]);
///
/// // Nobody waits for who has left in the middle of a round.
/// let mut there = barrier.party()?;
/// thread::scope(|scope| {
///     let waits = scope.spawn(|| here.wait());
///     while barrier.waiting() == 0 {
///         thread::yield_now();
///     }
///     drop(there);
///     assert_eq!(waits.join().expect("no panic"), Err(SyncError::Broken));
/// });
/// # Ok::<(), SyncError>(())
/// ```
#[derive(Debug)]
pub struct Barrier(Member);

/// One of those who wait for each other at a [`Barrier`].
#[derive(Debug)]
pub struct Party {
    member: Member,
    row: u32,
}

impl Barrier {
    /// Makes a barrier for so many parties, 1,024 at most. It is no party itself.
    ///
    /// # Errors
    /// [`SyncError::Impossible`] for no parties or too many, and [`SyncError::System`] when there is no memory or no
    /// descriptor left.
    pub fn new(parties: u32) -> Result<Self, SyncError> {
        if parties == 0 || parties > MOST {
            return Err(SyncError::Impossible(
                "a barrier without parties, or with more than 1,024",
            ));
        }
        Ok(Self(Member::create(KIND, 0, |member| {
            member.word(PARTIES).store(parties, Relaxed);
        })?))
    }

    /// Opens a party in this process.
    ///
    /// # Errors
    /// [`SyncError::Crowded`] when all are there.
    pub fn party(&self) -> Result<Party, SyncError> {
        self.ticket().open()
    }

    /// A ticket for parties in workers; each opening is one.
    #[must_use]
    pub fn ticket(&self) -> Ticket<Party> {
        Ticket::new(self.0.address())
    }

    /// How many parties there are to be.
    #[must_use]
    pub fn parties(&self) -> u32 {
        Words(&self.0).parties()
    }

    /// How many parties wait, or did a moment ago.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        Words(&self.0).arrived()
    }

    /// Whether it is broken.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        Words(&self.0).is_broken()
    }

    /// Breaks it: all who wait, and all who come, hear of it.
    pub fn abort(&self) {
        let words = Words(&self.0);
        let turn = words.turn();
        words.smash();
        drop(turn);
    }

    /// Makes it whole again, for the parties that are open now and those that are opened then. Who still waits hears
    /// that it was broken.
    pub fn reset(&self) {
        Words(&self.0).reset();
    }
}

impl Sealed for Party {
    fn open(ticket: &Ticket<Self>) -> Result<Self, SyncError> {
        let member = Member::open(KIND, ticket.address())?;
        let words = Words(&member);
        let turn = words.turn();
        words.bury_the_dead();
        let taken = words.rows().filter(|row| words.row(*row) != 0).count();
        let row = words.rows().find(|row| words.row(*row) == 0);
        let row = row.ok_or(SyncError::Crowded)?;
        if taken >= words.parties() as usize {
            return Err(SyncError::Crowded);
        }
        words.enter(row, words.round());
        drop(turn);
        Ok(Self { member, row })
    }
}

impl Party {
    /// Waits until all parties wait. Returns in which place this one came, from 0; the last one's is the number of
    /// parties less one.
    ///
    /// # Errors
    /// [`SyncError::Broken`] when the barrier is or becomes so; [`SyncError::Absent`] when some parties have not even
    /// been opened for a minute, and the barrier is broken then.
    pub fn wait(&mut self) -> Result<u32, SyncError> {
        self.wait_within(None)
    }

    /// As [`wait`](Self::wait), for at most `limit`.
    ///
    /// # Errors
    /// As [`wait`](Self::wait), and [`SyncError::Busy`] when not all came in time: the barrier is broken then.
    pub fn wait_timeout(&mut self, limit: Duration) -> Result<u32, SyncError> {
        self.wait_within(Some(limit))
    }

    fn wait_within(&mut self, limit: Option<Duration>) -> Result<u32, SyncError> {
        let words = Words(&self.member);
        let turn = words.turn();
        let (round, state) = (words.round(), words.state());
        if state & BROKEN != 0 {
            return Err(SyncError::Broken);
        }
        words.enter(self.row, round.wrapping_add(1));
        let place = words.arrived().saturating_sub(1);
        if place + 1 == words.parties() {
            // All rows say that they have come; this makes it so.
            self.member.word(ROUND).store(round.wrapping_add(1), SeqCst);
            drop(turn);
            futex::wake(self.member.word(ROUND), u32::MAX);
            return Ok(place);
        }
        drop(turn);
        self.sleep(round, state, Deadline::of(limit))
            .map(|()| place)
    }

    /// Sleeps until the round is over, in one way or another.
    fn sleep(&self, round: u32, state: u32, deadline: Deadline) -> Result<(), SyncError> {
        let (words, began) = (Words(&self.member), Instant::now());
        loop {
            let left = deadline.left();
            let sleep = left.unwrap_or_default().min(LONGEST_SLEEP);
            futex::wait(self.member.word(ROUND), round, sleep);
            if words.round() != round {
                return Ok(());
            }
            if words.state() != state {
                return Err(SyncError::Broken);
            }
            let missing = words.missing();
            let is_absent = missing > 0 && began.elapsed() >= PATIENCE;
            if left.is_some() && !is_absent && !words.has_dead() {
                continue;
            }
            let turn = words.turn();
            // It may have been over since.
            if words.round() != round {
                return Ok(());
            }
            words.smash();
            drop(turn);
            return Err(match (left, is_absent) {
                (None, _) => SyncError::Busy,
                (_, true) => SyncError::Absent {
                    missing,
                    waited: PATIENCE,
                },
                _ => SyncError::Broken,
            });
        }
    }
}

impl Drop for Party {
    fn drop(&mut self) {
        let words = Words(&self.member);
        let turn = words.turn();
        if words.arrived() > 0 {
            words.smash();
        }
        words.leave(self.row);
        drop(turn);
    }
}
