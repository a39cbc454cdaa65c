//! The options that every command has.

use std::{num::NonZero, path::Path, thread, time::Duration};

use anyhow::bail;
use brigade::{Pool, PoolBuilder};
use clap::Args;

use super::{
    Narrator,
    backend::{Backend, Place, place},
    broker::OnCluster,
    signals,
    values::{count, duration},
    when::When,
    worker_file::WorkerFile,
};
use crate::report::Format;

/// How many workers there are on other machines is known when the work has begun; it is cut for so many.
const PLANNED_WORKERS: usize = 64;

/// Work that is on its way to other machines should last for so many times as long as on its way to a worker here.
const DEPTH: usize = 8;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Common {
    /// Worker processes, or a share of the cores such as 50% [default: the cores this process may use]
    #[arg(short = 'j', long, value_name = "N", value_parser = count)]
    workers: Option<u32>,

    /// What does the work: processes, threads (of this process), or the hosts that have joined a NATS server, by
    /// its address such as `nats://host:4222`; may be given more than once for the servers of one cluster
    #[arg(long, value_name = "KIND", default_value = "processes", value_parser = place)]
    backend: Vec<Place>,

    #[command(flatten)]
    on_cluster: Box<OnCluster>,

    #[command(flatten)]
    options: Options,
}

// No doc comment: clap would take it for that of the command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Options {
    /// How long one task may run, such as 500ms, 30s or 5m; its worker is ended then [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = duration, allow_negative_numbers = true)]
    timeout: Option<Duration>,

    /// How often a task is tried again after its worker died of it [default: 2]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    retries: Option<u32>,

    /// How results are written to standard output [default: table]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,

    /// Whether to show progress on standard error, where results do not show it themselves
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    progress: When,

    /// Whether to colour results
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: When,

    /// Say on standard error which processes work and what becomes of them
    #[arg(short, long)]
    verbose: bool,

    #[command(flatten)]
    worker: WorkerFile,
}

/// How often a task is tried again if the command line does not say.
pub(crate) const RETRIES: u32 = 2;

impl Common {
    /// So many workers of this kind, all else as these options want it.
    pub(crate) fn new(workers: u32, backend: Backend, options: &Options) -> Self {
        Self {
            workers: Some(workers),
            backend: vec![Place::Here(backend)],
            on_cluster: Box::default(),
            options: options.clone(),
        }
    }

    /// How many workers were asked for, or fit this machine.
    pub(crate) fn workers(&self) -> usize {
        if self.workers.is_none() && self.is_elsewhere() {
            return PLANNED_WORKERS;
        }
        workers_here(self.workers)
    }

    /// How often to try again, if the command line does not say.
    pub(crate) fn retries_or(&self, default: u32) -> u32 {
        self.options.retries.unwrap_or(default)
    }

