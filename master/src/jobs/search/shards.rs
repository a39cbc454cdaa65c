//! The shards: resident tasks of a pool, each with a queue of orders of its own, and one queue of answers for all.
//!
//! A shard whose worker dies is begun again by the pool. It says that it is here, and gets all its files and the
//! question that is open anew; what it has answered already is not shown twice.

use std::{sync::Arc, time::Duration};

use brigade::{
    Pool, PoolBuilder,
    queue::{Consumer, Queue, QueueError},
};
use brigade_protocol::jobs::search::{
    Answer, Holdings, Order, Question, Said, SearchShard, Shard, Terms,
};

use super::remote::{Held, Remote};
use crate::cli::{Common, Narrator, signals};

mod question;

pub(super) use question::{Outcome, Until};

/// Orders that may wait in a shard's queue, and answers for us.
const ORDERS: usize = 256;
const ANSWERS: usize = 256;
/// How long to wait for answers at most while there are orders for which a shard has no room.
const SHORT_LOOK: Duration = Duration::from_millis(2);
/// How often the pool begins a shard again: whether it is worth it is judged here, by what the shard gets done.
const RETRIES: u32 = u32::MAX - 1;
/// How long shards may take to end before they are ended.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What happens that the user may want to know.
#[derive(Debug)]
pub(super) enum News {
    /// A shard says what it holds.
    Holds {
        pid: u32,
        /// Of how many files that it was given.
        given: usize,
        holdings: Holdings,
    },
    /// A shard is lost with its files, or has not answered in time.
    Lost {
        shard: usize,
        files: usize,
        why: String,
    },
}

/// All shards.
pub(super) struct Shards {
    pool: Pool,
    remotes: Vec<Remote>,
    /// Kept for ends that are to be opened.
    _queue: Queue<Answer>,
    answers: Consumer<Answer>,
    question: Option<Arc<Question>>,
    asked: u64,
    /// How often in a row a shard may die before it has loaded its files.
    retries: u32,
    news: Vec<News>,
    /// Files that the last answer says nothing of.
    unsearched: usize,
    narrator: Narrator,
}

impl Shards {
    /// Starts a pool with a shard on each of its workers.
    pub(super) fn start(
        pool: PoolBuilder,
        count: usize,
        terms: Terms,
        retries: u32,
        narrator: &Narrator,
    ) -> anyhow::Result<Self> {
        let pool = Common::start(pool.workers(count).retries(RETRIES))?;
        let said = Queue::bounded(ANSWERS)?;
        let mut remotes = Vec::with_capacity(count);
        for number in (0..).take(count) {
            let queue = Queue::bounded(ORDERS)?;
            let shard = Shard {
                number,
                terms,
                orders: queue.consumer_ticket(),
                answers: said.producer_ticket(),
            };
            let mut end = said.producer()?;
            pool.submit::<SearchShard>(shard)?.on_done(move |result| {
                let why = match result {
                    Ok(()) => "its worker has ended the search: rebuild master and worker together"
                        .to_owned(),
                    Err(error) => error.to_string(),
                };
                let said = Said::Lost(why);
                // Nobody may be there any more.
                let _ = end.put(&Answer {
                    shard: number,
                    life: 0,
                    said,
                });
            });
            remotes.push(Remote::new(queue)?);
        }
        Ok(Self {
            pool,
            remotes,
            answers: said.consumer()?,
            _queue: said,
            question: None,
            asked: 0,
            retries,
            news: Vec::new(),
            unsearched: 0,
            narrator: narrator.clone(),
        })
    }

    /// Gives a shard one more file.
    ///
    /// # Errors
    /// When the queues fail.
    pub(super) fn give(&mut self, shard: usize, file: Held) -> Result<(), QueueError> {
        if let Some(remote) = self.remotes.get_mut(shard) {
            remote.files.push(file);
            if remote.order_batch() {
                // Whoever has come up meanwhile may begin.
                self.pump(Duration::ZERO)?;
            }
        }
        Ok(())
    }

