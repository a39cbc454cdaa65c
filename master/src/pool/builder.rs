//! How a pool is configured and started, and what can be done with it.

use std::{
    env, fmt,
    num::NonZero,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
};

use brigade_protocol::{
    Task,
    shm::{Board, sweep_boards},
};
use nix::sys::epoll::{Epoll, EpollCreateFlags};

use super::{
    error::{StartError, SubmitError},
    handle::Handle,
    inherit::inheritable,
    io::{Event, State},
    map::{Map, MapUnordered},
    outcome::{Awaited, Cell, Sink, Ticket, encode},
    spawn::{Recipe, Shared as SharedSegment},
    wheel::{Observer, Shared},
};

/// Names the worker executable, unless the builder does.
const WORKER_VARIABLE: &str = "BRIGADE_WORKER";

/// The options of a pool; see [`Pool::builder`].
#[must_use]
pub struct PoolBuilder {
    workers: usize,
    executable: Option<PathBuf>,
    title: String,
    retries: u32,
    shared: Vec<(String, OwnedFd)>,
    observer: Option<Observer>,
}

impl fmt::Debug for PoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("workers", &self.workers)
            .field("executable", &self.executable)
            .field("title", &self.title)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

impl Default for PoolBuilder {
    fn default() -> Self {
        Self {
            workers: thread::available_parallelism().map_or(1, NonZero::get),
            executable: None,
            title: "pool".into(),
            retries: 0,
            shared: Vec::new(),
            observer: None,
        }
    }
}

impl PoolBuilder {
    /// How many worker processes. The default is the number of cores this process may use, which honours
    /// its CPU affinity and its cgroup's quota.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// The worker executable. The default is what the environment variable `BRIGADE_WORKER` names, or else
    /// the file `worker` beside this program.
    pub fn worker_executable(mut self, path: impl Into<PathBuf>) -> Self {
        self.executable = Some(path.into());
        self
    }

    /// What the pool is for, in a word: `ps` shows it with each worker.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// How many more times a task is tried after a worker died of it. The default is 0, because a task that
    /// is tried again may do things twice.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Gives every worker a descriptor of shared memory, which its tasks find under `name`.
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

    /// Has `observer` called with what happens to the workers. It must be quick: the pool waits for it.
    pub fn on_event(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Starts the worker processes. Tasks may be submitted at once; the first ones run as soon as the
    /// workers have introduced themselves.
    ///
    /// # Errors
    /// When a worker process cannot be started. Then none is left behind, and it may be tried again.
    pub fn start(self) -> Result<Pool, StartError> {
        if self.workers == 0 {
            return Err(StartError::NoWorkers);
        }
        sweep_boards();
        let board = Board::create(&self.title)?;
        let shared = self.shared.into_iter();
        let recipe = Arc::new(Recipe {
            executable: self.executable.map_or_else(find_worker, Ok)?,
            title: self.title,
            workers: self.workers,
            shared: shared
                .map(|(name, fd)| SharedSegment { name, fd })
                .collect(),
            private: inheritable(),
        });
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(std::io::Error::from)?;
        let shared = Arc::new(Shared::new(
            |epoll| State::new(recipe, board, epoll),
            epoll,
            self.observer,
        )?);
        let (tell, told) = mpsc::channel();
        let steward = thread::Builder::new().name("brigade".into()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.steward(|result| drop(tell.send(result)))
        })?;
        let pool = Pool {
            shared,
            steward: Some(steward),
            retries: self.retries,
        };
        match told.recv() {
            Ok(result) => result.map(|()| pool),
            Err(_) => Err(std::io::Error::other("the pool's thread ended").into()),
        }
    }
}

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

/// Worker processes that run tasks.
///
/// Dropping a pool kills its workers and waits for nothing; tasks that are not done fail with
/// [`TaskError::Cancelled`](crate::TaskError::Cancelled). [`join`](Self::join) finishes them first.
#[derive(Debug)]
pub struct Pool {
    shared: Arc<Shared>,
    steward: Option<thread::JoinHandle<()>>,
    retries: u32,
}

impl Pool {
    /// A pool's options, to be changed and started.
    pub fn builder() -> PoolBuilder {
        PoolBuilder::default()
    }

    /// Submits one task.
    ///
    /// # Errors
    /// When the pool is closed, or when the input cannot be encoded.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "inputs of tasks are given away, whether they are encoded or not"
    )]
    pub fn submit<T: Task>(&self, input: T::Input) -> Result<Handle<T>, SubmitError> {
        let input = encode(&input, &mut Vec::new())?;
        let cell = Arc::new(Cell::default());
        let sink = Sink::Cell(Arc::clone(&cell));
        let id = self.shared.with(false, |state| {
            let kind = state.kind(T::KIND);
            let ticket = Ticket { kind, input, sink };
            state.core.submit(ticket, self.retries)
        });
        let id = id.map_err(|_ticket| SubmitError::Closed)?;
        Ok(Handle::new(cell, Arc::clone(&self.shared), id))
    }

    /// Runs a task for each input and yields the results in the order of the inputs, as they come.
    ///
    /// Inputs are taken while results are consumed: endless iterators are fine.
    pub fn map<T, I>(&self, inputs: I) -> Map<T, I::IntoIter>
    where
        T: Task,
        I: IntoIterator<Item = T::Input>,
    {
        Map::new(&self.shared, inputs.into_iter(), self.retries)
    }

    /// Runs a task for each input and yields the results as they come, each with the position of its input.
    pub fn map_unordered<T, I>(&self, inputs: I) -> MapUnordered<T, I::IntoIter>
    where
        T: Task,
        I: IntoIterator<Item = T::Input>,
    {
        MapUnordered::new(&self.shared, inputs.into_iter(), self.retries)
    }

    /// Process ids of the workers that are there now, in the order of their numbers.
    #[must_use]
    pub fn worker_pids(&self) -> Vec<i32> {
        self.shared.look(|state| state.pids().collect())
    }

    /// Takes no more tasks. Those that are here are finished, then the workers end.
    pub fn close(&self) {
        self.shared.with(true, |state| state.core.close());
        self.shared.ring();
    }

    /// Closes the pool and waits until all tasks are done and all workers have ended.
    pub fn join(mut self) {
        self.close();
        self.shared.wait_for(&End(&self.shared), None);
        if let Some(steward) = self.steward.take() {
            // It has nothing left to do; had it panicked, the workers would be gone all the same.
            let _ = steward.join();
        }
    }

    /// Kills the workers now. Tasks that are not done fail as cancelled.
    pub fn terminate(self) {
        drop(self);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.with(true, State::terminate);
        self.shared.ring();
    }
}

/// The end of the last worker.
struct End<'a>(&'a Shared);

impl Awaited for End<'_> {
    fn is_ready(&self) -> bool {
        self.0.look(|state| state.core.is_over())
    }

    fn set_waiter(&self, waiter: Option<thread::Thread>) {
        self.0.with(false, |state| state.joiners.extend(waiter));
    }
}
