//! The command line: which command, with which options, and how its end becomes an exit code.

mod backend;
mod broker;
mod examples;
mod host;
mod narrate;
mod options;
mod papers;
mod parse;
mod progress;
pub(crate) mod signals;
mod size;
mod values;
mod version;
mod when;
mod wording;
mod worker_file;

use std::{io, process::ExitCode};

use anyhow::Context;
use clap::{Parser, Subcommand};

pub(crate) use backend::Backend;
pub(crate) use broker::Entry;
pub(crate) use host::HostOptions;
pub(crate) use narrate::{Narrator, complain};
pub(crate) use options::{Common, Options, RETRIES};
use papers::{CompletionsArgs, ManArgs};
pub(crate) use progress::Progress;
pub(crate) use size::{size, some_size};
pub(crate) use values::{count, duration};
pub(crate) use when::When;

use crate::jobs::{
    bench::{self, BenchArgs},
    classify::{self, ClassifyArgs},
    cluster::{self, ClusterCommand},
    demo::{self, Demo},
    doctor,
    factor::{self, FactorArgs},
    imports::{self, ImportsArgs},
    join::{self, JoinArgs},
    logs::{self, Logs},
    ps::{self, PsArgs},
    run::{self, RunArgs},
    search::{self, SearchArgs},
    serve::{self, ServeArgs},
    stats::{self, StatsArgs},
    tune::{self, TuneArgs},
    weather::{self, WeatherArgs},
};

/// Runs CPU-heavy work on every core in real OS processes, and never hangs
#[derive(Debug, Parser)]
#[command(name = "master", version = version::SHORT, long_version = version::LONG.as_str(), max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  master tune                            tune k and the distance on the shipped Iris samples
  master tune wine.csv --label 1 -v      on your own table, whose first column is the class
  master tune --format csv > grid.csv    results to standard output, everything else to standard error
  master classify --model m.json x.csv   which classes unknown samples have, by a tuned model
  master stats                           what the features are like, and which carry the class
  master search src -e TODO              lines of files, from the memory of every core
  master imports src --by module         which files import what, by parsing them
  master factor 360 97                   prime factors, as the command factor prints them
  master factor --random 40960 --primes  which of 40,960 nine-digit numbers are prime
  master run gzip -9 ::: *.log           a command for each input, many at a time
  master weather                         advisories of the zones of Chesapeake Bay, fetched all at once
  master logs serve --output app.jsonl   collect what Python programs log, none lost
  master serve --search src              all of this on a page: http://127.0.0.1:8642
  master bench tune                      how many processes, or threads, are worth having
  master demo burn                       every core adds odd numbers: processes, threads, one at a time
  master demo philosophers               each a process, each fork a lock that survives its holder
  master ps --watch                      what every pool and worker on this host is doing
  master join nats://hub:4222            this host works for the jobs of a NATS server; then, elsewhere,
  master tune --backend nats://hub:4222  the same on all hosts that have joined
  master doctor                          see how pools survive here what usually breaks them
  master man tune | man -l -             the manual page of a command

Exit codes:
  0 done   1 nothing found, or a check failed   2 bad usage or input
  3 some tasks failed (the rest is delivered)
  130 interrupted by Ctrl-C, 143 terminated, 129 hung up: what was done is delivered";

