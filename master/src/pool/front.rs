//! A pool as its users hold it.

mod control;
mod life;
mod maps;
mod submit;

use std::{fmt, sync::Arc, thread::JoinHandle};

use super::{
    builder::PoolBuilder,
    core::Terms,
    dropped,
    engine::{Engine, Stats},
};

pub use control::Control;

/// Workers that run tasks: processes, or threads of this process.
///
/// Dropping a pool kills its workers, and waits for no task: those that are not done fail with
/// [`TaskError::Cancelled`](crate::TaskError::Cancelled). It takes up to half a second where processes that dead workers
/// have started are still looked for. [`join`](Self::join) finishes them first. A `main` that
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

    /// What is behind it.
    #[cfg(feature = "cluster")]
    pub(crate) fn engine(&self) -> Arc<dyn Engine> {
        Arc::clone(&self.engine)
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
}
