//! `master bench search`.

use brigade_worker::jobs::search::Matcher;

use super::{Answer, Digest, Ran, Work};
use crate::{
    cli::{Common, Narrator},
    jobs::search::{SearchArgs, search},
};

/// Files, and what to look for.
pub(super) struct Search<'a> {
    args: &'a SearchArgs,
    rounds: u32,
}

impl<'a> Search<'a> {
    pub(super) fn new(args: &'a SearchArgs, rounds: u32) -> anyhow::Result<Self> {
        if let Some(option) = args.goes_on() {
            anyhow::bail!("{option} has no end that could be measured; leave it out");
        }
        for pattern in args.patterns() {
            Matcher::new(&pattern)?;
        }
        for path in args.paths() {
            // Every run would do without it, and say so once only.
            anyhow::ensure!(
                path.exists(),
                "{}: no such file; check the path",
                path.display()
            );
        }
        Ok(Self { args, rounds })
    }
}

/// A number of things.
fn count(number: u64, what: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {what}{ending}")
}

impl Work for Search<'_> {
    fn title(&self) -> String {
        let list = |all: Vec<String>| all.join(", ");
        let patterns = list(self.args.patterns().map(|it| format!("'{it}'")).collect());
        let paths = self.args.paths().iter();
        let paths = list(paths.map(|path| path.display().to_string()).collect());
        let rounds = match self.rounds {
            1 => String::new(),
            rounds => format!(", {rounds} times"),
        };
        format!("search: {patterns} in {paths}{rounds}")
    }

    fn run(&self, common: &Common, narrator: &Narrator) -> anyhow::Result<Ran> {
        let mut digest = Digest::default();
        let found = search(self.args, self.rounds, common, narrator, &mut digest)?;
        Ok(Ran {
            answer: Answer {
                said: format!(
                    "{} found in {}",
                    count(found.lines, "line"),
                    count(found.files, "file")
                ),
                digest: digest.finish(),
            },
            failures: found.lost as u64,
        })
    }
}
