//! A host: what `master join` runs. It takes chunks from the server, has a local pool do them, and gives results back.
//!
//! A chunk is acknowledged after its results have been, never the other way round: whatever this host dies of, the
//! server gives the chunk to another.

mod beat;
mod crew;
mod exchange;
mod in_hand;
mod jobs;
mod outcome;
mod runner;

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
};

use tokio::{runtime::Builder, sync::watch};

use super::{
    broker::Broker,
    data::Cache,
    error::ClusterError,
    names::{random, token},
};
use crate::PoolBuilder;
use beat::Me;

/// What a host says of itself to whoever started it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Told {
    /// It has joined, under this name.
    Joined {
        /// Its name on the server.
        host: String,
    },
    /// It works for a job from now on.
    JobBegun {
        /// The job's name.
        job: String,
    },
    /// A job has ended, or there is nothing more of it.
    JobEnded {
        /// The job's name.
        job: String,
    },
    /// It takes no task of a job.
    JobRefused {
        /// The job's name.
        job: String,
        /// Why.
        reason: String,
    },
    /// Something is wrong; it goes on.
    Trouble(String),
}

/// Makes the pool that works for a job of this title.
type MakePool = Arc<dyn Fn(&str) -> PoolBuilder + Send + Sync>;

/// Hears what happens.
type Tell = Arc<dyn Fn(Told) + Send + Sync>;

/// A host of a cluster, before it joins.
///
/// ```no_run
/// use brigade::{Pool, cluster::{Agent, Broker}};
///
/// let broker = Broker::at(["nats://127.0.0.1:4222"])?;
/// let agent = Agent::new(broker, |title| Pool::builder().workers(4).title(title)).slots(4);
/// let control = agent.control();
/// std::thread::spawn(move || {
///     // … when this host is to leave:
///     control.drain();
/// });
/// println!("{} tasks done", agent.run()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct Agent {
    broker: Broker,
    slots: usize,
    patterns: Vec<String>,
    allows_run: bool,
    folder: PathBuf,
    make_pool: MakePool,
    tell: Tell,
    control: AgentControl,
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agent")
            .field("broker", &self.broker)
            .field("slots", &self.slots)
            .finish_non_exhaustive()
    }
}

/// Ends an agent from another thread.
#[derive(Debug, Clone)]
pub struct AgentControl(watch::Sender<bool>);

impl AgentControl {
    /// Takes no more chunks; what is in hand is finished, then [`Agent::run`] returns.
    pub fn drain(&self) {
        self.0.send_replace(true);
    }
}

impl Agent {
    /// A host of this server, whose pools are made by `make_pool` with the title of their job.
    pub fn new(
        broker: Broker,
        make_pool: impl Fn(&str) -> PoolBuilder + Send + Sync + 'static,
    ) -> Self {
        Self {
            broker,
            slots: std::thread::available_parallelism().map_or(1, usize::from),
            patterns: Vec::new(),
            allows_run: false,
            folder: std::env::temp_dir().join("brigade-data"),
            make_pool: Arc::new(make_pool),
            tell: Arc::new(drop),
            control: AgentControl(watch::Sender::new(false)),
        }
    }

    /// How many workers its pools have.
    pub fn slots(mut self, slots: usize) -> Self {
        self.slots = slots.max(1);
        self
    }

    /// Takes jobs only whose name fits one of these patterns, in which `*` stands for anything.
    pub fn jobs(mut self, patterns: impl IntoIterator<Item = String>) -> Self {
        self.patterns = patterns.into_iter().collect();
        self
    }

    /// Whether jobs may start programs here. The default is that they may not.
    pub fn allow_run(mut self, allows_run: bool) -> Self {
        self.allows_run = allows_run;
        self
    }

    /// Where data sets are kept.
    pub fn data_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    /// Has `tell` called with what happens.
    pub fn on_event(mut self, tell: impl Fn(Told) + Send + Sync + 'static) -> Self {
        self.tell = Arc::new(tell);
        self
    }

    /// A way to end it.
    #[must_use]
    pub fn control(&self) -> AgentControl {
        self.control.clone()
    }

    /// Works until it is told to [drain](AgentControl::drain). Returns how many tasks it did.
    ///
    /// # Errors
    /// When the server cannot be used.
    pub fn run(self) -> Result<u64, ClusterError> {
        let cache = Cache::at(&self.folder)?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let name = format!("{}-{:08x}", host_name(), random() & 0xffff_ffff);
        let me = Arc::new(Me::new(&self, name, cache));
        runtime.block_on(async {
            let link = self.broker.connect(&me.id, me.watcher()).await?;
            jobs::serve(&link, &me).await
        })?;
        Ok(me.done.load(Ordering::Relaxed))
    }
}

/// What this machine is called.
pub(super) fn host_name() -> String {
    let name = rustix::system::uname();
    token(&name.nodename().to_string_lossy(), 40)
}
