//! A pool as its users hold it.

use std::{
    fmt,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use brigade_protocol::Task;

use super::{
    builder::{MOST_WORKERS, PoolBuilder},
    cell::Cell,
    core::Terms,
    dropped,
    engine::{End, Engine, Room, Stats},
    error::{SubmitError, TaskError},
    handle::Handle,
    map::{Map, MapHandle, MapUnordered},
    orphans,
    outcome::{Input, Sink, encode},
    wakes::wait_for_callbacks,
};

/// After a crash, the end of a pool waits at most this long until what the dead worker left is found and ended.
const ORPHANS: Duration = Duration::from_millis(500);

/// Workers that run tasks: processes, or threads of this process.
///
/// Dropping a pool kills its workers and waits for nothing; tasks that are not done fail with
/// [`TaskError::Cancelled`](crate::TaskError::Cancelled). [`join`](Self::join) finishes them first. A `main` that
/// returns an [`Exit`](crate::Exit) does not exit with success then.
///
/// ```no_run
/// use brigade::{Pool, jobs::echo::Echo};
///
/// let pool = Pool::builder().workers(2).start()?;
/// let sum: u64 = pool.map::<Echo, _>(0..1_000).map(Result::unwrap).sum();
/// assert_eq!(sum, 499_500);
/// pool.join();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Pool {
    engine: Arc<dyn Engine>,
    steward: Option<JoinHandle<()>>,
    terms: Terms,
    max_queued: Option<usize>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Pool {
    /// A pool's options, to be changed and started.
    pub fn builder() -> PoolBuilder {
        PoolBuilder::default()
    }

    pub(super) fn new(
        engine: Arc<dyn Engine>,
        steward: Option<JoinHandle<()>>,
        terms: Terms,
        max_queued: Option<usize>,
    ) -> Self {
        dropped::enter(&engine);
        Self {
            engine,
            steward,
            terms,
            max_queued,
        }
    }

    /// Submits one task.
    ///
    /// # Errors
    /// When the pool is closed or has given up, or when the input cannot be encoded.
    pub fn submit<T: Task>(&self, input: T::Input) -> Result<Handle<T>, SubmitError> {
        self.submit_with(input, self.terms)
    }

    /// Submits one task that goes before all of lower priority and after all of higher. The priority of
    /// others is 0.
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

    /// Runs a task for each input and yields the results in the order of the inputs, as they come.
    ///
    /// Inputs are taken while results are consumed: endless iterators are fine.
    pub fn map<T, I>(&self, inputs: I) -> Map<T, I::IntoIter>
    where
        T: Task,
        I: IntoIterator<Item = T::Input>,
    {
        Map::new(&self.engine, inputs.into_iter(), self.terms)
    }

    /// Runs a task for each input and yields the results as they come, each with the position of its input.
    pub fn map_unordered<T, I>(&self, inputs: I) -> MapUnordered<T, I::IntoIter>
    where
        T: Task,
        I: IntoIterator<Item = T::Input>,
    {
        MapUnordered::new(&self.engine, inputs.into_iter(), self.terms)
    }

    /// Like [`map`](Self::map) for inputs that are given as something else, such as tuples of arguments.
    pub fn starmap<T, I>(&self, arguments: I) -> Map<T, impl Iterator<Item = T::Input>>
    where
        T: Task,
        I: IntoIterator<Item: Into<T::Input>>,
    {
        self.map(arguments.into_iter().map(Into::into))
    }

    /// Submits a task for each input at once, and returns a handle on all their outcomes.
    ///
    /// All inputs are taken now, and all results kept until they are wanted; [`map`](Self::map) needs less
    /// memory.
    pub fn map_async<T, I>(&self, inputs: I) -> MapHandle<T>
    where
        T: Task,
        I: IntoIterator<Item = T::Input>,
    {
        let submit = |input| {
            self.submit::<T>(input).map_err(|error| match error {
                SubmitError::Closed => TaskError::Cancelled,
                SubmitError::Input(error) => TaskError::Input(error),
                SubmitError::PoolBroken(reason) => TaskError::PoolBroken(reason),
            })
        };
        MapHandle::new(inputs.into_iter().map(submit).collect())
    }

    /// Process ids of the workers that are there now, in the order of their numbers; of a pool of threads,
    /// this process's own.
    #[must_use]
    pub fn worker_pids(&self) -> Vec<i32> {
        self.engine.worker_pids()
    }

    /// The pool's numbers.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.engine.stats()
    }

    /// Wants another number of workers from now on, but at least one and at most 1,024. New ones are started at once; those
    /// there are too many finish the task they are at.
    pub fn resize(&self, workers: usize) {
        self.engine.resize(workers.clamp(1, MOST_WORKERS));
    }

    /// Takes no more tasks. Those that are here are finished, then the workers end.
    pub fn close(&self) {
        self.engine.close();
    }

    /// Cancels all tasks that have not begun. What is running goes on to its end.
    pub fn cancel_queued(&self) {
        self.engine.cancel_queued();
    }

    /// Stops all workers, and the clocks of their tasks, as when this process is about to be stopped.
    pub fn pause(&self) {
        self.engine.stop_and_continue(true);
    }

    /// Lets the workers go on after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.engine.stop_and_continue(false);
    }

    /// A way to stop the pool's work from another thread, such as one that waits for signals.
    #[must_use]
    pub fn control(&self) -> Control {
        Control(Arc::clone(&self.engine))
    }

    /// Closes the pool and waits until all tasks are done, all workers have ended, and all callbacks have run.
    pub fn join(self) {
        // Without a time limit it does not give the pool back.
        drop(self.join_until(None));
    }

    /// Like [`join`](Self::join) for at most `time`. Gives the pool, closed, back if that was not enough.
    ///
    /// # Errors
    /// The pool itself.
    pub fn join_timeout(self, time: Duration) -> Result<(), Self> {
        self.join_until(Instant::now().checked_add(time))
    }

    fn join_until(mut self, deadline: Option<Instant>) -> Result<(), Self> {
        self.close();
        if !self.engine.wait_for(&End(&*self.engine), deadline) {
            return Err(self);
        }
        if let Some(steward) = self.steward.take() {
            // It has nothing left to do; had it panicked, the workers would be gone all the same.
            let _ = steward.join();
        }
        wait_for_callbacks(deadline);
        orphans::settle(ORPHANS);
        Ok(())
    }

    /// Kills the workers now. Tasks that are not done fail as cancelled, and as this was asked for they are not
    /// counted as [dropped](crate::dropped_tasks).
    pub fn terminate(self) {
        self.engine.terminate();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        dropped::add(self.engine.terminate());
        orphans::settle(ORPHANS);
    }
}

/// Stops the work of a pool, for a while or for good; see [`Pool::control`].
#[derive(Debug, Clone)]
pub struct Control(Arc<dyn Engine>);

impl Control {
    /// Takes no more tasks and cancels all that have not begun. What is running goes on to its end.
    pub fn drain(&self) {
        self.0.close();
        self.0.cancel_queued();
    }

    /// Kills the workers now. Tasks that are not done fail as cancelled.
    pub fn terminate(&self) {
        self.0.terminate();
    }

    /// Stops all workers, and the clocks of their tasks, as when this process is about to be stopped.
    pub fn pause(&self) {
        self.0.stop_and_continue(true);
    }

    /// Lets the workers go on after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.0.stop_and_continue(false);
    }

    /// The pool's numbers.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0.stats()
    }
}
