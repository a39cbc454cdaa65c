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
/// ```
/// use brigade::{Pool, jobs::echo::Echo};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
/// #     return Ok(());
/// # }
/// let pool = Pool::builder().workers(2).this_executable()?.start()?;
/// let sum: u64 = pool.map::<Echo, _>(0..1_000).sum::<Result<_, _>>()?;
/// assert_eq!(sum, 499_500);
/// pool.join();
/// # Ok(())
/// # }
/// ```
///
/// # Pools in tasks
///
/// A task may have a pool of its own. What that has started ends with the worker, however it ends.
///
/// ```
/// use brigade::{Pool, Registry, Task, jobs::echo::Echo};
///
/// /// Adds up the numbers below a bound, in a pool of its own.
/// struct Sum;
///
/// impl Task for Sum {
///     const KIND: &'static str = "example.sum";
///     type Input = u64;
///     type Output = u64;
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut registry = Registry::new();
/// registry.register::<Echo, _>(|number, _context| Ok(number));
/// registry.register::<Sum, _>(|bound, _context| {
///     let inner = Pool::builder().workers(2).this_executable()?.start()?;
///     let sum = inner.map::<Echo, _>(0..bound).sum::<Result<u64, _>>()?;
///     inner.join();
///     Ok(sum)
/// });
/// # if brigade::worker_role(&registry).is_some() {
/// #     return Ok(());
/// # }
/// let outer = Pool::builder().workers(1).this_executable()?.start()?;
/// let sums = outer.map::<Sum, _>([10, 100]).collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(sums, [45, 4_950]);
/// # Ok(())
/// # }
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
    ///
    /// ```
    /// use brigade::{Pool, jobs::echo::Echo};
    ///
    /// # let registry = brigade_worker::jobs::registry();
    /// let pool = Pool::builder().workers(2).threads(registry).start()?;
    /// assert_eq!(pool.submit::<Echo>(7)?.wait()?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

    /// Runs a task for each input and yields the results in the order of the inputs, as they come.
    ///
    /// Inputs are taken while results are consumed: endless iterators are fine.
    ///
    /// ```
    /// use brigade::jobs::echo::Echo;
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let doubled: Vec<u64> = pool.map::<Echo, _>((0..).step_by(2)).take(3).collect::<Result<_, _>>()?;
    /// assert_eq!(doubled, [0, 2, 4]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn map<T, I>(&self, inputs: I) -> Map<T, I::IntoIter>
    where
        T: Task,
        I: IntoIterator<Item = T::Input>,
    {
        Map::new(&self.engine, inputs.into_iter(), self.terms)
    }

    /// Runs a task for each input and yields the results as they come, each with the position of its input.
    ///
    /// ```
    /// use brigade::jobs::echo::Echo;
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let mut count = 0;
    /// for (position, outcome) in pool.map_unordered::<Echo, _>(100..200) {
    ///     assert_eq!(outcome?, 100 + position);
    ///     count += 1;
    /// }
    /// assert_eq!(count, 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn map_unordered<T, I>(&self, inputs: I) -> MapUnordered<T, I::IntoIter>
    where
        T: Task,
        I: IntoIterator<Item = T::Input>,
    {
        MapUnordered::new(&self.engine, inputs.into_iter(), self.terms)
    }

    /// Like [`map`](Self::map) for inputs that are given as something else, such as tuples of arguments.
    ///
    /// ```
    /// use brigade::{Pool, Registry, Task};
    ///
    /// struct Power;
    ///
    /// struct Arguments { base: u64, exponent: u32 }
    ///
    /// impl From<(u64, u32)> for Arguments {
    ///     fn from((base, exponent): (u64, u32)) -> Self {
    ///         Self { base, exponent }
    ///     }
    /// }
    /// # impl serde::Serialize for Arguments {
    /// #     fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
    /// #         (self.base, self.exponent).serialize(to)
    /// #     }
    /// # }
    /// # impl<'de> serde::Deserialize<'de> for Arguments {
    /// #     fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
    /// #         <(u64, u32)>::deserialize(from).map(Self::from)
    /// #     }
    /// # }
    ///
    /// impl Task for Power {
    ///     const KIND: &'static str = "example.power";
    ///     type Input = Arguments;
    ///     type Output = u64;
    /// }
    ///
    /// let mut registry = Registry::new();
    /// registry.register::<Power, _>(|it, _context| Ok(it.base.pow(it.exponent)));
    /// let pool = Pool::builder().workers(2).threads(registry).start()?;
    /// let powers = pool.starmap::<Power, _>([(2, 10), (3, 2)]);
    /// assert_eq!(powers.collect::<Result<Vec<_>, _>>()?, [1024, 9]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    ///
    /// ```
    /// use brigade::jobs::echo::Echo;
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let handle = pool.map_async::<Echo, _>(0..10);
    /// // … something else meanwhile …
    /// let outcomes = handle.wait();
    /// assert_eq!(outcomes.len(), 10);
    /// assert_eq!(outcomes[3], Ok(3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn map_async<T, I>(&self, inputs: I) -> MapHandle<T>
    where
        T: Task,
        I: IntoIterator<Item = T::Input>,
    {
        let submit = |input| {
            self.submit::<T>(input).map_err(|error| match error {
                SubmitError::Closed => TaskError::Cancelled,
                SubmitError::Input(error) => TaskError::Input {
                    error,
                    input_index: None,
                },
                SubmitError::PoolBroken(reason) => TaskError::PoolBroken(reason),
            })
        };
        MapHandle::new(inputs.into_iter().map(submit).collect())
    }

    /// Process ids of the workers that are there now, in the order of their numbers; of a pool of threads,
    /// this process's own.
    ///
    /// ```
    /// use brigade::Pool;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(2).this_executable()?.start()?;
    /// assert_eq!(pool.worker_pids().len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn worker_pids(&self) -> Vec<i32> {
        self.engine.worker_pids()
    }

    /// The pool's numbers.
    ///
    /// ```
    /// use brigade::jobs::echo::Echo;
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// assert_eq!(pool.map::<Echo, _>(0..100).count(), 100);
    /// let stats = pool.stats();
    /// assert_eq!((stats.submitted, stats.finished, stats.lost), (100, 100, 0));
    /// assert_eq!((stats.workers, stats.queued), (2, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.engine.stats()
    }

    /// Wants another number of workers from now on, but at least one and at most 1,024. New ones are started at once; those
    /// there are too many finish the task they are at.
    ///
    /// ```
    /// use brigade::jobs::echo::Echo;
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// pool.resize(4);
    /// assert_eq!(pool.stats().workers, 4);
    /// assert_eq!(pool.submit::<Echo>(7)?.wait()?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resize(&self, workers: usize) {
        self.engine.resize(workers.clamp(1, MOST_WORKERS));
    }

    /// Takes no more tasks. Those that are here are finished, then the workers end.
    ///
    /// ```
    /// use brigade::{SubmitError, jobs::echo::Echo};
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let before = pool.submit::<Echo>(7)?;
    /// pool.close();
    /// assert!(matches!(pool.submit::<Echo>(8), Err(SubmitError::Closed)));
    /// assert_eq!(before.wait()?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&self) {
        self.engine.close();
    }

    /// Cancels all tasks that have not begun. What is running goes on to its end.
    ///
    /// ```
    /// use brigade::{TaskError, jobs::fault::{Fault, Misdeed}};
    /// use std::time::Duration;
    ///
    /// # let pool = brigade::Pool::builder().workers(1).threads(brigade_worker::jobs::registry()).start()?;
    /// let task = || Misdeed::Sleep(Duration::from_millis(20));
    /// let mut handles = (0..50).map(|_| pool.submit::<Fault>(task())).collect::<Result<Vec<_>, _>>()?;
    /// pool.cancel_queued();
    /// let last = handles.pop().map(|handle| handle.wait());
    /// assert_eq!(last, Some(Err(TaskError::Cancelled)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel_queued(&self) {
        self.engine.cancel_queued();
    }

    /// Stops all workers, and the clocks of their tasks, as when this process is about to be stopped.
    ///
    /// ```
    /// use std::time::Duration;
    /// use brigade::{Pool, jobs::echo::Echo};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(1).this_executable()?.start()?;
    /// pool.submit::<Echo>(1)?.wait()?;
    /// pool.pause();
    /// let Err(handle) = pool.submit::<Echo>(7)?.wait_timeout(Duration::from_millis(50)) else {
    ///     panic!("a stopped worker answered");
    /// };
    /// pool.resume();
    /// assert_eq!(handle.wait()?, 7);
    /// # Ok(())
    /// # }
    /// ```
    pub fn pause(&self) {
        self.engine.stop_and_continue(true);
    }

    /// Lets the workers go on after [`pause`](Self::pause).
    ///
    /// ```
    /// use brigade::{Pool, jobs::echo::Echo};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(1).this_executable()?.start()?;
    /// pool.pause();
    /// pool.resume();
    /// assert_eq!(pool.submit::<Echo>(7)?.wait()?, 7);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resume(&self) {
        self.engine.stop_and_continue(false);
    }

    /// A way to stop the pool's work from another thread, such as one that waits for signals.
    ///
    /// ```
    /// use brigade::{TaskError, jobs::echo::Echo};
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let control = pool.control();
    /// // Does not end by itself, until it is stopped from elsewhere.
    /// let numbers = pool.map::<Echo, _>(0..);
    /// std::thread::spawn(move || control.terminate());
    /// assert!(numbers.into_iter().any(|outcome| outcome == Err(TaskError::Cancelled)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn control(&self) -> Control {
        Control(Arc::clone(&self.engine))
    }

    /// Closes the pool and waits until all tasks are done, all workers have ended, and all callbacks have run.
    ///
    /// ```
    /// use brigade::jobs::echo::Echo;
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let handle = pool.submit::<Echo>(7)?;
    /// pool.join();
    /// assert!(handle.is_done());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join(self) {
        // Without a time limit it does not give the pool back.
        drop(self.join_until(None));
    }

    /// Like [`join`](Self::join) for at most `time`. Gives the pool, closed, back if that was not enough.
    ///
    /// ```
    /// use std::time::Duration;
    /// use brigade::jobs::fault::{Fault, Misdeed};
    ///
    /// # let pool = brigade::Pool::builder().workers(1).threads(brigade_worker::jobs::registry()).start()?;
    /// let task = pool.submit::<Fault>(Misdeed::Sleep(Duration::from_millis(500)))?;
    /// let Err(pool) = pool.join_timeout(Duration::from_millis(10)) else {
    ///     panic!("half a second does not fit");
    /// };
    /// assert!(pool.join_timeout(Duration::from_secs(60)).is_ok());
    /// assert!(task.is_done());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    /// let endless = pool.submit::<Fault>(Misdeed::Sleep(Duration::from_secs(3_600)))?;
    /// pool.terminate();
    /// assert_eq!(endless.wait(), Err(TaskError::Cancelled));
    /// # Ok(())
    /// # }
    /// ```
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
///
/// ```
/// use brigade::{SubmitError, jobs::echo::Echo};
///
/// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
/// let control = pool.control();
/// let other = std::thread::spawn(move || control.drain());
/// # other.join().map_err(|_| "panicked")?;
/// assert!(matches!(pool.submit::<Echo>(7), Err(SubmitError::Closed)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Control(Arc<dyn Engine>);

