//! What can go wrong with a queue.

use std::time::Duration;

use crate::{
    codec::{DecodeError, EncodeError},
    shm::ArenaError,
};

/// Why a queue did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// There was no room, now or within the time given. Nothing was put.
    #[error("the queue is full; get items from it, give it more room, or wait longer")]
    Full,
    /// There was no item, now or within the time given.
    #[error("the queue is empty; put items into it, or wait longer")]
    Empty,
    /// For a consumer: every producer is closed or dead, no further one can be opened, and nothing is left.
    /// For a producer: the consumer is closed or dead.
    #[error("the queue is closed: nobody is at its other side any more")]
    Closed,
    /// Somebody waited and there was nobody at the other side for as long as the queue's patience lasts. What
    /// was to be done can be tried again.
    #[error(
        "nobody has opened the queue's other end for {waited:?}; see whether the task that has to open it was started, or give the queue more patience"
    )]
    NobodyThere {
        /// The queue's patience.
        waited: Duration,
    },
    /// The item that was got is not of the queue's type. It has been taken, and the queue goes on.
    #[error("an item of the queue {0}; both sides have to name the same type")]
    Undecodable(#[from] DecodeError),
    /// The item that was to be put cannot be serialised.
    #[error("an item for the queue {0}")]
    Unencodable(#[from] EncodeError),
    /// The item that was to be put is too large for the queue.
    #[error(
        "an item of {bytes} bytes is larger than the {limit} bytes that the queue allows here; cut it, or build the queue with higher limits"
    )]
    TooLarge {
        /// Its length when encoded.
        bytes: u64,
        /// The queue's limit, or the room of its ring where waiting is not allowed.
        limit: u64,
    },
    /// The queue of a ticket does not exist any more, or cannot be reached from this process.
    #[error(
        "the queue of this ticket is gone: who made it has dropped it or has ended; keep the queue for as long as ends are to be opened"
    )]
    Gone,
    /// The consumer end is open somewhere else.
    #[error("the consumer end of the queue is open already; there is one at a time")]
    Taken,
    /// There are too many producers.
    #[error("the queue has {0} producers, the most it can have; close some")]
    Crowded(u32),
    /// [`task_done`](super::Consumer::task_done) was called more often than items were got.
    #[error("task_done was called more often than items were got from the queue")]
    TooManyDone,
    /// `task_done` or `join` of a queue that is no [`JoinableQueue`](super::JoinableQueue).
    #[error("the queue does not count what is done; make a JoinableQueue")]
    NotJoinable,
    /// The consumer ended with items that it had got and not done, or that it had yet to get.
    #[error("the queue's consumer ended with {unfinished} items not done; open its end anew")]
    Abandoned {
        /// How many.
        unfinished: u64,
    },
    /// Not everything was done in the time given.
    #[error("{unfinished} items of the queue are not done yet; wait longer")]
    Unfinished {
        /// How many.
        unfinished: u64,
    },
    /// All items were got, and some of them by a consumer that ended before it had done them.
    #[error("{items} items of the queue were lost with a consumer that got them and ended")]
    Lost {
        /// How many.
        items: u64,
    },
    /// What lies in the queue's memory was written by no producer of this version.
    #[error(
        "the queue's memory is corrupt; master and worker have to be built from the same version"
    )]
    Corrupt,
    /// The size or limit asked for is impossible.
    #[error("a queue cannot have {0}")]
    Impossible(&'static str),
    /// The system refused.
    // The cause is a part of the message, and no source beside it: it would be told twice.
    #[error("no memory for the queue: {0}")]
    System(ArenaError),
}

impl From<ArenaError> for QueueError {
    fn from(error: ArenaError) -> Self {
        Self::System(error)
    }
}
