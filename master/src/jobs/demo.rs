//! `master demo`: the concepts of concurrency, shown truthfully and with numbers.

mod burn;
pub(crate) mod sleepers;

use clap::Subcommand;

use crate::cli::{Common, Done};
use burn::BurnArgs;
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
}

/// Shows it.
pub(crate) fn run(demo: &Demo) -> anyhow::Result<Done> {
    match demo {
        Demo::Burn { burn, common } => burn::run(burn, common),
        Demo::Sleepers(args) => sleepers::run(args),
    }
}
