//! From options to a pool at work.

use std::{
    env,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64, mpsc},
    thread,
    time::Duration,
};

use brigade_protocol::shm::{Board, sweep_boards};
use nix::sys::epoll::{Epoll, EpollCreateFlags};

use super::{
    super::{
        core::Limits,
        engine::Engine,
        front::Pool,
        io::State,
        orphans,
        spawn::{Recipe, Shared as SharedSegment},
        start_error::StartError,
        threads::Crew,
        wheel::Shared,
    },
    MOST_WORKERS, PoolBuilder,
};

/// Names the worker executable, unless the builder does.
const WORKER_VARIABLE: &str = "BRIGADE_WORKER";

/// How long its initialiser may then take, unless the builder or a longer time limit of its tasks says otherwise.
const PREPARATION: Duration = Duration::from_mins(1);

impl PoolBuilder {
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
        #[cfg(feature = "cluster")]
        if let Some(cluster) = self.cluster.take() {
            let (engine, connection) = self.start_cluster(cluster)?;
            return Ok(Pool::new(engine, Some(connection), terms, max_queued));
        }
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

    #[cfg(feature = "cluster")]
    fn start_cluster(
        self,
        cluster: crate::cluster::Cluster,
    ) -> Result<(Arc<dyn Engine>, thread::JoinHandle<()>), StartError> {
        let conditions = self.conditions;
        let job = crate::cluster::Job {
            title: self.title,
            segments: self.shared,
            initializer: conditions.initializer,
            starts_processes: self.starts_processes,
            result_limit_bytes: conditions.result_limit_bytes,
            max_memory_bytes: conditions.max_memory_bytes,
            tasks_per_worker: self.tasks_per_worker,
            grace: self.grace,
            observer: self.observer,
        };
        Ok(crate::cluster::start(cluster, job)?)
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
            starts_processes: self.starts_processes,
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
    if let Some(path) = env::var_os(WORKER_VARIABLE).filter(|path| !path.is_empty()) {
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
