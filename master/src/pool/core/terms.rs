//! What tasks are called, what is granted to them and to workers, and how many there were.

use std::time::Duration;

/// Identifies a task while the pool has it. Used again for a later task.
pub(crate) type TaskKey = usize;

/// Identifies a task for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaskRef {
    pub(crate) key: TaskKey,
    /// Number of the task in its pool.
    pub(crate) id: u64,
}

/// What is granted to a task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    /// How many more times it is tried after a worker died of it.
    pub(crate) retries: u32,
    /// How long it may run, from its start.
    pub(crate) timeout: Option<Duration>,
    /// Higher goes first.
    pub(crate) priority: i32,
    /// Whether a task of a map must not travel in a chunk, because something is counted for each.
    pub(crate) is_single: bool,
}

/// What is granted to all workers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Tasks after which a worker is replaced by a fresh one.
    pub(crate) tasks_per_worker: Option<u64>,
    /// How long a worker may take to end after it was told to.
    pub(crate) grace: Duration,
    /// How long a worker may take to introduce itself.
    pub(crate) greeting: Duration,
    /// How long its initialiser may then take.
    pub(crate) preparation: Option<Duration>,
    /// Whether what tasks have started is looked for even when the pool ends its workers.
    pub(crate) starts_processes: bool,
}

/// What a pool has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Tasks taken.
    pub(crate) submitted: u64,
    /// Tasks whose function returned.
    pub(crate) finished: u64,
    /// Tasks that left without a result.
    pub(crate) lost: u64,
    /// Attempts after the first.
    pub(crate) retried: u64,
    /// Workers that ended without being told to.
    pub(crate) deaths: u64,
}