    /// Has a file that a shard holds read again.
    pub(super) fn reload(&mut self, shard: usize, file: &Held) {
        if let Some(remote) = self.remotes.get_mut(shard) {
            remote.order(Order::Load(vec![file.file()]));
        }
    }

    /// Has all that was given loaded, and what is held reported.
    pub(super) fn settle(&mut self) {
        for remote in &mut self.remotes {
            remote.order_files();
            remote.order(Order::Report);
        }
    }

    /// Takes in what was said while nothing was asked.
    ///
    /// # Errors
    /// When the queues fail.
    pub(super) fn listen(&mut self) -> Result<(), QueueError> {
        while self.pump(Duration::ZERO)? != Heard::Nothing {}
        Ok(())
    }

    /// Shows how many of the files the shards have taken up. An answer comes soon after the last one.
    fn show_progress(&mut self) {
        let all: usize = self.remotes.iter().map(|remote| remote.files.len()).sum();
        let done: usize = self.remotes.iter_mut().map(Remote::taken).sum();
        let fraction = done as f64 / all.max(1) as f64;
        self.narrator.progress(fraction, done as u64, "files");
    }

    /// How many files the last answer says nothing of.
    pub(super) fn unsearched(&self) -> usize {
        self.unsearched
    }

    /// What has happened since it was last asked.
    pub(super) fn news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// Takes the next answer, if one comes in time.
    fn pump(&mut self, limit: Duration) -> Result<Heard, QueueError> {
        let mut limit = limit;
        for remote in &mut self.remotes {
            if !remote.flush() {
                limit = limit.min(SHORT_LOOK);
            }
        }
        let answer = match self.answers.get_timeout(limit) {
            Ok(answer) => answer,
            Err(QueueError::Empty | QueueError::NobodyThere { .. }) => return Ok(Heard::Nothing),
            Err(error) => return Err(error),
        };
        let shard = answer.shard as usize;
        let Some(remote) = self.remotes.get_mut(shard) else {
            return Ok(Heard::News);
        };
        match answer.said {
            Said::Here { pid } => {
                if remote.begun > self.retries {
                    let times = remote.begun;
                    let why = format!("their worker died {times} times while it loaded them");
                    return Ok(self.lose(shard, why));
                }
                remote.begin(answer.life, pid, self.question.as_deref());
                Ok(Heard::News)
            }
            Said::Lost(why) => Ok(self.lose(shard, why)),
            // From a life that is over.
            _ if remote.life != Some(answer.life) => Ok(Heard::News),
            Said::Holds(holdings) => {
                remote.begun = 0;
                self.news.push(News::Holds {
                    pid: remote.pid,
                    given: remote.files.len(),
                    holdings,
                });
                Ok(Heard::News)
            }
            said => {
                remote.pages += u32::from(matches!(said, Said::Page(..)));
                Ok(Heard::Said(shard, said))
            }
        }
    }

    /// A shard will not come up again.
    fn lose(&mut self, shard: usize, why: String) -> Heard {
        if let Some(remote) = self.remotes.get_mut(shard)
            && !remote.is_lost
        {
            remote.is_lost = true;
            remote.stop();
            self.news.push(News::Lost {
                shard,
                files: remote.files.len(),
                why,
            });
        }
        Heard::Lost(shard)
    }

    /// Has the shards end.
    pub(super) fn stop(mut self) {
        for remote in &mut self.remotes {
            remote.stop();
        }
        drop(self.answers);
        if signals::caught().is_some() {
            return self.pool.terminate();
        }
        if let Err(pool) = self.pool.join_timeout(LAST_WORDS) {
            pool.terminate();
        }
    }
}

/// What came out of the queue of answers.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Nothing,
    /// What concerns no question.
    News,
    Said(usize, Said),
    Lost(usize),
}
