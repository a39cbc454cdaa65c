//! Where faults are shown: pools of two workers, and innocent tasks around the guilty one.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use brigade::{
    Pool, PoolBuilder, TaskError,
    jobs::{
        echo::Echo,
        fault::{Fault, Misdeed},
    },
};
use brigade_protocol::process::Stat;

/// What was observed, as a promise kept or as one that was not.
pub(super) type Finding = Result<String, String>;

/// Innocent tasks before the guilty one, and as many after it.
const INNOCENT: u64 = 100;

/// Makes pools.
#[derive(Debug, Clone)]
pub(super) struct Ward {
    worker: Option<PathBuf>,
}

impl Ward {
    pub(super) fn new(worker: Option<&Path>) -> Self {
        let worker = worker.map(Path::to_owned);
        Self { worker }
    }

    /// The options of a pool.
    pub(super) fn builder(&self, workers: usize) -> PoolBuilder {
        let builder = Pool::builder().workers(workers).title("doctor");
        match &self.worker {
            Some(path) => builder.worker_executable(path),
            None => builder,
        }
    }

    /// A pool.
    pub(super) fn pool(&self, workers: usize) -> Result<Pool, String> {
        self.builder(workers).start().map_err(told)
    }

    /// Runs a misdeed in the middle of innocent tasks: these must all be well, and afterwards both workers
    /// must work again. Returns what became of the misdeed.
    pub(super) fn crowd(&self, misdeed: Misdeed) -> Result<TaskError, String> {
        let pool = self.pool(2)?;
        let submit = |n| pool.submit::<Echo>(n).map_err(told);
        let mut innocent = (0..INNOCENT).map(submit).collect::<Result<Vec<_>, _>>()?;
        let guilty = pool.submit::<Fault>(misdeed).map_err(told)?;
        for n in INNOCENT..2 * INNOCENT {
            innocent.push(submit(n)?);
        }
        for (n, handle) in (0..).zip(innocent) {
            let outcome = handle.wait();
            if outcome != Ok(n) {
                return Err(format!("an innocent task came to {outcome:?}"));
            }
        }
        let Err(error) = guilty.wait() else {
            return Err("the guilty task was well".into());
        };
        until("both workers are back", || pool.worker_pids().len() == 2)?;
        answers(&pool)?;
        Ok(error)
    }
}

/// An error as text.
pub(super) fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// A promise: what was observed if it is kept.
pub(super) fn promise(is_kept: bool, observed: impl Into<String>) -> Finding {
    if is_kept {
        Ok(observed.into())
    } else {
        Err(observed.into())
    }
}

/// Asserts that a pool works.
pub(super) fn answers(pool: &Pool) -> Result<(), String> {
    let answer = pool.submit::<Echo>(7).map_err(told)?.wait().map_err(told)?;
    promise(answer == 7, "the next task is well").map(drop)
}

/// Waits for a condition for a few seconds.
pub(super) fn until(what: &str, mut condition: impl FnMut() -> bool) -> Result<(), String> {
    let deadline = Instant::now() + Duration::from_secs(4);
    while !condition() {
        if Instant::now() > deadline {
            return Err(format!("in vain waited until {what}"));
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// Whether a process runs, so neither is gone nor a zombie.
pub(super) fn is_alive(pid: i32) -> bool {
    u32::try_from(pid).is_ok_and(|pid| Stat::of(pid).is_ok_and(|stat| stat.is_alive()))
}

/// How many descriptors this process has open.
pub(super) fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}
