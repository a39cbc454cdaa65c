//! The options of a host that works for others: how many workers it gives them, and which.

use brigade::PoolBuilder;
use clap::Args;

use super::{
    Narrator,
    options::{told_pool, workers_here},
    values::count,
    when::When,
    worker_file::WorkerFile,
};

// What a host that works for others may be told of its pools. No doc comment: clap would take it for that of the command.
#[derive(Debug, Clone, Args)]
pub(crate) struct HostOptions {
    /// Worker processes, or a share of the cores such as 50% [default: the cores this process may use]
    #[arg(short = 'j', long, value_name = "N", value_parser = count)]
    workers: Option<u32>,

    /// Say on standard error which jobs and processes there are, and what becomes of them
    #[arg(short, long)]
    verbose: bool,

    #[command(flatten)]
    worker: WorkerFile,
}

impl HostOptions {
    /// How many workers were asked for, or fit this machine.
    pub(crate) fn workers(&self) -> usize {
        workers_here(self.workers)
    }

    /// A pool of processes for a job of this title.
    pub(crate) fn pool(&self, title: &str, narrator: &Narrator) -> PoolBuilder {
        told_pool(self.workers(), title, self.worker.path(), narrator)
    }

    /// Who tells on standard error what happens.
    pub(crate) fn narrator(&self) -> Narrator {
        When::Never.narrator(self.verbose, When::Auto)
    }
}
