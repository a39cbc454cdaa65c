//! The end that gets.

use std::{
    marker::PhantomData,
    sync::atomic::Ordering::{Relaxed, Release},
    time::{Duration, Instant},
};

use nix::errno::Errno;
use serde::de::DeserializeOwned;

use super::{
    error::QueueError,
    frame::{HEADER_BYTES, Header, PIECE_BYTES},
    link::{Link, OpenEnd, Peer},
    position::{Position, UNIT, distance, next},
    reuse::Reuse,
    spin::Spin,
};
use crate::{
    codec,
    shm::{
        ArenaError,
        gate::{Deadline, LONGEST_SLEEP},
    },
};

/// Gets items from a queue. There is one at a time; when it has ended, another one can be opened, which gets
/// what is still there.
///
/// As an iterator it waits for each item, and ends when the queue is closed.
#[derive(Debug)]
pub struct Consumer<T> {
    member: OpenEnd,
    head: Position,
    /// As it was when last looked at: up to here there is something to get.
    tail: Position,
    /// What has come of the item that is coming.
    item: Reuse,
    /// Its whole length; `None` while no item has begun, or while its rest is to be forgotten.
    expected: Option<u64>,
    spin: Spin,
    items: PhantomData<fn() -> T>,
}

impl<T> Consumer<T> {
    /// The consumer behind this member. What an earlier one has got and not done is lost.
    pub(super) fn new(member: OpenEnd) -> Self {
        let link = member.link();
        let head = link.head();
        let layout = link.layout();
        layout.is_waiting().store(0, Relaxed);
        let undone = distance(head.items(), layout.done().load(Relaxed));
        if layout.is_joinable().load(Relaxed) != 0 && undone > 0 {
            layout.lost().fetch_add(undone, Relaxed);
            layout.done().store(head.items(), Release);
            layout.done_gate().open(u32::MAX);
        }
        Self {
            member,
            head,
            tail: head,
            item: Reuse::default(),
            expected: None,
            spin: Spin::new(),
            items: PhantomData,
        }
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

    /// Says that one of the items that were got from a [`JoinableQueue`](super::JoinableQueue) is done.
    ///
    /// # Errors
    /// [`QueueError::TooManyDone`] when all that were got are done already, [`QueueError::NotJoinable`] for a queue
    /// that does not count.
    pub fn task_done(&mut self) -> Result<(), QueueError> {
        let layout = self.member.link().layout();
        if layout.is_joinable().load(Relaxed) == 0 {
            return Err(QueueError::NotJoinable);
        }
        let done = layout.done().load(Relaxed);
        if done == self.head.items() {
            return Err(QueueError::TooManyDone);
        }
        layout.done().store(next(done), Release);
        layout.done_gate().open(u32::MAX);
        Ok(())
    }

    /// Whether there is a frame to be read.
    fn there_is_more(&mut self) -> bool {
        if self.tail == self.head {
            self.tail = self.member.link().tail();
        }
        self.tail != self.head
    }

    /// Reads frames until an item is complete, and says whether one is.
    fn take(&mut self) -> Result<bool, QueueError> {
        while self.there_is_more() {
            let header = self.read_header()?;
            if let Header::Whole(_) | Header::First(_) = header {
                self.item.bytes.clear();
                self.expected = Some(match header {
                    Header::First(total) => total,
                    whole => whole.content_bytes(),
                });
            }
            self.read_content(header)?;
            if header.ends_item() {
                if self.expected.take() == Some(self.item.bytes.len() as u64) {
                    return Ok(true);
                }
                // Its beginning was got by a consumer that has ended.
                self.lose_one();
            }
        }
        Ok(false)
    }

    /// Reads one frame, as a consumer does that dies after it.
    #[cfg(test)]
    pub(super) fn take_a_frame(&mut self) {
        assert!(self.there_is_more());
        let header = self.read_header().unwrap();
        self.expected = Some(header.content_bytes());
        self.read_content(header).unwrap();
    }

    /// Counts an item as lost, so that nobody waits for it to be done. Which one does not matter, only how many.
    fn lose_one(&self) {
        let layout = self.member.link().layout();
        if layout.is_joinable().load(Relaxed) != 0 {
            layout.lost().fetch_add(1, Relaxed);
            layout
                .done()
                .store(next(layout.done().load(Relaxed)), Release);
            layout.done_gate().open(u32::MAX);
        }
    }

    /// The header at the head, which fits into what is there.
    fn read_header(&self) -> Result<Header, QueueError> {
        let arena = &self.member.link().layout().0;
        let mut bytes = [0; HEADER_BYTES];
        arena.read_into(self.head.bytes(), &mut bytes);
        // All of this comes from other processes.
        let most = self
            .tail
            .bytes_since(self.head)
            .min(arena.ring_bytes() as u64);
        Header::decode(bytes)
            .filter(|header| {
                let length = header.frame_bytes();
                length.is_some_and(|length| {
                    length > 0 && length.is_multiple_of(UNIT as u64) && length <= most
                })
            })
            .ok_or(QueueError::Corrupt)
    }

    /// Copies what follows a header, and lets its room be used again.
    fn read_content(&mut self, header: Header) -> Result<(), QueueError> {
        let layout = self.member.link().layout();
        let length = usize::try_from(header.content_bytes()).map_err(|_| QueueError::Corrupt)?;
        if let (Some(expected), true) = (self.expected, length > 0) {
            let expected = usize::try_from(expected).unwrap_or(usize::MAX);
            let limit = layout.item_limit().load(Relaxed);
            if expected as u64 > limit || self.item.bytes.len() + length > expected {
                return Err(QueueError::Corrupt);
            }
            if self.item.bytes.is_empty() && expected > PIECE_BYTES {
                let reserved = self.item.bytes.try_reserve_exact(expected);
                reserved.map_err(|_| {
                    QueueError::System(ArenaError::Os {
                        what: "room for an item",
                        errno: Errno::ENOMEM,
                    })
                })?;
            }
            let from = self.head.bytes() + HEADER_BYTES as u64;
            layout.0.read(from, length, &mut self.item.bytes);
        }
        let taken = header.frame_bytes().ok_or(QueueError::Corrupt)?;
        let before = self.head;
        self.head = before.plus(u64::from(header.ends_item()), taken);
        layout.head().store(self.head.word(), Release);
        if is_time_to_wake(self.member.link(), self.head) {
            layout.room_gate().open(1);
        }
        Ok(())
    }
}

/// Whether there is enough room for producers to be woken for it: a quarter, so that they have something to
/// do before they sleep again.
fn is_time_to_wake(link: &Link, head: Position) -> bool {
    let (layout, tail) = (link.layout(), link.tail());
    let capacity = layout.capacity().load(Relaxed);
    let free = capacity.saturating_sub(tail.items_since(head));
    free >= (capacity / 4).max(1) && tail.bytes_since(head) <= layout.0.ring_bytes() as u64 / 2
}

impl<T: DeserializeOwned> Consumer<T> {
    /// Gets an item, and waits for one if there is none.
    ///
    /// # Errors
    /// [`QueueError::Closed`] when nothing is left and nothing can come, [`QueueError::NobodyThere`] when there has
    /// been no producer for as long as the queue's patience lasts, [`QueueError::Undecodable`] for an item of
    /// another type, [`QueueError::Corrupt`].
    pub fn get(&mut self) -> Result<T, QueueError> {
        self.get_until(Deadline::NEVER)
    }

