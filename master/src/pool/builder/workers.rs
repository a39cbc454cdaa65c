//! What holds for worker processes: their preparation, their limits, their surroundings.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use brigade_protocol::{Task, codec};

use super::PoolBuilder;

impl PoolBuilder {
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

    /// The same for a kind and an input that came from elsewhere.
    #[cfg(feature = "cluster")]
    pub(crate) fn initializer_of(mut self, kind: String, input: Vec<u8>) -> Self {
        self.conditions.initializer = Some((kind, input));
        self
    }

    /// How long the [`initializer`](Self::initializer) may take in a worker that has introduced itself; then the
    /// worker is killed, and with no other ready that is the end of the pool. The default is a minute, or the
    /// time limit of tasks if that is longer.
    pub fn initializer_limit(mut self, limit: Duration) -> Self {
        self.preparation = Some(limit);
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

    /// Says that tasks start processes of their own. What these have left behind is then looked for also when the
    /// pool is terminated or dropped in the middle of tasks, not only after a worker has died: daemons, and what has a
    /// session of its own. It means a look at all processes, which takes some milliseconds.
    ///
    /// ```
    /// use brigade::{Pool, jobs::run::{Command, End, Output, RunCommand}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder()
    ///     .workers(1)
    ///     .starts_processes()
    /// #   .this_executable()?
    ///     .start()?;
    /// let ran = pool.submit::<RunCommand>(Command {
    ///     job: 1,
    ///     argv: vec![b"echo".to_vec().into(), b"hello".to_vec().into()],
    ///     directory: None,
    ///     environment: Vec::new(),
    ///     timeout: None,
    ///     output: Output::Keep,
    /// })?;
    /// let ran = ran.wait()?;
    /// assert_eq!(ran.end, End::Exited(0));
    /// assert_eq!(&ran.stdout.tail[..], b"hello\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn starts_processes(mut self) -> Self {
        self.starts_processes = true;
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
}
