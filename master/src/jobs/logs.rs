//! `master logs`: collects the records of Python programs; and programs that send some.

mod args;
mod demo;
mod serve;

pub(crate) use serve::descriptors;

use clap::Subcommand;

use crate::cli::{Common, Done};
use args::{DemoArgs, ServeArgs};

/// Collect log records that Python programs send, in one file, none lost and none torn
#[derive(Debug, Subcommand)]
pub(crate) enum Logs {
    Serve(Box<ServeArgs>),
    Demo {
        #[command(flatten)]
        demo: DemoArgs,
        #[command(flatten)]
        common: Common,
    },
}

/// Serves, or shows.
pub(crate) fn run(logs: &Logs) -> anyhow::Result<Done> {
    match logs {
        Logs::Serve(args) => serve::run(args),
        Logs::Demo { demo, common } => {
            common.stays_here()?;
            demo::run(demo, common)
        }
    }
}
