//! The end that puts: encoding, waiting for room, and whose turn it is. What is written is in `ring.rs`.

mod ring;

use std::{
    marker::PhantomData,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{
    error::QueueError,
    frame, join,
    layout::Layout,
    link::{Link, OpenEnd, Peer},
    lock::PutGuard,
    pace::{Pace, WARM_BYTES},
    reuse::Reuse,
    room::{Waiting, has_room},
};
use crate::{codec, shm::gate::Deadline};

/// How long `try_put` waits for puts of others that are under way.
const OTHERS: Duration = Duration::from_millis(100);
/// How often a producer looks whether the consumer is alive.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Puts items into a queue. A clone is a further producer.
///
/// Nothing is put halfway: a `put` that fails has left nothing for the consumer, and one that has returned has
/// left all of the item, even if this process is killed at once.
#[derive(Debug)]
pub struct Producer<T> {
    member: OpenEnd,
    buffer: Reuse,
    looked: Option<Instant>,
    pace: Pace,
    /// Up to here this process has mapped the ring's memory.
    mapped: AtomicU64,
    items: PhantomData<fn(T)>,
}

/// What came of the attempt to put.
enum Attempt {
    Put,
    NoRoom,
}

impl<T> Producer<T> {
    pub(super) fn new(member: OpenEnd) -> Self {
        Self {
            member,
            buffer: Reuse::default(),
            looked: None,
            pace: Pace::default(),
            mapped: AtomicU64::new(0),
            items: PhantomData,
        }
    }

    /// A further producer, as by `clone`, or why there is none.
    ///
    /// # Errors
    /// [`QueueError::Crowded`] when there are too many, [`QueueError::Gone`] when the queue has been dropped.
    pub fn try_clone(&self) -> Result<Self, QueueError> {
        Ok(Self::new(self.member.link().join_as_producer()?))
    }

    /// How many items are in the queue, or were a moment ago.
    #[must_use]
    pub fn len(&self) -> usize {
        super::len(self.member.link())
    }

    /// Whether the queue is empty, or was a moment ago.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until all items of a [`JoinableQueue`](super::JoinableQueue) are done.
    ///
    /// # Errors
    /// As [`JoinableQueue::join`](super::JoinableQueue::join).
    pub fn join(&self) -> Result<(), QueueError> {
        join::join(self.member.link(), Deadline::NEVER)
    }

    /// Waits until all items of a [`JoinableQueue`](super::JoinableQueue) are done, for at most `limit`.
    ///
    /// # Errors
    /// As [`JoinableQueue::join_timeout`](super::JoinableQueue::join_timeout).
    pub fn join_timeout(&self, limit: Duration) -> Result<(), QueueError> {
        join::join(self.member.link(), Deadline::after(limit))
    }

    fn layout(&self) -> &Layout {
        self.member.link().layout()
    }

    fn ring_bytes(&self) -> u64 {
        self.layout().0.ring_bytes() as u64
    }
}

impl<T: Serialize> Producer<T> {
    /// Puts an item, and waits for room if there is none.
    ///
    /// An item that is larger than half of the queue's ring goes through it piece by piece, so that `put` returns
    /// once the consumer has taken the first of them. Other producers wait meanwhile.
    ///
    /// # Errors
    /// [`QueueError::Closed`] when the consumer is dead or closed, [`QueueError::NobodyThere`] when the queue is
    /// full and no consumer has been opened for as long as the queue's patience lasts, [`QueueError::TooLarge`],
    /// [`QueueError::Unencodable`], and [`QueueError::System`] when there is no memory.
    pub fn put(&mut self, item: &T) -> Result<(), QueueError> {
        self.put_until(item, Deadline::NEVER)
    }

    /// Puts an item, and waits for room for at most `limit`.
    ///
    /// # Errors
    /// As [`put`](Self::put), and [`QueueError::Full`] when there is no room in time.
    pub fn put_timeout(&mut self, item: &T, limit: Duration) -> Result<(), QueueError> {
        self.put_until(item, Deadline::after(limit))
    }

    /// Puts an item if there is room now. Waits only for other producers that are in the middle of a put.
    ///
    /// # Errors
    /// As [`put`](Self::put), [`QueueError::Full`] when there is no room, and [`QueueError::TooLarge`] for an item
    /// that is larger than the ring.
    pub fn try_put(&mut self, item: &T) -> Result<(), QueueError> {
        self.encode(item)?;
        self.look_for_consumer()?;
        let (needed, ring) = (
            frame::ring_bytes(self.buffer.bytes.len()),
            self.ring_bytes(),
        );
        if needed > ring {
            return Err(QueueError::TooLarge {
                bytes: self.buffer.bytes.len() as u64,
                limit: ring,
            });
        }
        let turn = self.turn(Deadline::after(OTHERS))?;
        match self.attempt(&turn, needed)? {
            Attempt::Put => Ok(()),
            Attempt::NoRoom => Err(QueueError::Full),
        }
    }

    fn put_until(&mut self, item: &T, deadline: Deadline) -> Result<(), QueueError> {
        self.encode(item)?;
        self.look_for_consumer()?;
        let needed = frame::ring_bytes(self.buffer.bytes.len());
        if needed > self.ring_bytes() / 2 {
            return self.stream(deadline);
        }
        self.pace.keep(self.member.link(), needed, deadline);
        let mut waiting = Waiting::new(deadline);
        loop {
            let turn = self.turn(deadline)?;
            let attempt = self.attempt(&turn, needed)?;
            drop(turn);
            if let Attempt::Put = attempt {
                if waiting.slept {
                    self.layout().room_gate().leave_open_for_others();
                }
                return Ok(());
            }
            waiting.wait(&self.member, |link| {
                // In this order the second cannot have overtaken the first.
                let head = link.head();
                has_room(link.layout(), link.tail(), head, needed)
            })?;
        }
    }

    fn encode(&mut self, item: &T) -> Result<(), QueueError> {
        self.buffer.clear();
        codec::encode_into(item, &mut self.buffer.bytes)?;
        let (bytes, limit) = (
            self.buffer.bytes.len() as u64,
            self.layout().item_limit().load(Relaxed),
        );
        if bytes > limit {
            return Err(QueueError::TooLarge { bytes, limit });
        }
        Ok(())
    }

    /// Notices the consumer's death, without a system call for each item.
    fn look_for_consumer(&mut self) -> Result<(), QueueError> {
        let now = Instant::now();
        if self
            .looked
            .is_some_and(|looked| now.duration_since(looked) < LOOK_EVERY)
        {
            return Ok(());
        }
        if self.member.link().consumer() == Peer::Gone {
            return Err(QueueError::Closed);
        }
        self.looked = Some(now);
        Ok(())
    }

    fn turn(&self, deadline: Deadline) -> Result<PutGuard<'_>, QueueError> {
        let link = self.member.link();
        let lock = link.layout().lock();
        lock.take(self.member.name(), deadline, |name| {
            link.is_holder_alive(name)
        })
        .ok_or(QueueError::Full)
    }

    /// Puts what is encoded if there is room for all of it.
    fn attempt(&self, turn: &PutGuard<'_>, needed: u64) -> Result<Attempt, QueueError> {
        let link = self.member.link();
        let (mut at, head) = (link.tail(), link.head());
        if !has_room(link.layout(), at, head, needed) {
            return Ok(Attempt::NoRoom);
        }
        let used = at.bytes_since(head);
        if used <= WARM_BYTES {
            at = self.rewind(turn, at, used, needed)?;
        }
        for (header, range) in frame::pieces(self.buffer.bytes.len()) {
            at = self.write(turn, at, header, range)?;
        }
        Ok(Attempt::Put)
    }

    /// Puts an item piece by piece, each when there is room for it.
    fn stream(&self, deadline: Deadline) -> Result<(), QueueError> {
        let turn = self.turn(deadline)?;
        let mut waiting = Waiting::new(deadline);
        let mut at = self.member.link().tail();
        for (header, range) in frame::pieces(self.buffer.bytes.len()) {
            let needed = frame::ring_bytes(range.len());
            loop {
                let there_is = |link: &Link| has_room(link.layout(), at, link.head(), needed);
                if there_is(self.member.link()) {
                    break;
                }
                waiting.wait(&self.member, there_is)?;
            }
            at = self.write(&turn, at, header, range)?;
        }
        Ok(())
    }
}

impl<T> Clone for Producer<T> {
    /// A further producer.
    ///
    /// # Panics
    /// When there are too many of them, or the queue has been dropped; [`try_clone`](Self::try_clone) says so
    /// in its result.
    fn clone(&self) -> Self {
        match self.try_clone() {
            Ok(clone) => clone,
            #[expect(clippy::panic, reason = "as documented; `Clone` cannot fail otherwise")]
            Err(error) => panic!("a queue's producer cannot be cloned: {error}"),
        }
    }
}
