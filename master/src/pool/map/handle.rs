//! All outcomes of a map at once.

use brigade_protocol::Task;

use super::super::{error::TaskError, handle::Handle};

/// All the outcomes of [`Pool::map_async`](crate::Pool::map_async), in the order of the inputs.
///
/// ```
/// use brigade::jobs::echo::Echo;
///
/// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
/// let handle = pool.map_async::<Echo, _>([5, 6]);
/// assert_eq!(handle.wait(), [Ok(5), Ok(6)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a handle is the only way to the outcomes"]
pub struct MapHandle<T: Task> {
    handles: Vec<Result<Handle<T>, TaskError>>,
}

impl<T: Task> MapHandle<T> {
    pub(in super::super) fn new(handles: Vec<Result<Handle<T>, TaskError>>) -> Self {
        Self { handles }
    }

    /// Whether [`wait`](Self::wait) would return at once.
    ///
    /// ```
    /// use brigade::jobs::echo::Echo;
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let handle = pool.map_async::<Echo, _>([5, 6]);
    /// while !handle.is_done() {
    ///     std::thread::yield_now(); // or something better to do
    /// }
    /// # assert_eq!(handle.wait(), [Ok(5), Ok(6)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.handles.iter().flatten().all(Handle::is_done)
    }

    /// Cancels all tasks that are not done.
    ///
    /// ```
    /// use std::time::Duration;
    /// use brigade::{Pool, TaskError, jobs::fault::{Fault, Misdeed}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(1).this_executable()?.start()?;
    /// let hour = Misdeed::Sleep(Duration::from_secs(3_600));
    /// let handle = pool.map_async::<Fault, _>(vec![hour; 3]);
    /// handle.cancel();
    /// assert_eq!(handle.wait(), vec![Err(TaskError::Cancelled); 3]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel(&self) {
        for handle in self.handles.iter().flatten() {
            handle.cancel();
        }
    }

    /// Waits for all outcomes.
    ///
    /// ```
    /// use brigade::jobs::fault::{Fault, Misdeed};
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let inputs = [Misdeed::None, Misdeed::Error("no".into())];
    /// let outcomes = pool.map_async::<Fault, _>(inputs).wait();
    /// assert!(outcomes[0].is_ok());
    /// assert!(outcomes[1].as_ref().is_err_and(|error| error.input_index() == Some(1)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn wait(self) -> Vec<Result<T::Output, TaskError>> {
        let outcomes = (0..).zip(self.handles);
        outcomes
            .map(|(position, handle)| {
                let outcome = handle.and_then(Handle::wait);
                outcome.map_err(|error| error.of_input(Some(position)))
            })
            .collect()
    }
}
