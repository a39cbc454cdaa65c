//! The options of a pool, and its start.

use std::{
    env,
    ffi::OsString,
    fmt,
    num::NonZero,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64, mpsc},
    thread,
    time::Duration,
};

use brigade_protocol::{
    Task, codec,
    shm::{Board, sweep_boards},
};
use brigade_worker::Registry;
use nix::sys::epoll::{Epoll, EpollCreateFlags};

use crate::role::ROLE_VARIABLE;

use super::{
    core::{Limits, Terms},
    engine::Engine,
    error::StartError,
    front::Pool,
    io::{Event, State},
    orphans,
    spawn::{Conditions, Recipe, Shared as SharedSegment},
    threads::Crew,
    wheel::{Observer, Shared},
};

/// Names the worker executable, unless the builder does.
const WORKER_VARIABLE: &str = "BRIGADE_WORKER";

/// Results up to 1 GiB, unless the builder says otherwise.
const RESULT_LIMIT_BYTES: u64 = 1 << 30;

/// How long a worker may take to end, unless the builder says otherwise.
const GRACE: Duration = Duration::from_secs(5);

/// As many as a status board has lines.
pub(super) const MOST_WORKERS: usize = 1024;

/// How long a worker may take to introduce itself, unless the builder says otherwise.
const GREETING: Duration = Duration::from_secs(15);

/// How long its initialiser may then take, unless the builder or a longer time limit of its tasks says otherwise.
const PREPARATION: Duration = Duration::from_mins(1);

