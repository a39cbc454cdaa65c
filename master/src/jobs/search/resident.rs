//! A tree that is held for others to ask: counts and lines, without any output.

use std::{cell::Cell, path::Path, sync::Arc};

use brigade::queue::QueueError;
use brigade_protocol::jobs::search::{Page, Pattern, Wanted};
use serde::Serialize;

use super::{
    Part, SearchArgs,
    shards::{Outcome, Until},
    tree::Tree,
};
use crate::cli::{Common, Narrator};

/// A line is cut to so many bytes.
const LONGEST: u32 = 400;

/// A line that matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Hit {
    pub(crate) path: String,
    pub(crate) line: u64,
    pub(crate) text: String,
    /// Where the matches are, in bytes of the line: first, and after the last. None where the line is no UTF-8.
    pub(crate) matches: Vec<(usize, usize)>,
}

/// The files of a search, and whom to ask about them.
pub(crate) struct Resident<'a> {
    tree: Tree<'a>,
}

impl<'a> Resident<'a> {
    /// Finds the files and has workers load them.
    pub(crate) fn load(
        args: &'a SearchArgs,
        common: &Common,
        narrator: &Narrator,
    ) -> anyhow::Result<Self> {
        let mut tree = Tree::load(args, common, narrator)?;
        tree.tell();
        Ok(Self { tree })
    }

    /// Has read again what has changed, and tells what happened to the workers.
    pub(crate) fn refresh(&mut self) -> anyhow::Result<()> {
        self.tree.refresh()?;
        self.tree.tell();
        Ok(())
    }

    /// How many lines of each file match, file by file, while somebody waits; or why it cannot be looked for.
    pub(crate) fn count(
        &mut self,
        pattern: &Pattern,
        is_over: &dyn Fn() -> bool,
        mut tell: impl FnMut(u64),
    ) -> Result<Result<(), String>, QueueError> {
        let until = Until {
            limit: None,
            is_over: Some(is_over),
        };
        let (shards, _) = self.tree.parts();
        let outcome = shards.ask(pattern, Wanted::Counts, until, |part| {
            if let Part::Count { lines, .. } = part {
                tell(lines);
            }
            Ok::<(), QueueError>(())
        })?;
        Ok(match outcome {
            Outcome::Answered | Outcome::Interrupted => Ok(()),
            Outcome::Unfit(why) => Err(why),
        })
    }

    /// The lines that match, in the order of the files, as long as somebody waits and `tell` wants more.
    pub(crate) fn lines(
        &mut self,
        pattern: &Pattern,
        is_over: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(Hit) -> bool,
    ) -> Result<(), QueueError> {
        let wanted = Wanted::Lines {
            before: 0,
            after: 0,
            spans: true,
            longest: LONGEST,
        };
        let is_enough = Cell::new(false);
        let is_over = || is_enough.get() || is_over();
        let until = Until {
            limit: None,
            is_over: Some(&is_over),
        };
        let (shards, paths) = self.tree.parts();
        shards.ask(pattern, wanted, until, |part| {
            if let Part::Lines(page, range) = part {
                for at in range {
                    if is_enough.get() {
                        break;
                    }
                    if let Some(hit) = hit(&page, at, paths) {
                        is_enough.set(!tell(hit));
                    }
                }
            }
            Ok::<(), QueueError>(())
        })?;
        Ok(())
    }

    /// Ends the workers.
    pub(crate) fn close(self) {
        self.tree.close();
    }
}

/// A line of a page.
fn hit(page: &Page, at: usize, paths: &[Arc<Path>]) -> Option<Hit> {
    let line = page.lines.get(at)?;
    let before = at.checked_sub(1).and_then(|before| page.lines.get(before));
    let start = before.map_or(0, |before| before.end as usize);
    let bytes = page.text.get(start..line.end as usize)?;
    let first_span = before.map_or(0, |before| before.spans as usize);
    let spans = page.spans.get(first_span..line.spans as usize)?;
    let (mut text, matches) = match std::str::from_utf8(bytes) {
        Ok(text) => {
            let is_whole = |&(from, to): &(usize, usize)| text.get(from..to).is_some();
            let spans = spans.iter().map(|&(from, to)| (from as usize, to as usize));
            (text.to_owned(), spans.filter(is_whole).collect())
        }
        Err(_) => (String::from_utf8_lossy(bytes).into_owned(), Vec::new()),
    };
    if line.cut > 0 {
        text.push('…');
    }
    let path = paths.get(line.file as usize)?.display().to_string();
    Some(Hit {
        path,
        line: line.number,
        text,
        matches,
    })
}
