//! What can go wrong with locks and their like.

use std::{error::Error, fmt, time::Duration};

use crate::shm::{ArenaError, member::OpenError};

/// Why a primitive did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyncError {
    /// It was not free, now or within the time given.
    #[error("it is not free; wait longer, or see who holds it")]
    Busy,
    /// A holder died, or panicked, while it could change what is guarded, and nobody has mended that since.
    #[error(
        "a holder died or panicked in the middle of its work; look at what is guarded, set it right, and mend the lock"
    )]
    HolderDied,
    /// What the ticket names does not exist any more, or cannot be reached from this process.
    #[error(
        "what the ticket names is gone: who made the ticket has dropped its end or has ended; keep it for as long as others are to open it"
    )]
    Gone,
    /// What the ticket names is another kind of thing, or guards another type.
    #[error("the ticket names something else; both sides have to name the same primitive and type")]
    Other,
    /// It is open too many times.
    #[error("it is open as many times as it can be; close some")]
    Crowded,
    /// A party of the barrier died, left or gave up in the middle of a round, or somebody broke it.
    #[error(
        "the barrier is broken: a party died, left or gave up; reset it when all who are left agree to"
    )]
    Broken,
    /// Not all parties of the barrier have come for as long as its patience lasts.
    #[error(
        "{missing} parties of the barrier have not come for {waited:?}; see whether the tasks that open it were started"
    )]
    Absent {
        /// How many.
        missing: u32,
        /// The barrier's patience.
        waited: Duration,
    },
    /// There would be more permits than can be counted.
    #[error("a semaphore cannot have more than 2^31 permits")]
    TooManyPermits,
    /// The list has no such item.
    #[error("the list has {length} items, and none at {index}")]
    NoSuchItem {
        /// The index asked for.
        index: usize,
        /// How many items there are.
        length: usize,
    },
    /// The text or bytes are longer than the item was when the list was made.
    #[error(
        "{bytes} bytes do not fit into the item's {room}; make the list with an item as long as it will ever be"
    )]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The item's room.
        room: usize,
    },
    /// What was asked for is impossible.
    #[error("there cannot be {0}")]
    Impossible(&'static str),
    /// The system refused.
    #[error("no memory to share: {0}")]
    System(#[from] ArenaError),
}

impl From<OpenError> for SyncError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Gone => Self::Gone,
            OpenError::Other => Self::Other,
            OpenError::Crowded => Self::Crowded,
        }
    }
}

/// Why a lock was not simply given.
///
/// In a function that returns [`SyncError`], or a boxed error, `?` passes it on; a lock that was given with a mark
/// is free again then, and still marked.
pub enum LockError<G> {
    /// The lock was given, but a holder before died, or panicked, while it could change the data. Look at the data,
    /// set it right, and mend the lock.
    HolderDied(G),
    /// The lock was not free, now or within the time given.
    Busy,
}

/// A guard, or why there is none, or none without a mark.
pub type LockResult<G> = Result<G, LockError<G>>;

impl<G> LockError<G> {
    /// The guard, if the lock was given.
    pub fn into_guard(self) -> Option<G> {
        match self {
            Self::HolderDied(guard) => Some(guard),
            Self::Busy => None,
        }
    }

    const fn plain(&self) -> SyncError {
        match self {
            Self::HolderDied(_) => SyncError::HolderDied,
            Self::Busy => SyncError::Busy,
        }
    }
}

impl<G> fmt::Debug for LockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.plain(), f)
    }
}

impl<G> fmt::Display for LockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.plain(), f)
    }
}

// Not an `Error` itself: a boxed one could not hold the guard, so it becomes one without.

impl<G> From<LockError<G>> for SyncError {
    fn from(error: LockError<G>) -> Self {
        error.plain()
    }
}

impl<G> From<LockError<G>> for Box<dyn Error> {
    fn from(error: LockError<G>) -> Self {
        error.plain().into()
    }
}

impl<G> From<LockError<G>> for Box<dyn Error + Send + Sync> {
    fn from(error: LockError<G>) -> Self {
        error.plain().into()
    }
}

/// The same error for a guard and whether a wait was ended by its condition, which nobody has asked.
pub(super) fn paired<G>(error: LockError<G>) -> LockError<(G, bool)> {
    match error {
        LockError::HolderDied(guard) => LockError::HolderDied((guard, false)),
        LockError::Busy => LockError::Busy,
    }
}