/// The options of a pool; see [`Pool::builder`].
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
    title: String,
    terms: Terms,
    max_queued: Option<usize>,
    tasks_per_worker: Option<u64>,
    grace: Duration,
    greeting: Duration,
    preparation: Option<Duration>,
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
            title: "pool".into(),
            terms: Terms::default(),
            max_queued: None,
            tasks_per_worker: None,
            grace: GRACE,
            greeting: GREETING,
            preparation: None,
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

    /// Replaces each worker by a fresh one after so many tasks, for functions that leak.
    ///
    /// ```
    /// use std::collections::HashSet;
    /// use brigade::{Pool, jobs::fault::{Fault, Misdeed}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(1).max_tasks_per_worker(2).this_executable()?.start()?;
    /// let tasks = (0..4).map(|_| Misdeed::None);
    /// let workers: HashSet<u32> = pool.map::<Fault, _>(tasks).collect::<Result<_, _>>()?;
    /// assert_eq!(workers.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn max_tasks_per_worker(mut self, tasks: u64) -> Self {
        self.tasks_per_worker = Some(tasks.max(1));
        self
    }

    /// Limits a worker's private memory (its data segment, not what is shared). A task that wants more cannot
    /// have it, which usually aborts the worker: that task fails, and the worker is replaced.
    ///
    /// ```
    /// use brigade::{Pool, TaskError, jobs::fault::{Fault, Misdeed}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(1).max_memory_per_worker(200 << 20).this_executable()?.start()?;
    /// let greedy = pool.submit::<Fault>(Misdeed::EatMemory(1 << 30))?;
    /// assert!(matches!(greedy.wait(), Err(TaskError::WorkerDied { .. })));
    /// assert!(pool.submit::<Fault>(Misdeed::EatMemory(1 << 20))?.wait().is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn max_memory_per_worker(mut self, bytes: u64) -> Self {
        self.conditions.max_memory_bytes = Some(bytes);
        self
    }

    /// Has every worker run a task of type `T` before anything else, to prepare its state. A worker in which it
    /// fails is not used; when it fails again and again, the pool gives up with its error.
    ///
    /// ```
    /// use brigade::{Pool, TaskError, jobs::fault::{Fault, Misdeed, Recall, Remember}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(1).initializer::<Remember>(42)?.this_executable()?.start()?;
    /// assert_eq!(pool.submit::<Recall>(())?.wait()?, (42, 1));
    ///
    /// // One that fails is told by every task that was to run.
    /// let failing = Misdeed::Error("no licence".into());
    /// let pool = Pool::builder().workers(1).initializer::<Fault>(failing)?.this_executable()?.start()?;
    /// let error = pool.map::<Recall, _>([()]).next().and_then(Result::err);
    /// assert!(matches!(error, Some(TaskError::PoolBroken(why)) if why.contains("no licence")));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the input cannot be encoded.
    #[expect(clippy::needless_pass_by_value, reason = "as every input is given")]
    pub fn initializer<T: Task>(mut self, input: T::Input) -> Result<Self, codec::EncodeError> {
        let mut bytes = Vec::new();
        codec::encode_into(&input, &mut bytes)?;
        self.conditions.initializer = Some((T::KIND.into(), bytes));
        Ok(self)
    }

    /// How many tasks may wait for a worker before [`Pool::submit`] waits itself. The default is no limit.
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

    /// How long a worker may take to end after it was told to; then it is killed. The default is 5 seconds.
    ///
    /// The shipped serve loop ends at once when it is told to, and what its tasks have started ends with it.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use brigade::{Pool, TaskError, jobs::fault::{Fault, Misdeed}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder()
    ///     .timeout(Duration::from_millis(50))
    ///     .grace(Duration::from_millis(50))
    /// #   .workers(1).this_executable()?
    ///     .start()?;
    /// let began = Instant::now();
    /// // Its process does not even notice that it is asked to end.
    /// let frozen = pool.submit::<Fault>(Misdeed::Freeze)?;
    /// assert!(matches!(frozen.wait(), Err(TaskError::TimedOut { .. })));
    /// assert!(began.elapsed() < Duration::from_secs(5));
    /// # Ok(())
    /// # }
    /// ```
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// How long a worker process may take from its start until it introduces itself; a worker executable that
    /// never does ends the pool. The default is 15 seconds.
    ///
    /// ```
    /// use std::time::Duration;
    /// use brigade::{Pool, jobs::echo::Echo};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if std::env::var_os("EXAMPLE_IS_MUTE").is_some() {
    /// #     std::thread::sleep(Duration::from_secs(30));
    /// #     return Ok(());
    /// # }
    /// # let mute = std::env::current_exe()?;
    /// let pool = Pool::builder()
    ///     .worker_executable(mute) // does something else for half a minute
    ///     .start_limit(Duration::from_millis(200))
    /// #   .workers(1).env("EXAMPLE_IS_MUTE", "1")
    ///     .start()?;
    /// let error = pool.map::<Echo, _>([7]).next().and_then(Result::err);
    /// let text = error.map(|error| error.to_string()).unwrap_or_default();
    /// assert!(text.contains("did not get ready within ") && !text.contains("0ns"), "{text}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn start_limit(mut self, limit: Duration) -> Self {
        self.greeting = limit;
        self
    }

    /// How long the [`initializer`](Self::initializer) may take in a worker that has introduced itself; then the
    /// worker is killed, and with no other ready that is the end of the pool. The default is a minute, or the
    /// time limit of tasks if that is longer.
    pub fn initializer_limit(mut self, limit: Duration) -> Self {
        self.preparation = Some(limit);
        self
    }

    /// Pins each worker to a core of its own, as far as there are cores.
    ///
    /// ```
    /// use brigade::{Pool, jobs::fault::LookAround};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(1).pin_workers().this_executable()?.start()?;
    /// let cores = pool.submit::<LookAround>(String::new())?.wait()?.cores;
    /// assert_eq!(cores.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn pin_workers(mut self) -> Self {
        self.conditions.is_pinned = true;
        self
    }

    /// Where the workers run. The default is where this process does.
    ///
    /// ```
    /// use brigade::{Pool, jobs::fault::LookAround};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(1).working_directory("/").this_executable()?.start()?;
    /// assert_eq!(pool.submit::<LookAround>(String::new())?.wait()?.directory, "/");
    /// # Ok(())
    /// # }
    /// ```
    pub fn working_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.conditions.working_directory = Some(path.into());
        self
    }

    /// Sets an environment variable of the workers, beside those of this process.
    ///
    /// ```
    /// use brigade::{Pool, jobs::fault::LookAround};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(1).env("GREETING", "hello").this_executable()?.start()?;
    /// let seen = pool.submit::<LookAround>("GREETING".into())?.wait()?;
    /// assert_eq!(seen.variable.as_deref(), Some("hello"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.conditions
            .environment
            .push((name.into(), value.into()));
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

    /// Starts the workers. Tasks may be submitted at once; the first ones run as soon as the workers have
    /// introduced themselves.
    ///
    /// ```
    /// use brigade::{Pool, jobs::echo::Echo};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(2).this_executable()?.start()?;
    /// assert_eq!(pool.submit::<Echo>(7)?.wait()?, 7);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When a worker cannot be started. Then none is left behind, and it may be tried again.
    pub fn start(mut self) -> Result<Pool, StartError> {
        if self.workers == 0 {
            return Err(StartError::NoWorkers);
        }
        if self.workers > MOST_WORKERS {
            return Err(StartError::TooManyWorkers {
                asked: self.workers,
                most: MOST_WORKERS,
            });
        }
        self.terms.is_single = self.terms.timeout.is_some() || self.tasks_per_worker.is_some();
        let (terms, max_queued) = (self.terms, self.max_queued);
        let (engine, steward): Started = match self.threads.take() {
            Some(registry) => {
                let shared = std::mem::take(&mut self.shared);
                let crew =
                    Crew::start(registry, self.workers, shared, self.conditions.initializer)?;
                (crew, None)
            }
            None => self.start_processes()?,
        };
        Ok(Pool::new(engine, steward, terms, max_queued))
    }

    fn start_processes(self) -> Result<Started, StartError> {
        for board in sweep_boards() {
            // Nobody was left to end what its workers had started.
            orphans::hunt(board);
        }
        let shared = self.shared.into_iter();
        let recipe = Arc::new(Recipe {
            executable: self.executable.map_or_else(find_worker, Ok)?,
            title: self.title,
            workers: self.workers,
            shared: shared
                .map(|(name, fd)| SharedSegment { name, fd })
                .collect(),
            conditions: self.conditions,
            board: Board::next_name()?,
            born: AtomicU64::new(0),
        });
        let limits = Limits {
            tasks_per_worker: self.tasks_per_worker,
            grace: self.grace,
            greeting: self.greeting,
            preparation: self
                .preparation
                .or_else(|| self.terms.timeout.max(Some(PREPARATION))),
        };
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(std::io::Error::from)?;
        let state = |epoll| State::new(recipe, limits, epoll);
        let shared = Arc::new(Shared::new(state, epoll, self.observer)?);
        let (tell, told) = mpsc::channel();
        let steward = thread::Builder::new().name("brigade".into()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.steward(|result| drop(tell.send(result)))
        })?;
        match told.recv() {
            Ok(Ok(())) => Ok((shared, Some(steward))),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(std::io::Error::other("the pool's thread ended").into()),
        }
    }
}

/// An engine at work, and the thread that keeps it so, if it is one.
type Started = (Arc<dyn Engine>, Option<thread::JoinHandle<()>>);

/// Where the worker executable is when nobody says: beside this program, or where cargo puts it when this
/// program is a test or an example.
fn find_worker() -> Result<PathBuf, StartError> {
    if let Some(path) = env::var_os(WORKER_VARIABLE) {
        return Ok(path.into());
    }
    let program = env::current_exe()?;
    let folder = program.parent().unwrap_or(Path::new("/"));
    let is_of_cargo = folder.ends_with("deps") || folder.ends_with("examples");
    let folder = match folder.parent() {
        Some(parent) if is_of_cargo => parent,
        _ => folder,
    };
    Ok(folder.join("worker"))
}