    /// How long one task may run.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.options.timeout
    }

    /// The same for a job that sees to time limits and retries itself.
    pub(crate) fn without_limits(&self) -> Self {
        let mut without = self.clone();
        without.options.timeout = None;
        without.options.retries = Some(0);
        without
    }

    /// How many workers were asked for, or as many as the job has use for.
    pub(crate) fn workers_or(&self, default: usize) -> usize {
        self.workers.map_or(default, |_| self.workers())
    }

    /// Starts a pool that signals reach, on other machines if they were asked for.
    pub(crate) fn start_anywhere(&self, pool: PoolBuilder) -> anyhow::Result<Pool> {
        if !self.is_elsewhere() {
            self.has_no_cluster_options()?;
            return Self::start(pool);
        }
        Self::start(pool.cluster(self.on_cluster.cluster(&self.addresses())?))
    }

    /// Starts a pool that signals reach.
    pub(crate) fn start(pool: PoolBuilder) -> anyhow::Result<Pool> {
        let pool = pool.start()?;
        signals::attach(&pool);
        Ok(pool)
    }

    /// The format that was asked for, or the one that suits the command.
    pub(crate) fn format_or(&self, default: Format) -> Format {
        self.options.format_or(default)
    }

    /// How long one task may run: as was asked for, or as suits the command.
    pub(crate) fn timeout_or(&self, default: Duration) -> Duration {
        self.options.timeout.unwrap_or(default)
    }

    /// Whether to say what the workers do.
    pub(crate) fn is_verbose(&self) -> bool {
        self.options.verbose
    }

    /// Whether processes or threads were asked for, if the work is done here.
    pub(crate) fn backend(&self) -> Backend {
        match self.backend.last() {
            Some(Place::Here(backend)) => *backend,
            Some(Place::Hosts(_)) | None => Backend::Processes,
        }
    }

    /// Whether the work is done on other machines.
    pub(crate) fn is_elsewhere(&self) -> bool {
        matches!(self.backend.last(), Some(Place::Hosts(_)))
    }

    /// Whether a job on other machines is to be gone on with.
    pub(crate) fn is_resumed(&self) -> bool {
        self.on_cluster.is_resumed()
    }

    /// How many times as much work as usual should be on its way.
    pub(crate) fn depth(&self) -> usize {
        if self.is_elsewhere() { DEPTH } else { 1 }
    }

    /// Refuses other machines, for a command that keeps something on this one.
    pub(crate) fn stays_here(&self) -> anyhow::Result<()> {
        if self.is_elsewhere() {
            bail!(
                "this command works on this machine only: leave out --backend nats://…, which tune, factor, imports and run take"
            );
        }
        self.has_no_cluster_options()
    }

    /// Refuses options that have no effect here.
    fn has_no_cluster_options(&self) -> anyhow::Result<()> {
        match self.on_cluster.given() {
            Some(option) => bail!("{option} goes with --backend nats://…, where the job is"),
            None => Ok(()),
        }
    }

    /// The addresses of the NATS server.
    fn addresses(&self) -> Vec<String> {
        let urls = self.backend.iter().filter_map(|backend| match backend {
            Place::Hosts(url) => Some(url.clone()),
            Place::Here(_) => None,
        });
        urls.collect()
    }

    /// A pool as these options want it, its events told by `narrator`.
    pub(crate) fn pool(&self, title: &str, narrator: &Narrator) -> PoolBuilder {
        self.pool_of(self.backend(), title, narrator)
    }

    /// The same with another backend.
    pub(crate) fn pool_of(
        &self,
        backend: Backend,
        title: &str,
        narrator: &Narrator,
    ) -> PoolBuilder {
        let builder = self.resident_pool_of(backend, title, narrator);
        match self.options.timeout {
            Some(limit) => builder.timeout(limit),
            None => builder,
        }
    }

    /// A pool whose tasks go on for as long as the program: no time limit is theirs.
    pub(crate) fn resident_pool(&self, title: &str, narrator: &Narrator) -> PoolBuilder {
        self.resident_pool_of(self.backend(), title, narrator)
    }

    fn resident_pool_of(&self, backend: Backend, title: &str, narrator: &Narrator) -> PoolBuilder {
        let builder = told_pool(self.workers(), title, self.worker_exe(), narrator);
        let builder = builder.retries(self.retries_or(RETRIES));
        match backend {
            Backend::Processes => builder,
            Backend::Threads => builder.threads(brigade_worker::jobs::registry()),
        }
    }

    /// The worker executable, if one was named.
    pub(crate) fn worker_exe(&self) -> Option<&Path> {
        self.options.worker_exe()
    }

    /// Who tells on standard error what happens.
    pub(crate) fn narrator(&self) -> Narrator {
        self.options.narrator()
    }

    /// Whether results are coloured.
    pub(crate) fn is_coloured(&self) -> bool {
        self.options.is_coloured()
    }
}

impl Options {
    /// The format that was asked for, or the one that suits the command.
    pub(crate) fn format_or(&self, default: Format) -> Format {
        self.format.unwrap_or(default)
    }

    /// The worker executable, if one was named.
    pub(crate) fn worker_exe(&self) -> Option<&Path> {
        self.worker.path()
    }

    /// Refuses limits, for a command whose tasks have their own.
    pub(crate) fn has_no_limits(&self) -> anyhow::Result<()> {
        if self.timeout.is_some() || self.retries.is_some() {
            bail!("this command sets limits of its own: leave out --timeout and --retries");
        }
        Ok(())
    }

    /// Who tells on standard error what happens.
    pub(crate) fn narrator(&self) -> Narrator {
        self.progress.narrator(self.verbose, self.color)
    }

    /// Whether results are coloured.
    pub(crate) fn is_coloured(&self) -> bool {
        self.color.is_coloured()
    }
}

/// How many workers were asked for, or fit this machine.
pub(super) fn workers_here(asked: Option<u32>) -> usize {
    asked
        .and_then(|workers| usize::try_from(workers).ok())
        .or_else(|| thread::available_parallelism().map(NonZero::get).ok())
        .unwrap_or(1)
}

/// A pool whose events `narrator` tells.
pub(super) fn told_pool(
    workers: usize,
    title: &str,
    worker_exe: Option<&Path>,
    narrator: &Narrator,
) -> PoolBuilder {
    let narrator = narrator.clone();
    let builder = Pool::builder()
        .workers(workers)
        .title(title)
        .on_event(move |event| narrator.tell(event));
    match worker_exe {
        Some(path) => builder.worker_executable(path),
        None => builder,
    }
}
