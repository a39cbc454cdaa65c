//! What `master bench` is told.

use std::{num::NonZero, thread};

use brigade_protocol::jobs::factor::Method;
use clap::{Args, Subcommand};

use super::config::{self, Config};
use crate::{
    cli::{Backend, Options, count},
    jobs::{
        factor::{HowArg, MOST_DIGITS, Numbers, Random, Source},
        search::SearchArgs,
        tune::TuneInput,
    },
    report::PlotFile,
};

/// How many workers is a job worth?
///
/// Does a job again and again, with each number of workers and each backend in turn, and shows time, spread, speed-up
/// and efficiency, which share of the work is serial, and what to take from it. Every run starts workers, does the
/// whole job and ends them, as the command of the same name does; all runs must come to the same result.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    pub(super) job: Job,
}

const EXAMPLES: &str = "\
Examples:
  master bench tune                            the shipped Iris samples: is one worker enough?
  master bench tune digits.csv --plot up.svg   your own table, and a picture with the ideal line
  master bench burn -j 1,2,3 --backend processes
  master bench search src -e TODO --format csv
  master bench dispatch                        what the pool itself takes: tasks that do nothing";

/// What is done again and again.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum Job {
    /// Tune k and distance on a table, as `master tune` does
    Tune {
        #[command(flatten)]
        input: Box<TuneInput>,
        #[command(flatten)]
        sweep: SweepArgs,
    },
    /// Find the prime factors of random numbers, as `master factor` does
    Factor {
        #[command(flatten)]
        numbers: NumbersArgs,
        #[command(flatten)]
        sweep: SweepArgs,
    },
    /// Read files and search them, as `master search` does
    Search {
        #[command(flatten)]
        search: Box<SearchArgs>,
        /// Ask for all patterns so many times once the files are read
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
        #[command(flatten)]
        sweep: SweepArgs,
    },
    /// Add odd numbers, as `master demo burn` does: work that nothing but cores makes faster
    Burn {
        /// How many sums are shared by the workers
        #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..))]
        tasks: u32,
        /// How many odd numbers each sum adds up
        #[arg(long, value_name = "N", default_value_t = 10_000_000)]
        count: u64,
        #[command(flatten)]
        sweep: SweepArgs,
    },
    /// Do nothing, many times: what it costs to hand tasks out and take results in
    Dispatch {
        /// How many tasks
        #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
        tasks: u64,
        #[command(flatten)]
        sweep: SweepArgs,
    },
}

// No doc comment: clap would take it for that of the command.
#[derive(Debug, Clone, Args)]
pub(super) struct NumbersArgs {
    /// How many numbers
    #[arg(long, value_name = "COUNT", default_value_t = 40_960, value_parser = clap::value_parser!(u64).range(1..))]
    random: u64,

    /// How many digits they have
    #[arg(long, value_name = "N", default_value_t = 18, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_DIGITS)))]
    digits: u32,

    /// Which numbers: the same seed gives the same
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,

    /// How factors are found
    #[arg(long, value_name = "METHOD", default_value = "auto")]
    method: HowArg,
}

// No doc comment: clap would take it for that of the command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Sweep options")]
pub(super) struct SweepArgs {
    /// Numbers of workers, such as 1,2,3, or shares of the cores such as 50%; one worker is always measured [default: 1,
    /// 2, 4 and so on, up to twice the cores]
    #[arg(
        short = 'j',
        long,
        value_name = "LIST",
        value_delimiter = ',',
        value_parser = count
    )]
    workers: Vec<u32>,

    /// What does the work: worker processes, threads of this process, or one after the other both
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "processes,threads"
    )]
    backend: Vec<Backend>,

    /// How often each is measured [default: as often as takes about ten seconds, but 5 times at least, 30 at most]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) runs: Option<u32>,

    /// How often each is done before it is measured
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(..=1_000))]
    pub(super) warmup: u32,

    /// Draw speed-ups beside the ideal line into a file that ends with .svg or .png
    #[arg(long, value_name = "FILE")]
    pub(super) plot: Option<PlotFile>,

    #[command(flatten)]
    pub(super) options: Options,
}

impl Job {
    pub(super) fn sweep(&self) -> &SweepArgs {
        match self {
            Self::Tune { sweep, .. }
            | Self::Factor { sweep, .. }
            | Self::Search { sweep, .. }
            | Self::Burn { sweep, .. }
            | Self::Dispatch { sweep, .. } => sweep,
        }
    }
}

impl SweepArgs {
    /// What to compare.
    pub(super) fn configs(&self) -> Vec<Config> {
        if self.workers.is_empty() {
            config::all(&self.backend, &config::usual_counts(cores()))
        } else {
            config::all(&self.backend, &self.workers)
        }
    }
}

impl NumbersArgs {
    pub(super) fn numbers(&self) -> Numbers {
        Numbers {
            source: Source::Random(Random {
                count: self.random,
                digits: self.digits,
                seed: Some(self.seed),
            }),
            method: Method::from(self.method),
        }
    }

    /// What they are, in words.
    pub(super) fn said(&self) -> String {
        format!("{} numbers of {} digits", self.random, self.digits)
    }
}

/// The cores that this process may use.
pub(super) fn cores() -> u32 {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    u32::try_from(cores).unwrap_or(u32::MAX)
}
