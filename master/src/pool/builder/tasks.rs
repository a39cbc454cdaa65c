//! What holds for tasks: how long, how often, how many, how large.

use std::time::Duration;

use super::PoolBuilder;

impl PoolBuilder {
    /// How long a task may run, from its start in a worker. After that the worker's process group is asked to
    /// end, and killed after the [`grace`](Self::grace). The default is no limit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use brigade::{Pool, TaskError, jobs::fault::{Fault, Misdeed}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().timeout(Duration::from_millis(50)).this_executable()?.start()?;
    /// let slow = pool.submit::<Fault>(Misdeed::Sleep(Duration::from_secs(60)))?;
    /// assert!(matches!(slow.wait(), Err(TaskError::TimedOut { .. })));
    /// # Ok(())
    /// # }
    /// ```
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.terms.timeout = Some(limit);
        self
    }

    /// How many more times a task is tried after a worker died of it or it ran out of time. The default is 0,
    /// because a task that is tried again may do things twice.
    ///
    /// ```
    /// use brigade::{Pool, TaskError, jobs::fault::{Fault, Misdeed}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(1).retries(2).this_executable()?.start()?;
    /// let fatal = pool.submit::<Fault>(Misdeed::Exit(1))?;
    /// assert!(matches!(fatal.wait(), Err(TaskError::WorkerDied { attempt: 3, .. })));
    /// # Ok(())
    /// # }
    /// ```
    pub fn retries(mut self, retries: u32) -> Self {
        self.terms.retries = retries;
        self
    }

    /// How many tasks may wait for a worker before [`Pool::submit`](crate::Pool::submit) waits itself. The default is no limit.
    ///
    /// ```
    /// use brigade::{Pool, jobs::echo::Echo};
    ///
    /// # let registry = brigade_worker::jobs::registry();
    /// let pool = Pool::builder().workers(1).max_queued(2).threads(registry).start()?;
    /// for number in 0..100 {
    ///     let _ = pool.submit::<Echo>(number)?; // waits for room
    ///     assert!(pool.stats().queued <= 2);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_queued(mut self, tasks: usize) -> Self {
        self.max_queued = Some(tasks.max(1));
        self
    }

    /// How many bytes an encoded result may take. The default is 1 GiB.
    ///
    /// ```
    /// use brigade::{Pool, TaskError, TaskFailure, jobs::fault::Huge};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(1).result_limit(1 << 20).this_executable()?.start()?;
    /// assert!(pool.submit::<Huge>(1_000)?.wait().is_ok());
    /// assert!(matches!(
    ///     pool.submit::<Huge>(2 << 20)?.wait(),
    ///     Err(TaskError::Failed { failure: TaskFailure::OutputTooLarge { .. }, .. })
    /// ));
    /// # Ok(())
    /// # }
    /// ```
    pub fn result_limit(mut self, bytes: u64) -> Self {
        self.conditions.result_limit_bytes = bytes;
        self
    }
}