    /// Gets an item, and waits for one for at most `limit`.
    ///
    /// # Errors
    /// As [`get`](Self::get), and [`QueueError::Empty`] when there is none in time.
    pub fn get_timeout(&mut self, limit: Duration) -> Result<T, QueueError> {
        self.get_until(Deadline::after(limit))
    }

    /// Gets an item if there is one now.
    ///
    /// # Errors
    /// As [`get`](Self::get), and [`QueueError::Empty`] when there is none.
    pub fn try_get(&mut self) -> Result<T, QueueError> {
        if self.take()? {
            return self.decode();
        }
        if self.member.link().producers() != Peer::Gone {
            return Err(QueueError::Empty);
        }
        // The last of them may have put something before it closed.
        if self.take()? {
            self.decode()
        } else {
            Err(QueueError::Closed)
        }
    }

    fn get_until(&mut self, deadline: Deadline) -> Result<T, QueueError> {
        if !self.take()? {
            let came = self.wait(deadline);
            self.say_waiting(false);
            came?;
        }
        self.decode()
    }

    /// Said before the head moves, it is known to whoever sees the new head.
    fn say_waiting(&self, is: bool) {
        let word = self.member.link().layout().is_waiting();
        word.store(u32::from(is), Relaxed);
    }

    /// Waits until an item is complete.
    fn wait(&mut self, deadline: Deadline) -> Result<(), QueueError> {
        let began = Instant::now();
        let mut alone_since = None;
        loop {
            self.say_waiting(true);
            let (head, link) = (self.head, self.member.link());
            if self.spin.look(began, || link.tail() != head) {
                self.say_waiting(false);
                if self.take()? {
                    return Ok(());
                }
                continue;
            }
            self.check_producers(&mut alone_since)?;
            let left = deadline.left();
            let link = self.member.link();
            let gate = link.layout().items_gate();
            gate.announce();
            if link.tail() == self.head {
                gate.sleep(left.ok_or(QueueError::Empty)?.min(LONGEST_SLEEP));
            }
            self.say_waiting(false);
            if self.take()? {
                self.spin.learn(began.elapsed());
                return Ok(());
            }
        }
    }

    /// Finds out whether there is still something to wait for.
    fn check_producers(&self, alone_since: &mut Option<Instant>) -> Result<(), QueueError> {
        let link = self.member.link();
        match link.producers() {
            Peer::Present => *alone_since = None,
            Peer::Awaited => {
                let since = *alone_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= link.patience() {
                    return Err(QueueError::NobodyThere {
                        waited: link.patience(),
                    });
                }
            }
            // Unless the last of them has put something before it closed.
            Peer::Gone if link.tail() == self.head => return Err(QueueError::Closed),
            Peer::Gone => {}
        }
        Ok(())
    }

    fn decode(&mut self) -> Result<T, QueueError> {
        let decoded = codec::decode(&self.item.bytes);
        self.item.clear();
        Ok(decoded?)
    }
}

impl<T: DeserializeOwned> Iterator for Consumer<T> {
    type Item = Result<T, QueueError>;

    /// Waits for the next item; `None` when the queue is closed.
    fn next(&mut self) -> Option<Self::Item> {
        match self.get() {
            Err(QueueError::Closed) => None,
            other => Some(other),
        }
    }
}
