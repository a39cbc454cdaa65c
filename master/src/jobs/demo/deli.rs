//! `master demo deli`: chefs who take orders from one list, and a tray that moves.

mod kitchen;
mod tray;

use std::{
    io::{self, BufWriter, Write},
    time::Duration,
};

use anyhow::Context;
use clap::Args;

use crate::{
    cli::{Common, Done, duration},
    report::{Format, deli::DeliReport},
};

/// Let chefs take the orders from one list until it is empty, or race for the one tray
///
/// Each chef is a process, whatever --workers says. An order takes one to two seconds of computing, and is made once, whoever dies over it: the
/// one who comes in a chef's place makes it.
///
/// With --tray, each chef checks that the tray is at the own station and then places a sandwich, while the owner moves
/// the tray. What is placed when the tray has just left lands on the floor. With a flag that chefs hold from the
/// check to the placing, and the owner while moving, nothing does.
#[derive(Debug, Clone, Args)]
pub(crate) struct DeliArgs {
    /// A chef; may be given again [default: Michael and Constantine]
    #[arg(long, value_name = "NAME")]
    chef: Vec<String>,

    /// The least time to make an order; chance adds up to as much again
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    seconds: Duration,

    /// What chance begins with, to have the same times again [default: another one each time]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Race for the tray, without the flag and with it
    #[arg(long)]
    tray: bool,

    /// Race for the tray with the flag only
    #[arg(long, requires = "tray")]
    flag: bool,

    /// How many sandwiches each chef places on the tray, or on the floor
    #[arg(long, value_name = "N", default_value_t = 20_000, requires = "tray")]
    sandwiches: u32,
}

/// Cooks, or races.
pub(super) fn run(args: &DeliArgs, common: &Common) -> anyhow::Result<Done> {
    let narrator = common.narrator();
    let mut out = BufWriter::new(io::stdout().lock());
    let format = common.format_or(Format::Table);
    let mut report = DeliReport::new(format, args.chefs(), &mut out);
    let done = if args.tray {
        tray::race(args, common, &narrator, &mut report)
    } else {
        kitchen::cook(args, common, &narrator, &mut report)
    }?;
    narrator.finish();
    report.finish().context("cannot write the report")?;
    out.flush().context("cannot write the report")?;
    Ok(done)
}

impl DeliArgs {
    fn chefs(&self) -> Vec<String> {
        if self.chef.is_empty() {
            vec!["Michael".into(), "Constantine".into()]
        } else {
            self.chef.clone()
        }
    }
}
