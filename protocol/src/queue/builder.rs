//! The choices there are when a queue is made.

use std::{marker::PhantomData, sync::atomic::Ordering::Relaxed, time::Duration};

use super::{
    Queue,
    error::QueueError,
    frame::PIECE_BYTES,
    link::{HOME, Link},
    position::{MOST_BYTES, MOST_ITEMS},
};

/// Two pieces of a large item, so that one is written while the other is read.
const LEAST_ROOM: u64 = 4 * PIECE_BYTES as u64;
const DEFAULT_ROOM: u64 = 64 << 20;
const DEFAULT_ITEM_LIMIT: u64 = 1 << 30;
const DEFAULT_PATIENCE: Duration = Duration::from_mins(1);

/// Makes a queue with other limits than the usual ones.
///
/// ```
/// use std::time::Duration;
/// use brigade_protocol::queue::{Queue, QueueError};
///
/// let queue = Queue::<u32>::builder().capacity(2).patience(Duration::from_millis(20)).build()?;
/// let mut producer = queue.producer()?;
/// producer.put(&1)?;
/// producer.put(&2)?;
/// assert_eq!(producer.try_put(&3), Err(QueueError::Full));
/// // Nobody has opened the other end, and nobody does in time.
/// assert!(matches!(producer.put(&3), Err(QueueError::NobodyThere { .. })));
/// # Ok::<(), QueueError>(())
/// ```
#[derive(Debug, Clone)]
pub struct QueueBuilder<T> {
    capacity: u64,
    room: u64,
    item_limit: u64,
    patience: Duration,
    is_joinable: bool,
    items: PhantomData<fn() -> T>,
}

impl<T> QueueBuilder<T> {
    pub(super) const fn new() -> Self {
        Self {
            capacity: MOST_ITEMS,
            room: DEFAULT_ROOM,
            item_limit: DEFAULT_ITEM_LIMIT,
            patience: DEFAULT_PATIENCE,
            is_joinable: false,
            items: PhantomData,
        }
    }

    /// The most items in the queue; without this, as many as there is room for.
    #[must_use]
    pub const fn capacity(mut self, items: usize) -> Self {
        self.capacity = items as u64;
        self
    }

    /// The most bytes of encoded items in the queue, rounded up to a power of two, a mebibyte at least; 64 MiB
    /// without this. Memory is taken only for what is used. Where a queue that was nearly empty has begun anew at the
    /// beginning of its memory, a sixteenth of this, less a mebibyte, may be all there is until the consumer has come so far.
    #[must_use]
    pub const fn room(mut self, bytes: u64) -> Self {
        self.room = bytes;
        self
    }

    /// The most bytes of one encoded item; 1 GiB without this. It may be more than the queue has room for:
    /// such an item goes through in pieces.
    #[must_use]
    pub const fn item_limit(mut self, bytes: u64) -> Self {
        self.item_limit = bytes;
        self
    }

    /// How long `put`, `get` and `join` wait while nobody is at the other side but somebody may still come; a
    /// minute without this.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    pub(super) const fn joinable(mut self) -> Self {
        self.is_joinable = true;
        self
    }

    /// Makes the queue.
    ///
    /// # Errors
    /// [`QueueError::Impossible`] for a capacity of nothing or too much room, and [`QueueError::System`] when there
    /// is no memory or no descriptor left.
    pub fn build(self) -> Result<Queue<T>, QueueError> {
        if self.capacity == 0 {
            return Err(QueueError::Impossible("a capacity of 0 items"));
        }
        if self.room > MOST_BYTES {
            return Err(QueueError::Impossible("room for more than 256 GiB"));
        }
        let room = self.room.max(LEAST_ROOM).next_power_of_two();
        let room = usize::try_from(room)
            .map_err(|_| QueueError::Impossible("more room than this machine can address"))?;
        let patience = u64::try_from(self.patience.as_nanos()).unwrap_or(u64::MAX);
        let link = Link::create("brigade-queue", room, |layout| {
            layout.id().store(fastrand::u64(..), Relaxed);
            layout
                .capacity()
                .store(self.capacity.min(MOST_ITEMS), Relaxed);
            layout.item_limit().store(self.item_limit, Relaxed);
            layout.patience().store(patience, Relaxed);
            layout
                .is_joinable()
                .store(u32::from(self.is_joinable), Relaxed);
        })?;
        let home = link.join_as(HOME).ok_or(QueueError::Taken)?;
        Ok(Queue {
            home,
            items: PhantomData,
        })
    }
}
