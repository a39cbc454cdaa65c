//! `master demo`: the concepts of concurrency, shown truthfully and with numbers.

pub(crate) mod burn;
mod deli;
mod philosophers;
mod race;
pub(crate) mod sleepers;

use clap::Subcommand;

use crate::cli::{Common, Done};
use burn::BurnArgs;
use deli::DeliArgs;
use philosophers::PhilosophersArgs;
use race::RaceArgs;
use sleepers::SleepersArgs;

/// Which concept is shown.
#[derive(Debug, Subcommand)]
pub(crate) enum Demo {
    Burn {
        #[command(flatten)]
        burn: BurnArgs,
        #[command(flatten)]
        common: Common,
    },
    Sleepers(SleepersArgs),
    Deli {
        #[command(flatten)]
        deli: DeliArgs,
        #[command(flatten)]
        common: Common,
    },
    Philosophers {
        #[command(flatten)]
        philosophers: PhilosophersArgs,
        #[command(flatten)]
        common: Common,
    },
    Race {
        #[command(flatten)]
        race: RaceArgs,
        #[command(flatten)]
        common: Common,
    },
}

/// Shows it.
pub(crate) fn run(demo: &Demo) -> anyhow::Result<Done> {
    if let Demo::Burn { common, .. }
    | Demo::Deli { common, .. }
    | Demo::Philosophers { common, .. }
    | Demo::Race { common, .. } = demo
    {
        common.stays_here()?;
    }
    match demo {
        Demo::Burn { burn, common } => burn::run(burn, common),
        Demo::Sleepers(args) => sleepers::run(args),
        Demo::Deli { deli, common } => deli::run(deli, common),
        Demo::Philosophers {
            philosophers,
            common,
        } => philosophers::run(philosophers, common),
        Demo::Race { race, common } => race::run(race, common),
    }
}
