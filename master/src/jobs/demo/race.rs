//! `master demo race`: many who add to one number, in three ways.

use std::{
    io::{self, BufWriter, Write},
    time::Duration,
};

use anyhow::Context;
use brigade::{
    TaskError,
    sync::{Barrier, Mutex, SyncError, Value},
};
use brigade_protocol::jobs::race::{Add, Added, Adding, Way};
use clap::Args;

use crate::{
    cli::{Backend, Common, Done, Narrator, signals},
    report::{
        Format,
        race::{How, Outcome, RaceReport},
    },
};

/// Count lost updates: many add to one shared number, unsynchronised, atomically, and with a lock
///
/// Each worker reads the number, adds one, and writes it back, many times. Without synchronisation two may read the
/// same number, and one addition is lost. An atomic addition is one step; a lock keeps the others out for the three.
/// The same by processes and by threads.
#[derive(Debug, Clone, Args)]
pub(crate) struct RaceArgs {
    /// How many times each worker adds one
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=1 << 40))]
    times: u64,

    /// Only by what --backend names, not by both
    #[arg(long)]
    no_compare: bool,
}

/// Races.
pub(super) fn run(args: &RaceArgs, common: &Common) -> anyhow::Result<Done> {
    let narrator = common.narrator();
    let backends = if args.no_compare {
        vec![common.backend()]
    } else {
        vec![Backend::Processes, Backend::Threads]
    };
    let mut report = RaceReport {
        workers: common.workers(),
        times: args.times,
        outcomes: Vec::new(),
    };
    let mut failures = 0;
    let (all, mut done) = (backends.len() * How::ALL.len(), 0_u64);
    for backend in backends {
        let race = Race {
            args,
            common,
            narrator: &narrator,
            backend,
        };
        for how in How::ALL {
            match race.run(how)? {
                Some(outcome) => report.outcomes.push(outcome),
                None => failures += 1,
            }
            done += 1;
            narrator.progress(done as f64 / all as f64, done, "races");
        }
    }
    narrator.finish();
    let mut out = BufWriter::new(io::stdout().lock());
    report
        .write(common.format_or(Format::Table), &mut out)
        .and_then(|()| out.flush())
        .context("cannot write the report")?;
    Ok(if failures > 0 {
        Done::InPart
    } else if report.is_as_expected() {
        Done::Well
    } else {
        Done::Short
    })
}

/// One backend's races.
struct Race<'a> {
    args: &'a RaceArgs,
    common: &'a Common,
    narrator: &'a Narrator,
    backend: Backend,
}

/// The number, as the master has it.
enum Counter {
    Plain(Value<u64>),
    Locked(Mutex<u64>),
}

impl Counter {
    fn new(how: How) -> Result<Self, SyncError> {
        Ok(match how {
            How::Unsynchronised | How::Atomic => Self::Plain(Value::new(0)?),
            How::Locked => Self::Locked(Mutex::new(0)?),
        })
    }

    fn way(&self, how: How) -> Way {
        match self {
            Self::Plain(value) if how == How::Atomic => Way::Atomic(value.ticket()),
            Self::Plain(value) => Way::Unsynchronised(value.ticket()),
            Self::Locked(mutex) => Way::Locked(mutex.ticket()),
        }
    }

    fn got(&self) -> Result<u64, SyncError> {
        Ok(match self {
            Self::Plain(value) => value.get(),
            Self::Locked(mutex) => *mutex.lock()?,
        })
    }
}

impl Race<'_> {
    /// Lets all workers add in one way; nothing when some of them failed, of which is told.
    fn run(&self, how: How) -> anyhow::Result<Option<Outcome>> {
        let workers = self.common.workers();
        let (counter, start) = (
            Counter::new(how)?,
            Barrier::new(u32::try_from(workers)?).context("cannot let all begin together")?,
        );
        let adding = Adding {
            way: counter.way(how),
            times: self.args.times,
            start: start.ticket(),
        };
        // A second attempt would add once more, and there would be too much.
        let pool = self.common.pool_of(self.backend, "race", self.narrator);
        let pool = Common::start(pool.retries(0))?;
        let mut longest = Duration::ZERO;
        let mut failures = 0;
        for (_, outcome) in pool.map_unordered::<Add, _>(vec![adding; workers]) {
            match outcome {
                Ok(Added { took, .. }) => longest = longest.max(took),
                Err(error) => {
                    failures += 1;
                    let is_wanted = error == TaskError::Cancelled && signals::caught().is_some();
                    if !is_wanted {
                        self.narrator.say(&format!("error: {error}"));
                    }
                }
            }
        }
        pool.join();
        if failures > 0 {
            return Ok(None);
        }
        Ok(Some(Outcome {
            is_threads: self.backend == Backend::Threads,
            how,
            expected: self.args.times * workers as u64,
            got: counter.got()?,
            took: longest,
        }))
    }
}
