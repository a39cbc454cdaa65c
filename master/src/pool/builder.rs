//! The options of a pool.

mod start;
mod tasks;
mod workers;

use std::{
    env, fmt,
    num::NonZero,
    os::fd::{AsFd, OwnedFd},
    path::PathBuf,
    sync::Arc,
    thread,
    time::Duration,
};

use brigade_worker::Registry;

use crate::role::ROLE_VARIABLE;

use super::{
    core::Terms, event::Event, spawn::Conditions, start_error::StartError, wheel::Observer,
};

/// Results up to 1 GiB, unless the builder says otherwise.
const RESULT_LIMIT_BYTES: u64 = 1 << 30;

/// How long a worker may take to end, unless the builder says otherwise.
const GRACE: Duration = Duration::from_secs(5);

/// As many as a status board has lines.
pub(super) const MOST_WORKERS: usize = 1024;

/// How long a worker may take to introduce itself, unless the builder says otherwise.
const GREETING: Duration = Duration::from_secs(15);

/// The options of a pool; see [`Pool::builder`](crate::Pool::builder).
///
/// ```
/// use std::time::Duration;
/// use brigade::{Pool, jobs::fault::{Recall, Remember}};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
/// #     return Ok(());
/// # }
/// let pool = Pool::builder()
///     .workers(2)
///     .timeout(Duration::from_secs(5))
///     .retries(1)
///     .max_tasks_per_worker(10_000)
///     .max_memory_per_worker(2 << 30)
///     .initializer::<Remember>(42)?
/// #   .this_executable()?
///     .start()?;
/// assert_eq!(pool.submit::<Recall>(())?.wait()?.0, 42);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct PoolBuilder {
    workers: usize,
    executable: Option<PathBuf>,
    threads: Option<Registry>,
    #[cfg(feature = "cluster")]
    cluster: Option<crate::cluster::Cluster>,
    title: String,
    terms: Terms,
    max_queued: Option<usize>,
    tasks_per_worker: Option<u64>,
    grace: Duration,
    greeting: Duration,
    preparation: Option<Duration>,
    starts_processes: bool,
    conditions: Conditions,
    shared: Vec<(String, OwnedFd)>,
    observer: Option<Observer>,
}

impl fmt::Debug for PoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("workers", &self.workers)
            .field("executable", &self.executable)
            .field("title", &self.title)
            .field("terms", &self.terms)
            .finish_non_exhaustive()
    }
}

impl Default for PoolBuilder {
    fn default() -> Self {
        Self {
            workers: thread::available_parallelism().map_or(1, NonZero::get),
            executable: None,
            threads: None,
            #[cfg(feature = "cluster")]
            cluster: None,
            title: "pool".into(),
            terms: Terms::default(),
            max_queued: None,
            tasks_per_worker: None,
            grace: GRACE,
            greeting: GREETING,
            preparation: None,
            starts_processes: false,
            conditions: Conditions::new(RESULT_LIMIT_BYTES),
            shared: Vec::new(),
            observer: None,
        }
    }
}

impl PoolBuilder {
    /// How many workers. The default is the number of cores this process may use, which honours its CPU
    /// affinity and its cgroup's quota.
    ///
    /// ```
    /// use brigade::{Pool, StartError};
    ///
    /// # let registry = brigade_worker::jobs::registry;
    /// let pool = Pool::builder().workers(3).threads(registry()).start()?;
    /// assert_eq!(pool.stats().workers, 3);
    /// let none = Pool::builder().workers(0).threads(registry()).start();
    /// assert!(matches!(none, Err(StartError::NoWorkers)));
    /// # Ok::<(), StartError>(())
    /// ```
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// The worker executable. The default is what the environment variable `BRIGADE_WORKER` names, or else
    /// the file `worker` beside this program.
    ///
    /// ```
    /// use brigade::{Pool, StartError, jobs::echo::Echo};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // Here the worker executable is this program again; all that it does as such is this:
    /// # if std::env::var_os("EXAMPLE_WORKER").is_some() {
    /// #     assert_eq!(brigade_worker::main(&brigade_worker::jobs::registry()), std::process::ExitCode::SUCCESS);
    /// #     return Ok(());
    /// # }
    /// # let path = std::env::current_exe()?;
    /// let pool = Pool::builder()
    ///     .workers(1)
    ///     .worker_executable(path)
    /// #   .env("EXAMPLE_WORKER", "1")
    ///     .start()?;
    /// assert_eq!(pool.submit::<Echo>(7)?.wait()?, 7);
    ///
    /// let missing = Pool::builder().worker_executable("/no/such/worker").start();
    /// assert!(matches!(missing, Err(StartError::NoWorker { .. })));
    /// # Ok(())
    /// # }
    /// ```
    pub fn worker_executable(mut self, path: impl Into<PathBuf>) -> Self {
        self.executable = Some(path.into());
        self
    }

