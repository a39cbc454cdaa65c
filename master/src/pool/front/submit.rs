//! One task at a time.

use std::{sync::Arc, time::Duration};

use brigade_protocol::Task;

use super::{
    super::{
        cell::Cell,
        core::Terms,
        engine::Room,
        error::SubmitError,
        handle::Handle,
        outcome::{Input, Sink, encode},
    },
    Pool,
};

impl Pool {
    /// Submits one task.
    ///
    /// ```
    /// use brigade::jobs::echo::Echo;
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// // At once, as Python's `apply` does it:
    /// assert_eq!(pool.submit::<Echo>(7)?.wait()?, 7);
    /// // Or later:
    /// let (one, two) = (pool.submit::<Echo>(1)?, pool.submit::<Echo>(2)?);
    /// assert_eq!(one.wait()? + two.wait()?, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the pool is closed or has given up, or when the input cannot be encoded.
    pub fn submit<T: Task>(&self, input: T::Input) -> Result<Handle<T>, SubmitError> {
        self.submit_with(input, self.terms)
    }

    /// Submits one task that goes before all of lower priority and after all of higher. The priority of
    /// others is 0.
    ///
    /// ```
    /// use std::{sync::mpsc, time::Duration};
    /// use brigade::jobs::{echo::Echo, fault::{Fault, Misdeed}};
    ///
    /// # let pool = brigade::Pool::builder().workers(1).threads(brigade_worker::jobs::registry()).start()?;
    /// let (tell, told) = mpsc::channel();
    /// let busy = pool.submit::<Fault>(Misdeed::Sleep(Duration::from_millis(200)))?;
    /// for priority in [-1, 0, 1] {
    ///     let tell = tell.clone();
    ///     let handle = pool.submit_with_priority::<Echo>(priority, 7)?;
    ///     handle.on_done(move |_| drop(tell.send(priority)));
    /// }
    /// assert_eq!([told.recv()?, told.recv()?, told.recv()?], [1, 0, -1]);
    /// # busy.wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    pub fn submit_with_priority<T: Task>(
        &self,
        priority: i32,
        input: T::Input,
    ) -> Result<Handle<T>, SubmitError> {
        let terms = Terms {
            priority,
            ..self.terms
        };
        self.submit_with(input, terms)
    }

    /// Submits one task with a time limit of its own.
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
    /// let minute = Misdeed::Sleep(Duration::from_secs(60));
    /// let slow = pool.submit_with_timeout::<Fault>(Duration::from_millis(50), minute)?;
    /// assert!(matches!(slow.wait(), Err(TaskError::TimedOut { .. })));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    pub fn submit_with_timeout<T: Task>(
        &self,
        limit: Duration,
        input: T::Input,
    ) -> Result<Handle<T>, SubmitError> {
        let timeout = Some(limit);
        let terms = Terms {
            timeout,
            ..self.terms
        };
        self.submit_with(input, terms)
    }

    fn submit_with<T: Task>(
        &self,
        input: T::Input,
        terms: Terms,
    ) -> Result<Handle<T>, SubmitError> {
        let input = if self.engine.is_local() {
            Input::Value(Box::new(input))
        } else {
            Input::Bytes(encode(&input, &mut Vec::new())?)
        };
        if let Some(most) = self.max_queued {
            let engine = &*self.engine;
            engine.wait_for(&Room { engine, most }, None);
        }
        let cell = Arc::new(Cell::default());
        let sink = Sink::Cell(Arc::clone(&cell));
        let task = self.engine.submit(T::KIND, input, sink, terms);
        let task = task.ok_or_else(|| {
            let reason = self.engine.broken();
            reason.map_or(SubmitError::Closed, SubmitError::PoolBroken)
        })?;
        Ok(Handle::new(cell, Arc::clone(&self.engine), task))
    }
}