impl Control {
    /// Takes no more tasks and cancels all that have not begun. What is running goes on to its end.
    ///
    /// ```
    /// use brigade::{TaskError, jobs::echo::Echo};
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let handle = pool.submit::<Echo>(7)?;
    /// pool.control().drain();
    /// assert!(matches!(handle.wait(), Ok(7) | Err(TaskError::Cancelled)));
    /// assert!(pool.submit::<Echo>(8).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn drain(&self) {
        self.0.close();
        self.0.cancel_queued();
    }

    /// Kills the workers now. Tasks that are not done fail as cancelled.
    ///
    /// ```
    /// use brigade::jobs::echo::Echo;
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// pool.control().terminate();
    /// assert!(pool.submit::<Echo>(7).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn terminate(&self) {
        self.0.terminate();
    }

    /// Stops all workers, and the clocks of their tasks, as when this process is about to be stopped.
    ///
    /// ```
    /// use brigade::{Pool, jobs::echo::Echo};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(1).this_executable()?.start()?;
    /// let control = pool.control();
    /// control.pause();
    /// control.resume();
    /// assert_eq!(pool.submit::<Echo>(7)?.wait()?, 7);
    /// # Ok(())
    /// # }
    /// ```
    pub fn pause(&self) {
        self.0.stop_and_continue(true);
    }

    /// Lets the workers go on after [`pause`](Self::pause).
    ///
    /// ```
    /// # let pool = brigade::Pool::builder().workers(1).threads(brigade_worker::jobs::registry()).start()?;
    /// let control = pool.control();
    /// control.pause();
    /// control.resume();
    /// assert_eq!(pool.submit::<brigade::jobs::echo::Echo>(7)?.wait()?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(&self) {
        self.0.stop_and_continue(false);
    }

    /// The pool's numbers.
    ///
    /// ```
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// assert_eq!(pool.control().stats(), pool.stats());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0.stats()
    }
}
