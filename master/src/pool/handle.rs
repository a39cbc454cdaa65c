//! What `submit` returns: the promise of one outcome.

use std::{
    marker::PhantomData,
    sync::Arc,
    time::{Duration, Instant},
};

use brigade_protocol::{Task, codec};

use super::{
    error::TaskError,
    outcome::{Awaited, Cell, Outcome},
    wheel::Shared,
};

/// The promise of a task's one outcome.
///
/// It always resolves: with the output, with the error of the task or the death of its worker, or with
/// [`TaskError::Cancelled`] when the pool ends first. Dropping it leaves the task alone.
#[derive(Debug)]
pub struct Handle<T: Task> {
    pub(super) cell: Arc<Cell>,
    pub(super) shared: Arc<Shared>,
    id: u64,
    kind: PhantomData<fn() -> T>,
}

impl<T: Task> Handle<T> {
    pub(super) fn new(cell: Arc<Cell>, shared: Arc<Shared>, id: u64) -> Self {
        Self {
            cell,
            shared,
            id,
            kind: PhantomData,
        }
    }

    /// Number of the task in its pool, counted from 0 in the order of submission.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Whether [`wait`](Self::wait) would return at once.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.cell.is_ready()
    }

    /// Waits for the outcome.
    ///
    /// # Errors
    /// Why the task has no output.
    pub fn wait(self) -> Result<T::Output, TaskError> {
        self.shared.wait_for(&*self.cell, None);
        self.outcome()
    }

    /// Waits for the outcome for at most `time`. Gives the handle back if it did not come; the task goes on.
    ///
    /// # Errors
    /// The handle itself. The inner result is the task's outcome, as from [`wait`](Self::wait).
    pub fn wait_timeout(self, time: Duration) -> Result<Result<T::Output, TaskError>, Self> {
        let deadline = Instant::now().checked_add(time);
        if self.shared.wait_for(&*self.cell, deadline) {
            Ok(self.outcome())
        } else {
            Err(self)
        }
    }

    fn outcome(self) -> Result<T::Output, TaskError> {
        self.cell
            .take()
            .map_or(Err(TaskError::Cancelled), decode::<T>)
    }
}

/// An outcome as its caller wants it. The output is decoded here, on the thread that wants it.
pub(super) fn decode<T: Task>(outcome: Outcome) -> Result<T::Output, TaskError> {
    let bytes = outcome.map_err(|error| *error)?;
    codec::decode(&bytes).map_err(|error| TaskError::OutputUndecodable(error.to_string()))
}
