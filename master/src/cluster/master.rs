//! The engine of a cluster: calls of handles and maps become chunks on a server, and results become outcomes.
//!
//! The caller's threads change [`State`] and ring; one thread has the connection and does what the state says. The
//! state is the authority on what is done: a task has its outcome when its sink is taken, and never because a
//! stream looks empty.

mod check;
mod engine;
mod hosts;
mod pieces;
mod results;
mod setup;
mod state;
mod streams;
mod work;

use std::{
    fmt,
    os::fd::OwnedFd,
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{runtime::Builder, sync::Notify};

use super::{
    broker::Broker,
    error::ClusterError,
    names::{JobName, random},
};
use crate::pool::internals::{Engine, Event, Observer, lock, queue};
use state::{Parcel, State};

/// A host that is silent for so long is taken for dead, unless the job says otherwise.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a pool's tasks go when its workers are those of other machines; see
/// [`PoolBuilder::cluster`](crate::PoolBuilder::cluster).
///
/// ```
/// use std::time::Duration;
/// use brigade::{Pool, StartError, cluster::{Broker, Cluster, ClusterError}};
///
/// // Nobody listens there.
/// let broker = Broker::at(["nats://127.0.0.1:9"])?;
/// let cluster = Cluster::on(broker).host_timeout(Duration::from_secs(10));
/// let error = Pool::builder().cluster(cluster).start();
/// assert!(matches!(error, Err(StartError::Cluster(ClusterError::Unreachable { .. }))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Cluster {
    broker: Broker,
    patience: Duration,
    resume: Option<JobName>,
}

impl Cluster {
    /// The hosts that have joined this server.
    pub fn on(broker: Broker) -> Self {
        Self {
            broker,
            patience: PATIENCE,
            resume: None,
        }
    }

    /// How long a host may be silent before its tasks go to others. The default is 30 seconds.
    pub fn host_timeout(mut self, time: Duration) -> Self {
        self.patience = time.clamp(Duration::from_secs(1), Duration::from_hours(1));
        self
    }

    /// Goes on with a job whose master has died: what is done is not done again.
    ///
    /// A task is known by its kind and its encoded input, so the same tasks are to be submitted.
    pub fn resume(mut self, job: JobName) -> Self {
        self.resume = Some(job);
        self
    }
}

/// What a pool says of itself to those who are to work for it.
pub(crate) struct Job {
    pub(crate) title: String,
    pub(crate) segments: Vec<(String, OwnedFd)>,
    pub(crate) initializer: Option<(String, Vec<u8>)>,
    pub(crate) starts_processes: bool,
    pub(crate) result_limit_bytes: u64,
    pub(crate) max_memory_bytes: Option<u64>,
    pub(crate) tasks_per_worker: Option<u64>,
    pub(crate) grace: Duration,
    pub(crate) observer: Option<Observer>,
}

/// What the caller's threads and the connection's share.
pub(super) struct Shared {
    state: Mutex<State>,
    /// There is something to do for the connection.
    bell: Notify,
    /// Results are to be read afresh, from the last one seen.
    reread: Notify,
    /// Chunks that are to be sent once more.
    again: Mutex<Vec<Parcel>>,
    observer: Option<Observer>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    /// Tells whoever listens what happened.
    fn tell(&self, event: Event) {
        if let Some(observer) = &self.observer {
            let observer = Arc::clone(observer);
            // Without a thread for callbacks nobody is told.
            let _ = queue(Box::new(move || observer(&event)));
        }
    }

    /// Something about the server or a host that the user should know.
    fn warn(&self, what: impl Into<String>) {
        self.tell(Event::Trouble(what.into()));
    }
}

/// Connects and prepares the job. Returns once tasks may be submitted.
pub(crate) fn start(
    cluster: Cluster,
    job: Job,
) -> Result<(Arc<dyn Engine>, JoinHandle<()>), ClusterError> {
    let shared = Arc::new(Shared {
        state: Mutex::new(State::new(random(), job.result_limit_bytes)),
        bell: Notify::new(),
        reread: Notify::new(),
        again: Mutex::default(),
        observer: job.observer.clone(),
    });
    let (tell, told) = std::sync::mpsc::channel();
    let connection = thread::Builder::new().name("brigade-nats".into()).spawn({
        let shared = Arc::clone(&shared);
        move || {
            let runtime = match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(tell.send(Err(error.into()))),
            };
            runtime.block_on(async {
                match Box::pin(setup::set_up(&cluster, job, &shared)).await {
                    Ok(ready) => {
                        let is_ready = || drop(tell.send(Ok(())));
                        work::work(ready, &shared, is_ready).await;
                    }
                    Err(error) => {
                        // What is not allowed goes unanswered; the server says so on another way.
                        let why = lock(&shared.state).broken.take();
                        let error = match why {
                            Some(reason) => ClusterError::Denied {
                                urls: cluster.broker.to_string(),
                                reason,
                            },
                            None => error,
                        };
                        drop(tell.send(Err(error)));
                    }
                }
            });
            // Whatever ended it, nobody is to wait for it.
            let mut wakes = crate::pool::internals::Wakes::default();
            lock(&shared.state).end(&mut wakes);
            wakes.release();
        }
    })?;
    match told.recv() {
        Ok(Ok(())) => Ok((shared, connection)),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(std::io::Error::other("the connection's thread ended").into()),
    }
}
