//! Queues between processes: many producers, one consumer, any serialisable items.
//!
//! A [`Queue`] is made in one process, usually the master. Its ends are opened there, or travel to workers as
//! *tickets* in the input of any task, and are opened by the task.
//!
//! ```
//! use brigade_protocol::queue::{ProducerTicket, Queue};
//!
//! let queue = Queue::<(u32, String)>::bounded(100)?;
//! let mut consumer = queue.consumer()?;
//!
//! // In a task, whose input has this ticket:
//! let ticket: ProducerTicket<(u32, String)> = queue.producer_ticket();
//! let mut producer = ticket.open()?;
//! producer.put(&(1, "one".into()))?;
//! drop(producer);
//!
//! assert_eq!(consumer.get()?, (1, "one".into()));
//!
//! // No further end can be opened, so there is nothing to wait for any more.
//! drop(queue);
//! assert_eq!(consumer.count(), 0);
//! # Ok::<(), brigade_protocol::queue::QueueError>(())
//! ```
//!
//! | file | what it holds |
//! | --- | --- |
//! | `builder.rs`, `ticket.rs`, `error.rs` | how a queue is made, how ends travel, what can go wrong |
//! | `producer.rs` and `producer/`, `consumer.rs`, `joinable.rs`, `join.rs` | the ends, and waiting until all is done |
//! | `layout.rs`, `position.rs`, `room.rs`, `lock.rs`, `link.rs` | the words in shared memory, and who may change which |
//! | `frame.rs`, `bytes.rs`, `reuse.rs` | an item as bytes in the ring |
//! | `spin.rs`, `pace.rs` | how to wait, and when to wake |
//!
//! # What it promises
//!
//! * **Order.** Items come out in the order in which their `put` returned; those of one producer in their order.
//! * **Exact capacity.** Never more than `capacity` items, over all producers.
//! * **Death.** A process may be killed at any instruction. An item is in the queue as a whole or not at all; no
//!   room is lost with a producer, no lock stays taken. What has not been got when the consumer dies is there
//!   for the next one.
//! * **No endless wait.** Whoever waits for the other side hears within 50 ms that it is dead, and after the queue's
//!   patience that it never came.
//! * **Nothing left.** There are no names, files or threads. The memory is gone with the last process that has it.
//!
//! # When it is over
//!
//! A consumer's `get` ends with [`QueueError::Closed`] when nothing is left, all producers are closed or dead, *and*
//! the [`Queue`] itself has been dropped: for as long as it lives, a worker may open another end. So keep it until
//! all who need an end have one ([`Queue::wait_for_producers`]), or as long as killed workers are to be replaced.

mod builder;
mod bytes;
mod consumer;
mod error;
mod frame;
mod join;
mod joinable;
mod layout;
mod link;
mod lock;
mod pace;
mod position;
mod producer;
mod reuse;
mod room;
mod spin;
mod ticket;

pub use builder::QueueBuilder;
pub use bytes::Bytes;
pub use consumer::Consumer;
pub use error::QueueError;
pub use joinable::{JoinableQueue, SimpleQueue};
pub use producer::Producer;
pub use ticket::{ConsumerTicket, ProducerTicket};

use std::{marker::PhantomData, sync::atomic::Ordering::SeqCst, time::Duration};

#[cfg(test)]
mod tests;

use crate::shm::gate::Deadline;
use link::{Link, OpenEnd};

/// A queue, in the process that made it: where its ends come from.
///
/// While it lives, ends can be opened; when it is dropped, those that are open go on.
#[derive(Debug)]
pub struct Queue<T> {
    home: OpenEnd,
    items: PhantomData<fn() -> T>,
}

impl<T> Queue<T> {
    /// A queue of at most `capacity` items, which together may take 64 MiB.
    ///
    /// # Errors
    /// As [`QueueBuilder::build`].
    pub fn bounded(capacity: usize) -> Result<Self, QueueError> {
        Self::builder().capacity(capacity).build()
    }

    /// A queue with other limits.
    #[must_use]
    pub const fn builder() -> QueueBuilder<T> {
        QueueBuilder::new()
    }

    /// Opens a producer end in this process.
    ///
    /// # Errors
    /// [`QueueError::Crowded`] when there are too many.
    pub fn producer(&self) -> Result<Producer<T>, QueueError> {
        Ok(Producer::new(self.link().join_as_producer()?))
    }

    /// Opens the consumer end in this process.
    ///
    /// # Errors
    /// [`QueueError::Taken`] when it is open.
    pub fn consumer(&self) -> Result<Consumer<T>, QueueError> {
        Ok(Consumer::new(self.link().join_as_consumer()?))
    }

    /// A ticket for producers in workers.
    #[must_use]
    pub fn producer_ticket(&self) -> ProducerTicket<T> {
        ProducerTicket::of(self.link())
    }

    /// A ticket for the consumer in a worker.
    #[must_use]
    pub fn consumer_ticket(&self) -> ConsumerTicket<T> {
        ConsumerTicket::of(self.link())
    }

    /// Waits until producers have been opened `count` times since the queue was made, for at most `limit`; whether
    /// they have. Those that are closed by now count.
    #[must_use]
    pub fn wait_for_producers(&self, count: u32, limit: Duration) -> bool {
        self.wait_until(limit, |link| {
            link.layout().producers_opened().load(SeqCst) >= count
        })
    }

    /// Waits until a consumer has been opened, for at most `limit`; whether one is there.
    #[must_use]
    pub fn wait_for_consumer(&self, limit: Duration) -> bool {
        self.wait_until(limit, |link| link.consumer() == link::Peer::Present)
    }

    fn wait_until(&self, limit: Duration, holds: impl Fn(&Link) -> bool) -> bool {
        let (link, deadline) = (self.link(), Deadline::after(limit));
        let gate = link.layout().opened_gate();
        loop {
            gate.announce();
            if holds(link) {
                return true;
            }
            let Some(left) = deadline.left() else {
                return false;
            };
            gate.sleep(left);
        }
    }

    /// How many items are in the queue, or were a moment ago.
    #[must_use]
    pub fn len(&self) -> usize {
        len(self.link())
    }

    /// Whether the queue is empty, or was a moment ago.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn link(&self) -> &std::sync::Arc<Link> {
        self.home.link()
    }
}

fn len(link: &Link) -> usize {
    // In this order the second cannot have overtaken the first.
    let head = link.head();
    usize::try_from(link.tail().items_since(head)).unwrap_or(usize::MAX)
}
