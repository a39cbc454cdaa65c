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
}
