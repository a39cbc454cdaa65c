//! `master search`, told from start to end.

use std::{
    io::{self, BufWriter, Write},
    time::{Duration, Instant},
};

use anyhow::Context;
use brigade_protocol::jobs::search::{Pattern, Wanted};
use brigade_worker::jobs::search::Matcher;

use super::{
    SearchArgs,
    ask::{self as prompt, Asked, Asker},
    shards::{Outcome, Until},
    tree::Tree,
};
use crate::{
    cli::{Common, Done, Narrator, signals},
    report::{
        Format,
        search::{Ending, SearchReport, Style},
    },
};

/// How often to look whether files have changed.
const LOOK: Duration = Duration::from_millis(200);

/// Has the files held by workers, and asks for each pattern, then for those that the user types.
pub(crate) fn run(args: &SearchArgs, common: &Common) -> anyhow::Result<Done> {
    let began = Instant::now();
    args.check()?;
    for pattern in args.patterns() {
        Matcher::new(&pattern)?;
    }
    let narrator = common.narrator();
    let mut desk = Desk {
        args,
        style: Style {
            format: common.format_or(Format::Lines),
            show: args.show(),
            is_coloured: common.is_coloured(),
            has_context: args.has_context(),
        },
        tree: Tree::load(args, common, &narrator)?,
        limit: common.timeout(),
        narrator,
        found: false,
        faults: 0,
    };
    desk.begin()?;
    desk.all(began)?;
    if args.interactive {
        desk.converse()?;
    } else if args.watch {
        desk.follow()?;
    }
    Ok(desk.close())
}

/// What all patterns together have found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) lines: u64,
    pub(crate) files: u64,
    /// Files that were lost with their workers, so that they were not searched.
    pub(crate) lost: usize,
}

/// Has the files held by workers, and asks for each pattern of the command line so many times; what is found goes to
/// `out`. Ends early on a signal.
pub(crate) fn search(
    args: &SearchArgs,
    rounds: u32,
    common: &Common,
    narrator: &Narrator,
    out: &mut impl Write,
) -> anyhow::Result<Found> {
    let style = Style {
        format: Format::Lines,
        show: args.show(),
        is_coloured: false,
        has_context: args.has_context(),
    };
    let mut tree = Tree::load(args, common, narrator)?;
    let mut found = Found::default();
    let patterns: Vec<Pattern> = args.patterns().collect();
    for pattern in (0..rounds).flat_map(|_| &patterns) {
        let wanted = args.wanted(false);
        let (report, outcome) = ask(&mut tree, pattern, wanted, common.timeout(), style, out)?;
        let (lines, files) = report.counts();
        found.lines += lines;
        found.files += files;
        tree.tell();
        match outcome {
            Outcome::Answered => {}
            Outcome::Unfit(why) => anyhow::bail!("{why}"),
            Outcome::Interrupted => break,
        }
    }
    found.lost = tree.lost();
    tree.close();
    Ok(found)
}

/// Asks for a pattern, and writes what is found.
fn ask<'a>(
    tree: &'a mut Tree<'_>,
    pattern: &'a Pattern,
    wanted: Wanted,
    limit: Option<Duration>,
    style: Style,
    out: &mut impl Write,
) -> anyhow::Result<(SearchReport<'a>, Outcome)> {
    let (shards, paths) = tree.parts();
    let mut report = SearchReport::new(style, pattern, paths);
    let until = Until {
        limit,
        is_over: None,
    };
    let outcome = shards.ask(pattern, wanted, until, |part| {
        report
            .write(&part, out)
            .context("cannot write what was found")
    })?;
    Ok((report, outcome))
}

/// Where questions are answered.
struct Desk<'a> {
    args: &'a SearchArgs,
    style: Style,
    tree: Tree<'a>,
    /// How long an answer may take.
    limit: Option<Duration>,
    narrator: Narrator,
    found: bool,
    /// Patterns that could not be looked for.
    faults: u64,
}

impl Desk<'_> {
    fn begin(&self) -> anyhow::Result<()> {
        SearchReport::begin(self.style, &mut io::stdout().lock())
            .context("cannot write what was found")
    }

    /// Answers for the patterns of the command line. The first answer includes what it took to load.
    fn all(&mut self, began: Instant) -> anyhow::Result<()> {
        let mut began = Some(began);
        for pattern in self.args.patterns() {
            self.answer(&pattern, began.take().unwrap_or_else(Instant::now))?;
            if signals::caught().is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Asks for a pattern and shows what is found.
    fn answer(&mut self, pattern: &Pattern, began: Instant) -> anyhow::Result<()> {
        let out = self.narrator.beside(io::stdout().lock());
        let mut out = BufWriter::with_capacity(64 << 10, out);
        let spans = self.style.is_coloured || self.style.format == Format::Json;
        let wanted = self.args.wanted(spans);
        let (report, outcome) = ask(
            &mut self.tree,
            pattern,
            wanted,
            self.limit,
            self.style,
            &mut out,
        )?;
        let elapsed = began.elapsed();
        let (summary, found) = (report.summary(elapsed), report.found());
        let counts = report.counts();
        if self.args.interactive && outcome != Outcome::Interrupted {
            let ending = Ending {
                unsearched: self.tree.unsearched(),
                error: match &outcome {
                    Outcome::Unfit(why) => Some(why.clone()),
                    _ => None,
                },
            };
            SearchReport::end(self.style, pattern, counts, &ending, elapsed, &mut out)
                .context("cannot write what was found")?;
        }
        out.flush().context("cannot write what was found")?;
        self.narrator.rest();
        self.tree.tell();
        match outcome {
            Outcome::Answered => self.narrator.say(&summary),
            Outcome::Unfit(why) => {
                self.faults += 1;
                self.narrator.say(&format!("error: {why}"));
            }
            Outcome::Interrupted => {}
        }
        self.found |= found;
        Ok(())
    }

    /// Answers what the user types until the end.
    fn converse(&mut self) -> anyhow::Result<()> {
        // Until something is asked, nobody waits.
        self.narrator.rest();
        let mut asker = Asker::start();
        while signals::caught().is_none() {
            match asker.next(LOOK) {
                Asked::Pattern(text) => {
                    let began = Instant::now();
                    self.tree.refresh()?;
                    self.answer(&self.args.pattern(&text), began)?;
                }
                Asked::Help => self.narrator.say(prompt::HELP),
                Asked::End => break,
                Asked::Nothing => {
                    self.tree.refresh()?;
                }
                Asked::Broken(why) => {
                    anyhow::bail!("cannot read what to look for from standard input: {why}")
                }
            }
        }
        Ok(())
    }

    /// Answers again whenever files have changed, until a signal.
    fn follow(&mut self) -> anyhow::Result<()> {
        while signals::caught().is_none() {
            std::thread::sleep(LOOK);
            if self.tree.refresh()? {
                self.all(Instant::now())?;
            }
        }
        Ok(())
    }

    fn close(self) -> Done {
        let faults = self.faults + self.tree.close();
        self.narrator.finish();
        match (faults, self.found) {
            (1.., _) => Done::InPart,
            (0, true) => Done::Well,
            // Who only asked at the prompt has seen what there is.
            (0, false) if self.args.interactive => Done::Well,
            (0, false) => Done::WithNothing,
        }
    }
}
