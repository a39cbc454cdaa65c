//! `master demo philosophers`: each a process, with forks that are locks between processes.

mod deadlock;
mod dinner;
mod table;

use std::{
    io::{self, BufWriter, Write},
    time::Duration,
};

use anyhow::{Context, bail};
use brigade_protocol::jobs::philosophers::Manners;
use clap::Args;

use crate::{
    cli::{Common, Done, duration, signals},
    report::{Format, philosophers::Minutes},
};
use dinner::{Dinner, Ending};

/// The most philosophers: each is a process.
const LARGEST_FACULTY: i64 = 200;
/// Without a footman, a hand is held out for so long that all others have one fork as well.
const DANGEROUS_REACH: Duration = Duration::from_millis(100);

/// Let philosophers dine, each in a process of its own, with a lock between processes for each fork
///
/// A philosopher is given a seat by the footman, who has one less than there are philosophers, takes the fork
/// with its own number and then the next one, eats, puts both down, thinks, and gets up. After each serving comes the
/// list of who ate and thought for how many seconds.
///
/// Kill one with a fork in its hand: its neighbours get the fork, and another one takes its place and eats what is
/// left. Without the footman, all take their first fork and wait for the second: that is noticed, named, and ends with
/// exit code 1. There is a process for each philosopher, whatever --workers says.
#[derive(Debug, Clone, Args)]
pub(crate) struct PhilosophersArgs {
    /// How many philosophers, and forks
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=LARGEST_FACULTY))]
    faculty: u32,

    /// How many meals each has
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    servings: u32,

    /// The shortest time to eat, and to think
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    min: Duration,

    /// The longest time to eat, and to think
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    max: Duration,

    /// What chance begins with, to have the same times again [default: another one each time]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Everybody may sit down at any time
    #[arg(long)]
    no_footman: bool,

    /// How long a hand is held out between the first fork and the second [default: not at all; without a footman,
    /// 100ms, so that the danger shows]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    reach: Option<Duration>,

    /// No time to eat or think: how many meals a second, and is everybody served alike?
    #[arg(long)]
    benchmark: bool,

    /// How long the benchmark lasts
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration, requires = "benchmark")]
    seconds: Duration,
}

/// Dines.
pub(super) fn run(args: &PhilosophersArgs, common: &Common) -> anyhow::Result<Done> {
    if args.min > args.max {
        bail!("--min {:?} is longer than --max {:?}", args.min, args.max);
    }
    if common.timeout().is_some() {
        bail!(
            "leave out --timeout: each philosopher is one task, which lasts as long as the dinner"
        );
    }
    let narrator = common.narrator();
    let format = common.format_or(Format::Table);
    let mut out = BufWriter::new(io::stdout().lock());
    let mut minutes = Minutes::new(format, args.faculty, &mut out);
    let pool = common.resident_pool("philosophers", &narrator);
    let pool = Common::start(pool.workers(args.faculty as usize))?;
    let mut dinner = Dinner::lay(
        &pool,
        &narrator,
        args.faculty,
        args.manners(),
        !args.no_footman,
    )?;
    let ending = if args.benchmark {
        dinner.measure(args.seconds, &mut minutes)?
    } else {
        dinner.serve(&mut minutes)?
    };
    let failures = dinner.failures();
    drop(dinner);
    match ending {
        // Who waits for ever does not get up by itself.
        Ending::Deadlock => pool.terminate(),
        Ending::Over => pool.join(),
    }
    narrator.finish();
    minutes.finish().context("cannot write the report")?;
    out.flush().context("cannot write the report")?;
    Ok(match ending {
        Ending::Deadlock => Done::Short,
        Ending::Over if failures > 0 && signals::caught().is_none() => Done::InPart,
        Ending::Over => Done::Well,
    })
}

impl PhilosophersArgs {
    fn manners(&self) -> Manners {
        let reach = match self.reach {
            Some(reach) => reach,
            None if self.no_footman => DANGEROUS_REACH,
            None => Duration::ZERO,
        };
        Manners {
            servings: (!self.benchmark).then_some(self.servings),
            min: self.min,
            max: self.max,
            reach,
            seed: self.seed.unwrap_or_else(|| fastrand::u64(..)),
        }
    }
}
