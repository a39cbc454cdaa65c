//! What `submit` returns: the promise of one outcome.

use std::{
    future::Future,
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use brigade_protocol::{Task, codec};

use super::{
    cell::Cell,
    core::TaskRef,
    engine::Engine,
    error::TaskError,
    outcome::{Awaited, Outcome, Output},
};

/// The promise of a task's one outcome.
///
/// It always resolves: with the output, with the error of the task or the death of its worker, or with
/// [`TaskError::Cancelled`] when it is cancelled or the pool ends first. Dropping it leaves the task alone.
///
/// It is a future as well, and needs no runtime of its own:
///
/// ```
/// use brigade::jobs::echo::Echo;
///
/// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
/// # fn block_on<F: Future>(future: F) -> F::Output {
/// #     struct Unpark(std::thread::Thread);
/// #     impl std::task::Wake for Unpark {
/// #         fn wake(self: std::sync::Arc<Self>) {
/// #             self.0.unpark();
/// #         }
/// #     }
/// #     let waker = std::sync::Arc::new(Unpark(std::thread::current())).into();
/// #     let mut future = std::pin::pin!(future);
/// #     loop {
/// #         match future.as_mut().poll(&mut std::task::Context::from_waker(&waker)) {
/// #             std::task::Poll::Ready(output) => return output,
/// #             std::task::Poll::Pending => std::thread::park(),
/// #         }
/// #     }
/// # }
/// let sum = block_on(async {
///     let (one, two) = (pool.submit::<Echo>(1)?, pool.submit::<Echo>(2)?);
///     Ok::<_, Box<dyn std::error::Error>>(one.await? + two.await?)
/// })?;
/// assert_eq!(sum, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a handle is the only way to the outcome"]
pub struct Handle<T: Task> {
    pub(super) cell: Arc<Cell>,
    pub(super) engine: Arc<dyn Engine>,
    task: TaskRef,
    kind: PhantomData<fn() -> T>,
}

impl<T: Task> Handle<T> {
    pub(super) fn new(cell: Arc<Cell>, engine: Arc<dyn Engine>, task: TaskRef) -> Self {
        Self {
            cell,
            engine,
            task,
            kind: PhantomData,
        }
    }

    /// Number of the task in its pool, counted from 0 in the order of submission.
    ///
    /// ```
    /// use brigade::jobs::echo::Echo;
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let (first, second) = (pool.submit::<Echo>(7)?, pool.submit::<Echo>(8)?);
    /// assert_eq!((first.id(), second.id()), (0, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> u64 {
        self.task.id
    }

    /// Whether [`wait`](Self::wait) would return at once.
    ///
    /// ```
    /// use brigade::jobs::echo::Echo;
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let handle = pool.submit::<Echo>(7)?;
    /// while !handle.is_done() {
    ///     std::thread::yield_now(); // or something better to do
    /// }
    /// assert_eq!(handle.wait()?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.cell.is_ready()
    }

    /// Waits for the outcome.
    ///
    /// ```
    /// use brigade::jobs::echo::Echo;
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// assert_eq!(pool.submit::<Echo>(7)?.wait()?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Why the task has no output.
    pub fn wait(self) -> Result<T::Output, TaskError> {
        self.engine.wait_for(&*self.cell, None);
        self.outcome()
    }

    /// Waits for the outcome for at most `time`. Gives the handle back if it did not come; the task goes on.
    ///
    /// ```
    /// use std::time::Duration;
    /// use brigade::jobs::fault::{Fault, Misdeed};
    ///
    /// # let pool = brigade::Pool::builder().workers(1).threads(brigade_worker::jobs::registry()).start()?;
    /// let task = Misdeed::Sleep(Duration::from_millis(300));
    /// let mut handle = pool.submit::<Fault>(task)?;
    /// let mut asked = 0;
    /// let outcome = loop {
    ///     asked += 1;
    ///     match handle.wait_timeout(Duration::from_millis(20)) {
    ///         Ok(outcome) => break outcome,
    ///         Err(same) => handle = same, // not yet
    ///     }
    /// };
    /// assert!(outcome.is_ok() && asked > 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The handle itself. The inner result is the task's outcome, as from [`wait`](Self::wait).
    pub fn wait_timeout(self, time: Duration) -> Result<Result<T::Output, TaskError>, Self> {
        let deadline = Instant::now().checked_add(time);
        if self.engine.wait_for(&*self.cell, deadline) {
            Ok(self.outcome())
        } else {
            Err(self)
        }
    }

    /// Cancels the task, so that its outcome is [`TaskError::Cancelled`]; whether it was in time.
    ///
    /// A task that has not begun never does. One that is running is ended with its worker process, which is
    /// replaced; no other task is affected. (A thread cannot be ended, so in a pool of threads a running task
    /// goes on, and it is too late.)
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
    /// let hour = || Misdeed::Sleep(Duration::from_secs(3_600));
    /// let (running, queued) = (pool.submit::<Fault>(hour())?, pool.submit::<Fault>(hour())?);
    /// # std::thread::sleep(Duration::from_millis(100));
    /// assert!(queued.cancel());
    /// assert!(running.cancel());
    /// assert_eq!(running.wait(), Err(TaskError::Cancelled));
    /// assert_eq!(queued.wait(), Err(TaskError::Cancelled));
    /// let next = pool.submit::<Fault>(Misdeed::None)?;
    /// assert!(next.wait().is_ok());
    /// # Ok(())
    /// # }
    /// ```
    #[expect(
        clippy::must_use_candidate,
        reason = "whether it was in time need not matter"
    )]
    pub fn cancel(&self) -> bool {
        !self.is_done() && self.engine.cancel(self.task)
    }

    /// Has `callback` called with the outcome, on a thread that does nothing else but run callbacks one after
    /// another. It may use the pool. A callback that panics harms no other.
    ///
    /// ```
    /// use brigade::jobs::fault::{Fault, Misdeed};
    /// use std::sync::mpsc;
    ///
    /// # let pool = brigade::Pool::builder().workers(1).threads(brigade_worker::jobs::registry()).start()?;
    /// let (tell, told) = mpsc::channel();
    /// for misdeed in [Misdeed::None, Misdeed::Error("no".into())] {
    ///     let tell = tell.clone();
    ///     pool.submit::<Fault>(misdeed)?.on_done(move |outcome| {
    ///         let _ = match outcome {
    ///             Ok(_) => tell.send("success".to_owned()),
    ///             Err(error) => tell.send(error.to_string()),
    ///         };
    ///     });
    /// }
    /// assert_eq!(told.recv()?, "success");
    /// assert!(told.recv()?.starts_with("the task failed: no"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_done(self, callback: impl FnOnce(Result<T::Output, TaskError>) + Send + 'static) {
        self.cell
            .call(Box::new(|outcome| callback(decode::<T>(outcome, None))));
    }

    fn outcome(self) -> Result<T::Output, TaskError> {
        self.cell
            .take()
            .map_or(Err(TaskError::Taken), |outcome| decode::<T>(outcome, None))
    }
}

impl<T: Task> Future for Handle<T> {
    type Output = Result<T::Output, TaskError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.cell.poll(context.waker()) {
            Some(outcome) => Poll::Ready(decode::<T>(outcome, None)),
            None => Poll::Pending,
        }
    }
}

/// An outcome as its caller wants it. The output is decoded here, on the thread that wants it; an error is told
/// the position of its input in a map, which nobody needed to know before.
pub(super) fn decode<T: Task>(
    outcome: Outcome,
    input_index: Option<u64>,
) -> Result<T::Output, TaskError> {
    let undecodable = |reason| TaskError::OutputUndecodable {
        reason,
        input_index,
    };
    match outcome.map_err(|error| error.of_input(input_index))? {
        Output::Bytes(bytes) => {
            codec::decode(&bytes).map_err(|error| undecodable(error.to_string()))
        }
        Output::Value(value) => value
            .downcast()
            .map(|value| *value)
            .map_err(|_| undecodable("is of another type".into())),
    }
}
