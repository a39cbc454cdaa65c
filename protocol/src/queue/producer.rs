//! The end that puts.

use std::{
    marker::PhantomData,
    sync::atomic::{
        AtomicU64,
        Ordering::{Relaxed, Release},
    },
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{
    error::QueueError,
    frame::{self, HEADER_BYTES, Header},
    join,
    layout::Layout,
    link::{Link, Member, Peer},
    lock::Held,
    pace::{Pace, WARM_BYTES},
    position::Position,
    reuse::Reuse,
    room::{Waiting, has_room},
};
use crate::{codec, shm::gate::Deadline};

/// Memory that is kept when the queue has run empty.
const KEPT_BYTES: u64 = 8 << 20;
/// Large enough for any page that a kernel has.
const PAGE_BYTES: u64 = 64 << 10;
/// The ring's memory is reserved in steps of this.
const RESERVE_STEP: u64 = 1 << 20;
/// A frame of so much is worth a system call that maps its memory.
const LARGE_BYTES: u64 = 16 << 10;
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
    member: Member,
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
    pub(super) fn new(member: Member) -> Self {
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

    fn ring_bytes(&self) -> u64 {
        self.layout().0.ring_bytes() as u64
    }

    fn turn(&self, deadline: Deadline) -> Result<Held<'_>, QueueError> {
        let link = self.member.link();
        let lock = link.layout().lock();
        lock.take(self.member.name(), deadline, |name| {
            link.is_holder_alive(name)
        })
        .ok_or(QueueError::Full)
    }

    /// Puts what is encoded if there is room for all of it.
    fn attempt(&self, turn: &Held<'_>, needed: u64) -> Result<Attempt, QueueError> {
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

    /// Lets a queue that is empty or nearly so go on at the ring's beginning, once it has left the part that is kept warm.
    fn rewind(
        &self,
        _: &Held<'_>,
        at: Position,
        used: u64,
        needed: u64,
    ) -> Result<Position, QueueError> {
        let ring = self.ring_bytes();
        let (layout, offset) = (self.layout(), at.bytes() & (ring - 1));
        let skipped = ring - offset;
        // What is skipped counts as used until the consumer has come past it: at once if it waits, and who knows when if
        // it is at work. So much room there is left until then.
        let is_waiting = layout.is_waiting().load(Relaxed) != 0;
        let far = if used == 0 && is_waiting {
            WARM_BYTES
        } else {
            (ring / 16).max(WARM_BYTES)
        };
        if offset < far || used + skipped + needed > ring {
            return Ok(at);
        }
        self.reserve(at, HEADER_BYTES as u64)?;
        layout.0.write(at.bytes(), &Header::Skip(skipped).encode());
        if used == 0 {
            self.give_back(offset, needed)?;
        }
        Ok(at.plus(0, skipped))
    }

    /// Gives most of an empty ring's memory back, but for what items as large as the next one need, and for the page at
    /// `offset`, where the consumer reads next.
    fn give_back(&self, offset: u64, needed: u64) -> Result<(), QueueError> {
        let (layout, page) = (self.layout(), offset / PAGE_BYTES * PAGE_BYTES);
        let reserved = layout.reserved().load(Relaxed).min(self.ring_bytes());
        let kept = KEPT_BYTES.max((2 * needed).next_multiple_of(RESERVE_STEP));
        if reserved <= kept {
            return Ok(());
        }
        layout.reserved().store(kept, Relaxed);
        let after = (page + PAGE_BYTES).max(kept);
        for (from, to) in [(kept, page), (after, reserved)] {
            if from < to {
                layout.0.release(to_usize(from), to_usize(to))?;
            }
        }
        Ok(())
    }

    /// Writes one frame and lets it count.
    fn write(
        &self,
        _: &Held<'_>,
        at: Position,
        header: Header,
        range: std::ops::Range<usize>,
    ) -> Result<Position, QueueError> {
        let layout = self.layout();
        let taken = frame::ring_bytes(range.len());
        self.reserve(at, taken)?;
        self.map(at, taken);
        let content = self.buffer.bytes.get(range).unwrap_or_default();
        layout.0.write(at.bytes(), &header.encode());
        layout.0.write(at.bytes() + HEADER_BYTES as u64, content);
        let end = at.plus(u64::from(header.ends_item()), taken);
        layout.tail().store(end.word(), Release);
        layout.items_gate().open(1);
        Ok(end)
    }

    /// Maps the memory of a large frame in one go.
    fn map(&self, at: Position, bytes: u64) {
        if bytes < LARGE_BYTES {
            return;
        }
        let layout = self.layout();
        let from = at.bytes() & (self.ring_bytes() - 1);
        let end = (from + bytes).min(self.ring_bytes());
        // What was given back meanwhile is mapped no more.
        let mapped = self
            .mapped
            .load(Relaxed)
            .min(layout.reserved().load(Relaxed));
        if end > mapped {
            layout.0.populate(to_usize(from.max(mapped)), to_usize(end));
            self.mapped.store(end, Relaxed);
        }
    }

    /// Makes sure that there is memory behind the next bytes of the ring.
    fn reserve(&self, at: Position, bytes: u64) -> Result<(), QueueError> {
        let (layout, ring) = (self.layout(), self.ring_bytes());
        let end = (at.bytes() & (ring - 1)) + bytes;
        let reserved = layout.reserved().load(Relaxed).min(ring);
        if end.min(ring) <= reserved {
            return Ok(());
        }
        let target = end.next_multiple_of(RESERVE_STEP).min(ring);
        layout.0.reserve(to_usize(reserved), to_usize(target))?;
        layout.reserved().store(target, Relaxed);
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

fn to_usize(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
