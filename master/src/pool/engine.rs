//! What handles, maps and pools need of whatever does the work: processes or threads.

use std::{
    fmt,
    thread::{self, Thread},
    time::Instant,
};

use super::{
    core::{TaskRef, Terms},
    outcome::{Awaited, Input, KindIndex, Sink, Ticket},
};

/// The numbers of a pool; see [`Pool::stats`](crate::Pool::stats).
///
/// ```
/// use brigade::{Pool, jobs::{echo::Echo, fault::{Fault, Misdeed}}};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
/// #     return Ok(());
/// # }
/// let pool = Pool::builder().workers(1).retries(1).this_executable()?.start()?;
/// assert_eq!(pool.map::<Echo, _>(0..10).count(), 10);
/// assert!(pool.submit::<Fault>(Misdeed::Exit(1))?.wait().is_err());
/// let stats = pool.stats();
/// assert_eq!((stats.submitted, stats.finished, stats.lost), (11, 10, 1));
/// assert_eq!((stats.retried, stats.deaths, stats.open), (1, 2, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Workers that are wanted.
    pub workers: usize,
    /// Tasks that wait for a worker.
    pub queued: usize,
    /// Tasks without an outcome yet, those queued included.
    pub open: usize,
    /// Tasks taken so far.
    pub submitted: u64,
    /// Tasks whose function returned, with an output or an error, or panicked.
    pub finished: u64,
    /// Tasks that have left without that: their worker died, they ran out of time, were cancelled.
    pub lost: u64,
    /// Attempts after the first.
    pub retried: u64,
    /// Workers that ended without being told to.
    pub deaths: u64,
}

/// A pool behind its handles.
pub(crate) trait Engine: Send + Sync + fmt::Debug {
    /// Whether tasks stay in this process, so that inputs and outputs travel as they are.
    fn is_local(&self) -> bool;
    /// The pool's own number for a kind of task.
    fn kind(&self, name: &'static str) -> KindIndex;
    /// Submits one task, unless the pool is closed.
    fn submit(&self, kind: &'static str, input: Input, sink: Sink, terms: Terms)
    -> Option<TaskRef>;
    /// Submits many. If the pool is closed they have their outcome at once; whether it is not.
    fn submit_all(&self, tickets: Vec<Ticket>, terms: Terms) -> bool;
    /// Cancels a task; whether it was in time.
    fn cancel(&self, task: TaskRef) -> bool;
    /// How many tasks a map should have in here.
    fn appetite(&self) -> usize;
    /// Waits until `awaited` is ready, or until `deadline`; whether it is ready.
    fn wait_for(&self, awaited: &dyn Awaited, deadline: Option<Instant>) -> bool;
    /// Has `thread` woken when something changes.
    fn wake_on_change(&self, thread: Thread);
    /// Why the pool has given up, if it has.
    fn broken(&self) -> Option<String>;
    /// Takes no more tasks and ends when those that are here are done.
    fn close(&self);
    /// Submitted tasks without an outcome; those of maps do not count.
    fn unfinished(&self) -> u64;
    /// Cancels all tasks and ends now. Returns how many were [unfinished](Self::unfinished).
    fn terminate(&self) -> u64;
    /// Whether the last worker has ended.
    fn is_over(&self) -> bool;
    /// Wants another number of workers.
    fn resize(&self, workers: usize);
    /// The numbers of now.
    fn stats(&self) -> Stats;
    /// Process ids of the workers.
    fn worker_pids(&self) -> Vec<i32>;
    /// Cancels what waits for a worker.
    fn cancel_queued(&self);
    /// The time between was not the tasks': this process was stopped and goes on.
    fn stop_and_continue(&self, is_stopped: bool);
}

/// Waits on an engine whose own threads do all the work.
pub(crate) fn park_until(awaited: &dyn Awaited, deadline: Option<Instant>) -> bool {
    loop {
        awaited.set_waiter(Some(thread::current()));
        if awaited.is_ready() {
            awaited.set_waiter(None);
            return true;
        }
        match deadline.map(|at| at.saturating_duration_since(Instant::now())) {
            Some(left) if left.is_zero() => {
                awaited.set_waiter(None);
                return awaited.is_ready();
            }
            Some(left) => thread::park_timeout(left),
            None => thread::park(),
        }
    }
}

/// The end of the last worker of a pool.
pub(crate) struct End<'a>(pub(crate) &'a dyn Engine);

impl Awaited for End<'_> {
    fn is_ready(&self) -> bool {
        self.0.is_over()
    }

    fn set_waiter(&self, waiter: Option<Thread>) {
        if let Some(thread) = waiter {
            self.0.wake_on_change(thread);
        }
    }
}

/// Room in the queue of a pool.
pub(crate) struct Room<'a> {
    pub(crate) engine: &'a dyn Engine,
    pub(crate) most: usize,
}

impl Awaited for Room<'_> {
    fn is_ready(&self) -> bool {
        self.engine.stats().queued < self.most
    }

    fn set_waiter(&self, waiter: Option<Thread>) {
        if let Some(thread) = waiter {
            self.engine.wake_on_change(thread);
        }
    }
}
