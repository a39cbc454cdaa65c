//! Puts the pages of all shards into one order, that of the files, as far as it is certain. No input, no output.

use std::{collections::VecDeque, ops::Range, sync::Arc};

use brigade_protocol::jobs::search::Page;

/// Something to be shown, next in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Lines of one file.
    Lines(Arc<Page>, Range<usize>),
    /// A file with the number of its lines that match; after its lines.
    Count { file: u32, lines: u64 },
}

/// What came of one shard and is not shown yet.
#[derive(Debug, Default)]
struct Shard {
    parts: VecDeque<(u32, Part)>,
    /// All files up to this number are answered for.
    through: Option<u32>,
    is_done: bool,
    /// The last line that came: a shard that was begun again says all anew.
    last_line: Option<(u32, u64)>,
    last_count: Option<u32>,
}

/// The answers to one question.
#[derive(Debug)]
pub(super) struct Merge {
    shards: Vec<Shard>,
}

impl Merge {
    pub(super) fn new(shards: usize) -> Self {
        Self {
            shards: (0..shards).map(|_| Shard::default()).collect(),
        }
    }

    /// Takes in a page of a shard. What came before already is left out.
    pub(super) fn page(&mut self, shard: usize, page: Page) {
        let Some(shard) = self.shards.get_mut(shard) else {
            return;
        };
        let page = Arc::new(page);
        let mut counts = page.counts.iter().peekable();
        let mut start = 0;
        for run in page.lines.chunk_by(|one, other| one.file == other.file) {
            let file = run[0].file;
            while let Some((earlier, lines)) = counts.next_if(|(counted, _)| *counted < file) {
                shard.count(*earlier, *lines);
            }
            let seen = run
                .iter()
                .take_while(|line| shard.last_line >= Some((file, line.number)))
                .count();
            let end = start + run.len();
            if seen < run.len() {
                let part = Part::Lines(Arc::clone(&page), start + seen..end);
                shard.parts.push_back((file, part));
                shard.last_line = run.last().map(|line| (file, line.number));
            }
            start = end;
        }
        for (file, lines) in counts {
            shard.count(*file, *lines);
        }
        shard.through = shard.through.max(page.through);
    }

    /// A shard has answered, or never will.
    pub(super) fn done(&mut self, shard: usize) {
        if let Some(shard) = self.shards.get_mut(shard) {
            shard.is_done = true;
        }
    }

    /// Whether a shard has answered, or never will.
    pub(super) fn is_done(&self, shard: usize) -> bool {
        self.shards.get(shard).is_none_or(|shard| shard.is_done)
    }

    /// Whether all that came of a shard was handed out.
    pub(super) fn is_shown(&self, shard: usize) -> bool {
        self.shards
            .get(shard)
            .is_none_or(|shard| shard.parts.is_empty())
    }

    /// Whether all have answered.
    pub(super) fn is_over(&self) -> bool {
        self.shards.iter().all(|shard| shard.is_done)
    }

    /// What is next in order, if it is certain that nothing comes before it.
    pub(super) fn next(&mut self) -> Option<Part> {
        let heads = self.shards.iter().enumerate();
        let (file, first) = heads
            .filter_map(|(at, shard)| Some((shard.parts.front()?.0, at)))
            .min()?;
        let is_certain =
            |shard: &Shard| shard.is_done || !shard.parts.is_empty() || shard.through >= Some(file);
        let mut others = self.shards.iter();
        if !others.all(is_certain) {
            return None;
        }
        self.shards[first].parts.pop_front().map(|(_, part)| part)
    }
}

impl Shard {
    fn count(&mut self, file: u32, lines: u64) {
        if self.last_count < Some(file) {
            self.last_count = Some(file);
            self.parts.push_back((file, Part::Count { file, lines }));
        }
    }
}

#[cfg(test)]
mod tests {
    use brigade_protocol::jobs::search::Line;

    use super::*;

    fn page(lines: &[(u32, u64)], counts: &[(u32, u64)], through: Option<u32>) -> Page {
        let line = |&(file, number)| Line {
            file,
            number,
            is_match: true,
            end: 0,
            cut: 0,
            spans: 0,
        };
        Page {
            lines: lines.iter().map(line).collect(),
            counts: counts.to_vec(),
            through,
            ..Page::default()
        }
    }

    /// What can be shown, as `file:line` and `file=count`.
    fn shown(merge: &mut Merge) -> String {
        let mut all = Vec::new();
        while let Some(part) = merge.next() {
            match part {
                Part::Lines(page, range) => all.extend(
                    page.lines[range]
                        .iter()
                        .map(|line| format!("{}:{}", line.file, line.number)),
                ),
                Part::Count { file, lines } => all.push(format!("{file}={lines}")),
            }
        }
        all.join(" ")
    }

    #[test]
    fn files_come_in_order_whoever_is_first() {
        let mut merge = Merge::new(2);
        merge.page(1, page(&[(1, 5), (3, 1)], &[(1, 1), (3, 1)], Some(5)));
        assert_eq!(shown(&mut merge), "", "file 0 may come yet");
        merge.page(0, page(&[(0, 1), (2, 7)], &[(0, 1)], Some(0)));
        assert_eq!(shown(&mut merge), "0:1 0=1 1:5 1=1 2:7");
        merge.page(0, page(&[(2, 9)], &[(2, 2)], Some(4)));
        assert_eq!(shown(&mut merge), "2:9 2=2 3:1 3=1");
        assert!(!merge.is_over());
        merge.done(0);
        merge.done(1);
        assert!(merge.is_over());
    }

    #[test]
    fn a_shard_that_begins_again_says_nothing_twice() {
        let mut merge = Merge::new(1);
        merge.page(0, page(&[(0, 1), (0, 4)], &[], None));
        assert_eq!(shown(&mut merge), "0:1 0:4");
        merge.page(0, page(&[(0, 1), (0, 4), (0, 6)], &[(0, 3)], Some(0)));
        assert_eq!(shown(&mut merge), "0:6 0=3");
        merge.page(0, page(&[(0, 6), (1, 1)], &[(0, 3), (1, 1)], Some(1)));
        assert_eq!(shown(&mut merge), "1:1 1=1");
    }

    #[test]
    fn who_is_lost_holds_nobody_up() {
        let mut merge = Merge::new(2);
        merge.page(0, page(&[], &[(8, 2)], Some(9)));
        assert_eq!(shown(&mut merge), "");
        merge.done(1);
        assert_eq!(shown(&mut merge), "8=2");
    }
}
