//! The two other kinds of queue that Python's multiprocessing has.

use std::{ops::Deref, time::Duration};

use super::{Queue, QueueError, join};
use crate::shm::gate::Deadline;

/// A queue that says when all of its items are done.
///
/// ```
/// use brigade_protocol::queue::{JoinableQueue, QueueError};
///
/// let queue = JoinableQueue::<u32>::bounded(10)?;
/// let mut producer = queue.producer()?;
/// let mut consumer = queue.consumer()?;
/// std::thread::spawn(move || {
///     while let Ok(number) = consumer.get() {
///         // … what there is to do with the number, and then:
///         consumer.task_done()?;
///     }
///     Ok::<(), QueueError>(())
/// });
/// for number in 0..100 {
///     producer.put(&number)?;
/// }
/// queue.join()?;
/// # Ok::<(), QueueError>(())
/// ```
#[derive(Debug)]
pub struct JoinableQueue<T>(Queue<T>);

impl<T> JoinableQueue<T> {
    /// A queue of at most `capacity` items that were not got.
    ///
    /// # Errors
    /// As [`QueueBuilder::build`](super::QueueBuilder::build).
    pub fn bounded(capacity: usize) -> Result<Self, QueueError> {
        let builder = Queue::builder().capacity(capacity);
        Ok(Self(builder.joinable().build()?))
    }

    /// Items that were put and for which nobody has called [`task_done`](super::Consumer::task_done).
    #[must_use]
    pub fn unfinished(&self) -> u64 {
        join::unfinished(self.0.link())
    }

    /// Waits until every item is done.
    ///
    /// # Errors
    /// [`QueueError::Abandoned`] when the consumer has ended before, [`QueueError::NobodyThere`] when none was
    /// opened for as long as the queue's patience lasts, and [`QueueError::Lost`] when a consumer had got items
    /// and ended before it had done them, and another one has done all the others.
    pub fn join(&self) -> Result<(), QueueError> {
        join::join(self.0.link(), Deadline::NEVER)
    }

    /// Waits until every item is done, for at most `limit`.
    ///
    /// # Errors
    /// As [`join`](Self::join), and [`QueueError::Unfinished`] when there are some left.
    pub fn join_timeout(&self, limit: Duration) -> Result<(), QueueError> {
        join::join(self.0.link(), Deadline::after(limit))
    }
}

impl<T> Deref for JoinableQueue<T> {
    type Target = Queue<T>;

    fn deref(&self) -> &Queue<T> {
        &self.0
    }
}

/// A queue that is bounded by its room in bytes alone, 64 MiB.
///
/// ```
/// use brigade_protocol::queue::SimpleQueue;
///
/// let queue = SimpleQueue::<u64>::new()?;
/// let mut producer = queue.producer()?;
/// for number in 0..100_000 {
///     producer.put(&number)?;
/// }
/// drop(producer);
/// let consumer = queue.consumer()?;
/// drop(queue);
/// let sum = consumer.sum::<Result<u64, _>>()?;
/// assert_eq!(sum, 4_999_950_000);
/// # Ok::<(), brigade_protocol::queue::QueueError>(())
/// ```
#[derive(Debug)]
pub struct SimpleQueue<T>(Queue<T>);

impl<T> SimpleQueue<T> {
    /// Makes the queue.
    ///
    /// # Errors
    /// As [`QueueBuilder::build`](super::QueueBuilder::build).
    pub fn new() -> Result<Self, QueueError> {
        Ok(Self(Queue::builder().build()?))
    }
}

impl<T> Deref for SimpleQueue<T> {
    type Target = Queue<T>;

    fn deref(&self) -> &Queue<T> {
        &self.0
    }
}
