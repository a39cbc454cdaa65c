//! A question to all shards, until it is answered.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use brigade::queue::QueueError;
use brigade_protocol::jobs::search::{Order, Pattern, Question, Said, Wanted};

use super::{
    super::merge::{Merge, Part},
    Heard, News, Shards,
};
use crate::cli::signals;

/// So many pages of a shard, 64 KiB each, may wait to be shown, because those of another come first.
const WINDOW: u32 = 256;
/// How often to look whether the user wants to end.
const LOOK: Duration = Duration::from_millis(50);

/// What became of a question.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Outcome {
    Answered,
    /// Its pattern cannot be looked for, and why.
    Unfit(String),
    /// Nobody wants to know any more: a signal came first, or whoever asked has gone.
    Interrupted,
}

/// How long an answer is waited for.
#[derive(Clone, Copy, Default)]
pub(in super::super) struct Until<'a> {
    /// Shards that have not answered within this time are done without.
    pub(in super::super) limit: Option<Duration>,
    /// Whether nobody waits any more; a signal says so in any case.
    pub(in super::super) is_over: Option<&'a dyn Fn() -> bool>,
}

impl Until<'_> {
    fn is_over(&self) -> bool {
        signals::caught().is_some() || self.is_over.is_some_and(|is_over| is_over())
    }
}

impl Shards {
    /// Asks all shards, and hands over what they answer in the order of the files, as it comes, until it is there or
    /// nobody waits for it any more.
    ///
    /// # Errors
    /// What `show` returns, or when the queues fail.
    pub(in super::super) fn ask<E: From<QueueError>>(
        &mut self,
        pattern: &Pattern,
        wanted: Wanted,
        until: Until<'_>,
        mut show: impl FnMut(Part) -> Result<(), E>,
    ) -> Result<Outcome, E> {
        let began = Instant::now();
        let (mut merge, number) = self.put_question(pattern, wanted);
        let is_silent = |shard: &usize| merge.is_done(*shard);
        let mut silent: BTreeSet<usize> = (0..self.remotes.len()).filter(is_silent).collect();
        let mut outcome = Outcome::Answered;
        while !merge.is_over() {
            if until.is_over() {
                self.stop_asking(&merge);
                outcome = Outcome::Interrupted;
                break;
            }
            self.show_progress();
            match self.pump(LOOK)? {
                Heard::Said(shard, Said::Page(to, page)) if to == number => {
                    merge.page(shard, page);
                }
                Heard::Said(shard, Said::Done(to)) if to == number => merge.done(shard),
                Heard::Said(_, Said::Unfit(to, why)) if to == number => {
                    outcome = Outcome::Unfit(why);
                }
                Heard::Lost(shard) if merge.is_done(shard) => continue,
                Heard::Lost(shard) => {
                    silent.insert(shard);
                    merge.done(shard);
                }
                _ if until.limit.is_some_and(|limit| began.elapsed() >= limit) => {
                    silent.extend(self.give_up_on(&mut merge, until.limit.unwrap_or_default()));
                }
                _ => continue,
            }
            while let Some(part) = merge.next() {
                show(part)?;
            }
            self.grant(&merge, number);
        }
        self.show_progress();
        let silent = silent.iter().filter_map(|shard| self.remotes.get(*shard));
        self.unsearched = silent.map(|remote| remote.files.len()).sum();
        self.question = None;
        Ok(outcome)
    }

    fn put_question(&mut self, pattern: &Pattern, wanted: Wanted) -> (Merge, u64) {
        self.asked += 1;
        let question = Question {
            number: self.asked,
            pattern: pattern.clone(),
            wanted,
            window: WINDOW,
        };
        let mut merge = Merge::new(self.remotes.len());
        for (shard, remote) in self.remotes.iter_mut().enumerate() {
            if remote.is_lost {
                merge.done(shard);
            } else {
                remote.ask(question.clone());
            }
        }
        self.question = Some(Arc::new(question));
        (merge, self.asked)
    }

    /// Lets those send more of whom all is shown.
    fn grant(&mut self, merge: &Merge, question: u64) {
        for (shard, remote) in self.remotes.iter_mut().enumerate() {
            if remote.pages >= WINDOW / 2 && merge.is_shown(shard) {
                let pages = std::mem::take(&mut remote.pages);
                remote.order(Order::More { question, pages });
            }
        }
    }

    /// Those that have not answered need not go on.
    fn stop_asking(&mut self, merge: &Merge) {
        let question = self.asked;
        for (shard, remote) in self.remotes.iter_mut().enumerate() {
            if !merge.is_done(shard) {
                remote.order(Order::Enough { question });
            }
        }
    }

    /// Those that have not answered are not waited for any more. Returns which these are.
    fn give_up_on(&mut self, merge: &mut Merge, limit: Duration) -> Vec<usize> {
        let mut silent = Vec::new();
        for (shard, remote) in self.remotes.iter_mut().enumerate() {
            if !merge.is_done(shard) {
                merge.done(shard);
                silent.push(shard);
                remote.order(Order::Enough {
                    question: self.asked,
                });
                // One that has not come up yet has none.
                let pid = match remote.pid {
                    0 => String::new(),
                    pid => format!(" (pid {pid})"),
                };
                self.news.push(News::Lost {
                    shard,
                    files: remote.files.len(),
                    why: format!("their worker{pid} has not answered in {limit:?}"),
                });
            }
        }
        silent
    }
}
