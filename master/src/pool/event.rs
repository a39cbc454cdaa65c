//! What happens in a pool, for whoever reports it.

use super::ended::Ended;

/// What happened in a pool, for whoever reports it.
///
/// ```
/// use std::sync::mpsc;
/// use brigade::{Event, Pool};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
/// #     return Ok(());
/// # }
/// let (tell, told) = mpsc::channel();
/// let pool = Pool::builder()
///     .workers(1)
///     .on_event(move |event| drop(tell.send(event.clone())))
/// #   .this_executable()?
///     .start()?;
/// assert!(matches!(told.recv()?, Event::WorkerStarted { index: 0, .. }));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A worker process was started.
    WorkerStarted {
        /// Number of the worker in the pool, from 0.
        index: usize,
        /// Its process id.
        pid: i32,
    },
    /// A worker process ended before it was ready for work.
    StartFailed {
        /// Number of the worker in the pool, from 0.
        index: usize,
        /// Its process id.
        pid: i32,
        /// How it ended.
        how: Ended,
    },
    /// A worker process ended although nobody had told it to.
    WorkerDied {
        /// Number of the worker in the pool, from 0.
        index: usize,
        /// Its process id.
        pid: i32,
        /// How it ended.
        how: Ended,
    },
    /// A job of a cluster was begun, or resumed.
    JobStarted {
        /// Its name on the server.
        job: String,
    },
    /// A data set is on its way to the server.
    Upload {
        /// What tasks call it.
        name: String,
        /// Bytes that the server has.
        done: u64,
        /// Bytes in all.
        all: u64,
    },
    /// A host of a cluster takes tasks of this job.
    HostJoined {
        /// Its name.
        host: String,
        /// How many workers it has.
        slots: usize,
    },
    /// A host of a cluster has left, or is silent.
    HostLost {
        /// Its name.
        host: String,
    },
    /// A host of a cluster takes no task of this job.
    HostRefused {
        /// Its name.
        host: String,
        /// Why.
        reason: String,
    },
    /// Something is wrong with the server of a cluster or the connection to it; the pool goes on.
    Trouble(String),
}
