//! `master demo burn`: a sum on every core, by processes, by threads, and one after another.

use std::{
    io::{self, BufWriter, Write},
    time::{Duration, Instant},
};

use anyhow::Context;
use brigade::{Pool, TaskError};
use brigade_protocol::jobs::burn::{Burn, Burned};
use clap::Args;

use crate::{
    cli::{Backend, Common, Done, Narrator, signals},
    report::{
        Format,
        burn::{BurnReport, Run, Way},
    },
};

/// Keep every core busy, and see what processes and threads make of it
///
/// Each worker says its process id, adds up as many odd numbers as told, and its sum is checked; then the time
/// from the first start to the last end. The closing lines measure the same work by processes, by threads, and
/// one sum after another in one thread.
#[derive(Debug, Clone, Args)]
pub(crate) struct BurnArgs {
    /// How many odd numbers each worker adds up
    #[arg(long, value_name = "N", default_value_t = 100_000_000)]
    count: u64,

    /// Only the one run, without the comparison
    #[arg(long)]
    no_compare: bool,
}

/// Burns, and compares.
pub(super) fn run(args: &BurnArgs, common: &Common) -> anyhow::Result<Done> {
    let narrator = common.narrator();
    let format = common.format_or(Format::Table);
    let mut out = BufWriter::new(narrator.beside(io::stdout().lock()));
    let ways = if args.no_compare { 1 } else { Way::ALL.len() };
    let (sums, mut done) = (common.workers() * ways, 0_u64);
    let chosen = Way::from(common.backend());
    let mut failures = 0;
    let mut measure = |way, out: &mut dyn Write| -> anyhow::Result<Run> {
        let burning = Burning {
            args,
            common,
            narrator: &narrator,
        };
        let (run, failed) = burning.measure(way, |burned| {
            done += 1;
            narrator.progress(done as f64 / sums as f64, done, "sums");
            let is_told = way == chosen && matches!(format, Format::Table | Format::Lines);
            if is_told {
                // As each one comes, so that it is seen when it happens.
                writeln!(out, "OS PID {}", burned.pid)?;
                out.flush()?;
            }
            Ok(())
        })?;
        failures += failed;
        Ok(run)
    };
    let mut runs = vec![measure(chosen, &mut out)?];
    runs[0]
        .write_time(format, &mut out)
        .and_then(|()| out.flush())
        .context("cannot write the report")?;
    if !args.no_compare {
        for way in Way::ALL.into_iter().filter(|way| *way != chosen) {
            runs.push(measure(way, &mut out)?);
        }
        runs.sort_by_key(|run| run.way);
    }
    narrator.finish();
    let report = BurnReport {
        count: args.count,
        workers: common.workers(),
        runs,
    };
    report
        .finish(format, &mut out)
        .and_then(|()| out.flush())
        .context("cannot write the report")?;
    Ok(if failures == 0 {
        Done::Well
    } else {
        Done::InPart
    })
}

impl From<Backend> for Way {
    fn from(backend: Backend) -> Self {
        match backend {
            Backend::Processes => Self::Processes,
            Backend::Threads => Self::Threads,
        }
    }
}

/// One way to do the work.
struct Burning<'a> {
    args: &'a BurnArgs,
    common: &'a Common,
    narrator: &'a Narrator,
}

impl Burning<'_> {
    /// Does the work and says how long it took, start and end of the workers included; also how many sums
    /// failed. `tell` is told of each sum as it comes.
    fn measure(
        &self,
        way: Way,
        mut tell: impl FnMut(&Burned) -> io::Result<()>,
    ) -> anyhow::Result<(Run, usize)> {
        let began = Instant::now();
        let mut run = Run {
            way,
            took: Duration::ZERO,
            pids: Vec::new(),
        };
        let mut failures = 0;
        let mut take = |burned: Burned| -> anyhow::Result<()> {
            if burned.sum != Burned::expected(self.args.count) {
                let Burned { pid, sum, .. } = burned;
                failures += 1;
                self.narrator
                    .say(&format!("error: process {pid} came to the wrong sum {sum}"));
            }
            run.pids.push(burned.pid);
            tell(&burned).context("cannot write the results")
        };
        let lost = match way {
            Way::Processes => self.in_pool(Backend::Processes, &mut take)?,
            Way::Threads => self.in_pool(Backend::Threads, &mut take)?,
            Way::OneAfterAnother => {
                for _ in 0..self.common.workers() {
                    take(brigade_worker::jobs::burn::burn(self.args.count))?;
                }
                0
            }
        };
        run.took = began.elapsed();
        Ok((run, failures + lost))
    }

    /// One task per worker; returns how many were lost.
    fn in_pool(
        &self,
        backend: Backend,
        take: &mut dyn FnMut(Burned) -> anyhow::Result<()>,
    ) -> anyhow::Result<usize> {
        let pool = Common::start(self.common.pool_of(backend, "burn", self.narrator))?;
        let counts = std::iter::repeat_n(self.args.count, self.common.workers());
        burn(pool, counts, self.narrator, take)
    }
}

/// Has a pool make sums of as many odd numbers as each of `counts` says, and ends it. `take` gets each sum as it comes;
/// returns how many were lost.
pub(crate) fn burn(
    pool: Pool,
    counts: impl Iterator<Item = u64> + Send + 'static,
    narrator: &Narrator,
    take: &mut dyn FnMut(Burned) -> anyhow::Result<()>,
) -> anyhow::Result<usize> {
    let mut lost = 0;
    for (_, outcome) in pool.map_unordered::<Burn, _>(counts) {
        match outcome {
            Ok(burned) => take(burned)?,
            Err(TaskError::Cancelled) if signals::caught().is_some() => lost += 1,
            Err(error) => {
                lost += 1;
                narrator.say(&format!("error: {error}"));
            }
        }
    }
    pool.join();
    Ok(lost)
}
