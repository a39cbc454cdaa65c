//! What the state machine wants done, and what it says of tasks.

use std::time::Duration;

use super::{super::ended::Death, terms::TaskKey};

/// What the loop has to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Action<T> {
    /// Start a process for this slot.
    Spawn { slot: usize },
    /// Send this task, [`Core::task`], to the worker.
    Send {
        slot: usize,
        key: TaskKey,
        sequence: u64,
    },
    /// Take back tasks that the worker has not begun, the last `count` of those it has; tell
    /// [`Core::revoked`] which.
    Revoke { slot: usize, count: usize },
    /// The task at this number may have run for too long: take back all behind it, and tell
    /// [`Core::expired`] whether it is running.
    Expire { slot: usize, sequence: u64 },
    /// The worker has not got ready in time: end it now.
    GiveUp { slot: usize },
    /// Tell the worker that there are no more tasks.
    Shutdown { slot: usize },
    /// Ask the worker's process group to end.
    Terminate { slot: usize },
    /// End the worker now.
    Kill { slot: usize },
    /// This task has no result and never will.
    Fail { ticket: T, loss: Loss },
}

/// Why a task leaves without a result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Loss {
    /// It was running when its worker ended.
    Died { attempt: u32, death: Death },
    /// It ran for too long.
    TimedOut {
        attempt: u32,
        worker: i32,
        limit: Duration,
    },
    /// Its handle, or its pool, was told to.
    Cancelled,
    /// The pool gave up.
    Broken(String),
}

/// A task that a worker has finished.
#[derive(Debug, PartialEq)]
pub(crate) struct Finished<T> {
    pub(crate) ticket: T,
    pub(crate) attempt: u32,
}

/// What a request to cancel a task comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cancelling {
    /// It had its outcome before.
    TooLate,
    /// It was queued and is cancelled.
    Done,
    /// It is with a worker: revoke it there, and call [`Core::withdrawn`]; or, if it has begun, take back
    /// all behind it and call [`Core::aborted`].
    With { slot: usize, sequence: u64 },
}

/// A result for a task that was not next: the worker is not to be trusted any more.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a result for task {got} of this worker, where {expected} was next")]
pub(crate) struct OutOfOrder {
    pub(crate) got: u64,
    pub(crate) expected: u64,
}