#[derive(Debug, Subcommand)]
enum Command {
    #[command(after_help = examples::TUNE)]
    Tune {
        #[command(flatten)]
        tune: Box<TuneArgs>,
        #[command(flatten)]
        common: Common,
    },
    #[command(after_help = examples::CLASSIFY)]
    Classify {
        #[command(flatten)]
        classify: ClassifyArgs,
        #[command(flatten)]
        common: Common,
    },
    #[command(after_help = examples::STATS)]
    Stats(StatsArgs),
    /// Search files for text, all at once and from memory
    ///
    /// Every worker reads its share of the files once and then answers each pattern from memory. Lines that match go
    /// to standard output in the order of the files, and for each pattern a summary to standard error. Left out are
    /// hidden files, what .gitignore names, caches of Python's tools, and files with NUL bytes.
    #[command(after_help = examples::SEARCH)]
    Search {
        #[command(flatten)]
        search: Box<SearchArgs>,
        #[command(flatten)]
        common: Common,
    },
    Run {
        #[command(flatten)]
        run: Box<RunArgs>,
        #[command(flatten)]
        common: Common,
    },
    #[command(after_help = examples::IMPORTS)]
    Imports {
        #[command(flatten)]
        imports: Box<ImportsArgs>,
        #[command(flatten)]
        common: Common,
    },
    #[command(after_help = examples::FACTOR)]
    Factor {
        #[command(flatten)]
        factor: FactorArgs,
        #[command(flatten)]
        common: Common,
    },
    #[command(after_help = examples::WEATHER)]
    Weather(Box<WeatherArgs>),
    #[command(after_help = examples::JOIN)]
    Join(Box<JoinArgs>),
    #[command(subcommand)]
    #[command(after_help = examples::CLUSTER)]
    Cluster(ClusterCommand),
    #[command(subcommand)]
    Logs(Logs),
    Serve {
        #[command(flatten)]
        serve: Box<ServeArgs>,
        #[command(flatten)]
        common: Common,
    },
    Bench(Box<BenchArgs>),
    /// Show a concept of concurrency with numbers of this machine
    #[command(subcommand)]
    #[command(after_help = examples::DEMO)]
    Demo(Demo),
    #[command(after_help = examples::PS)]
    Ps(PsArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
    /// Do to a pool on this machine what usually breaks pools, and show what comes of it
    #[command(after_help = examples::DOCTOR)]
    Doctor {
        #[command(flatten)]
        options: Options,
    },
}

/// How a command that was carried out ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// Everything is delivered.
    Well,
    /// There was nothing to show.
    WithNothing,
    /// Some tasks failed; the rest is delivered.
    InPart,
    /// A check failed.
    Short,
}

/// Carries out the command and says how it ended.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let result = signals::install()
        .context("cannot receive signals")
        .and_then(|()| carry_out(cli.command));
    // Who came to an end early has not taken its bar away.
    progress::wipe();
    if let Some(signal) = signals::caught() {
        // The end that was asked for, in good order.
        return ExitCode::from(128 + u8::try_from(signal).unwrap_or(0));
    }
    match result {
        Ok(Done::Well) => ExitCode::SUCCESS,
        Ok(Done::WithNothing | Done::Short) => ExitCode::from(1),
        Ok(Done::InPart) => ExitCode::from(3),
        // Whoever read our output has seen enough, as `head` does.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn carry_out(command: Command) -> anyhow::Result<Done> {
    match command {
        Command::Tune { tune, common } => tune::run(&tune, &common),
        Command::Classify { classify, common } => {
            common.stays_here()?;
            classify::run(&classify, &common)
        }
        Command::Stats(args) => stats::run(&args),
        Command::Search { search, common } => {
            common.stays_here()?;
            search::run(&search, &common)
        }
        Command::Run { run, common } => run::run(&run, &common),
        Command::Imports { imports, common } => imports::run(&imports, &common),
        Command::Factor { factor, common } => factor::run(&factor, &common),
        Command::Weather(args) => weather::run(&args),
        Command::Join(args) => join::run(&args),
        Command::Cluster(command) => cluster::run(&command),
        Command::Logs(logs) => logs::run(&logs),
        Command::Serve { serve, common } => {
            common.stays_here()?;
            serve::run(&serve, &common)
        }
        Command::Bench(args) => bench::run(&args),
        Command::Demo(demo) => demo::run(&demo),
        Command::Ps(args) => ps::run(&args),
        Command::Completions(args) => papers::completions(&args),
        Command::Man(args) => papers::manual(&args),
        Command::Doctor { options } => {
            options.has_no_limits()?;
            doctor::run(&options)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests;