    /// Starts this very program as the worker executable. Its `main` must begin with
    /// [`worker_role`](crate::worker_role).
    ///
    /// ```
    /// use brigade::{Pool, jobs::fault::{Fault, Misdeed}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(1).this_executable()?.start()?;
    /// let worker = pool.submit::<Fault>(Misdeed::None)?.wait()?;
    /// assert_ne!(worker, std::process::id());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the path of this program cannot be found out.
    pub fn this_executable(mut self) -> Result<Self, StartError> {
        self.executable = Some(env::current_exe()?);
        Ok(self.env(ROLE_VARIABLE, std::process::id().to_string()))
    }

    /// Runs the tasks on threads of this process instead, with the functions of `registry`. Inputs and
    /// outputs are not encoded. A thread cannot be ended: a task that exits or crashes takes this process
    /// with it, and one that runs for too long goes on although its handle has resolved.
    ///
    /// ```
    /// use brigade::{Pool, Registry, jobs::echo::Echo};
    ///
    /// let mut registry = Registry::new();
    /// registry.register::<Echo, _>(|number, _context| Ok(number));
    /// let pool = Pool::builder().workers(2).threads(registry).start()?;
    /// assert_eq!(pool.submit::<Echo>(7)?.wait()?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn threads(mut self, registry: Registry) -> Self {
        self.threads = Some(registry);
        self
    }

    /// Runs the tasks on the hosts that have joined a NATS server with `master join` or an
    /// [`Agent`](crate::cluster::Agent). They decide how many workers there are; shared segments reach each host
    /// once.
    ///
    /// ```
    /// use brigade::{Pool, StartError, cluster::{Broker, Cluster}, jobs::echo::Echo};
    ///
    /// fn echo(address: &str) -> Result<u64, Box<dyn std::error::Error>> {
    ///     let cluster = Cluster::on(Broker::at([address])?);
    ///     let pool = Pool::builder().title("echo").cluster(cluster).start()?;
    ///     Ok(pool.submit::<Echo>(7)?.wait()?)
    /// }
    ///
    /// // Nobody listens there.
    /// assert!(echo("nats://127.0.0.1:9").is_err());
    /// ```
    #[cfg(feature = "cluster")]
    pub fn cluster(mut self, cluster: crate::cluster::Cluster) -> Self {
        self.cluster = Some(cluster);
        self
    }

    /// What the pool is for, in a word: `ps` shows it with each worker.
    ///
    /// ```
    /// use brigade::{Pool, jobs::echo::Echo};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(1).title("census").this_executable()?.start()?;
    /// pool.submit::<Echo>(7)?.wait()?;
    /// let shown = std::fs::read_to_string(format!("/proc/{}/cmdline", pool.worker_pids()[0]))?;
    /// assert!(shown.contains("census"), "{shown}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Has `observer` called with what happens to the workers, in that order, on the thread that runs callbacks. It may use the
    /// pool.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use brigade::{Ended, Event, Pool, jobs::fault::{Fault, Misdeed}};
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
    /// assert!(pool.submit::<Fault>(Misdeed::Exit(3))?.wait().is_err());
    /// let (first, second) = (told.recv()?, told.recv()?);
    /// assert!(matches!(first, Event::WorkerStarted { index: 0, .. }), "{first:?}");
    /// assert!(matches!(second, Event::WorkerDied { how: Ended::Exited(3), .. }), "{second:?}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_event(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Gives every worker a descriptor of shared memory, which its tasks find under `name`.
    ///
    /// ```
    /// use std::{fs::File, os::unix::fs::FileExt};
    /// use brigade::{Pool, Registry, Task};
    ///
    /// /// The byte at a position of what is shared as `numbers`.
    /// struct ByteAt;
    ///
    /// impl Task for ByteAt {
    ///     const KIND: &'static str = "example.byte-at";
    ///     type Input = u64;
    ///     type Output = u8;
    /// }
    ///
    /// let mut registry = Registry::new();
    /// registry.register::<ByteAt, _>(|position, context| {
    ///     let numbers = File::from(context.segment("numbers")?.try_clone()?);
    ///     let mut byte = [0];
    ///     numbers.read_exact_at(&mut byte, position)?;
    ///     Ok(byte[0])
    /// });
    /// # let path = std::env::temp_dir().join(format!("brigade-share-{}", std::process::id()));
    /// # std::fs::write(&path, [7, 8, 9])?;
    /// let numbers = File::open(&path)?; // or a memfd
    /// # std::fs::remove_file(&path)?;
    /// let pool = Pool::builder().share("numbers", &numbers)?.threads(registry).start()?;
    /// assert_eq!(pool.map::<ByteAt, _>([2, 0]).collect::<Result<Vec<_>, _>>()?, [9, 7]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When no further descriptor can be opened.
    pub fn share(
        mut self,
        name: impl Into<String>,
        segment: impl AsFd,
    ) -> Result<Self, StartError> {
        let segment = segment.as_fd().try_clone_to_owned()?;
        self.shared.push((name.into(), segment));
        Ok(self)
    }
}
