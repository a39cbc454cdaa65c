//! `master bench factor`.

use super::{Answer, Digest, Ran, Work};
use crate::{
    cli::{Common, Narrator},
    jobs::{
        bench::args::NumbersArgs,
        factor::{Factored, Numbers, factor},
    },
    report::{Format, factor::FactorReport},
};

/// Numbers that are the same every time.
pub(super) struct Factor {
    numbers: Numbers,
    said: String,
}

impl Factor {
    pub(super) fn new(args: &NumbersArgs) -> Self {
        Self {
            numbers: args.numbers(),
            said: args.said(),
        }
    }
}

impl Work for Factor {
    fn title(&self) -> String {
        format!("factor: {}", self.said)
    }

    fn run(&self, common: &Common, narrator: &Narrator) -> anyhow::Result<Ran> {
        let report = FactorReport::new(Format::Lines, false);
        let numbers = self.numbers.clone();
        let Factored {
            report,
            out,
            faults,
            ..
        } = factor(numbers, report, common, narrator, Digest::default())?;
        let (numbers, primes) = report.counts();
        Ok(Ran {
            answer: Answer {
                said: format!("{numbers} numbers, {primes} of them prime"),
                digest: out.finish(),
            },
            failures: faults,
        })
    }
}
