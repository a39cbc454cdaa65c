//! The shards: resident tasks of a pool, each with a queue of orders of its own, and one queue of answers for all.
//!
//! A shard whose worker dies is begun again by the pool. It says that it is here, and gets all its files and the
//! question that is open anew; what it has answered already is not shown twice.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use brigade::{
    Pool, PoolBuilder,
    queue::{Consumer, Queue, QueueError},
};
use brigade_protocol::jobs::search::{
    Answer, File, Holdings, Order, Pattern, Question, Said, SearchShard, Shard, Terms, Wanted,
};

use super::{
    lane::Lane,
    merge::{Merge, Part},
};
use crate::cli::{Common, signals};

/// Orders that may wait in a shard's queue, and answers for us.
const ORDERS: usize = 256;
const ANSWERS: usize = 256;
/// So many pages of a shard, 64 KiB each, may wait to be shown, because those of another come first.
const WINDOW: u32 = 256;
/// How often to look whether the user wants to end.
const LOOK: Duration = Duration::from_millis(50);
/// The same while there are orders for which a shard has no room.
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
    /// A shard is lost with its files.
    Lost { files: usize, why: String },
}

/// All shards.
pub(super) struct Shards {
    pool: Pool,
    lanes: Vec<Lane>,
    /// Kept for ends that are to be opened.
    _queue: Queue<Answer>,
    answers: Consumer<Answer>,
    question: Option<Arc<Question>>,
    asked: u64,
    /// How often in a row a shard may die before it has loaded its files.
    retries: u32,
    news: Vec<News>,
}

/// What became of a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Answered,
    /// Its pattern cannot be looked for, and why.
    Unfit(String),
    /// A signal came first.
    Interrupted,
}

impl Shards {
    /// Starts a pool with a shard on each of its workers.
    pub(super) fn start(
        pool: PoolBuilder,
        count: usize,
        terms: Terms,
        retries: u32,
    ) -> anyhow::Result<Self> {
        let pool = Common::start(pool.workers(count).retries(RETRIES))?;
        let said = Queue::bounded(ANSWERS)?;
        let mut lanes = Vec::with_capacity(count);
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
                    Ok(()) => "it ended too early".to_owned(),
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
            lanes.push(Lane::new(queue)?);
        }
        Ok(Self {
            pool,
            lanes,
            answers: said.consumer()?,
            _queue: said,
            question: None,
            asked: 0,
            retries,
            news: Vec::new(),
        })
    }

    /// Gives a shard one more file.
    ///
    /// # Errors
    /// When the queues fail.
    pub(super) fn give(&mut self, shard: usize, file: File) -> Result<(), QueueError> {
        if let Some(lane) = self.lanes.get_mut(shard) {
            lane.files.push(file);
            if lane.order_batch() {
                // Whoever has come up meanwhile may begin.
                self.pump(Duration::ZERO)?;
            }
        }
        Ok(())
    }

    /// Has a file that a shard holds read again.
    pub(super) fn reload(&mut self, shard: usize, file: File) {
        if let Some(lane) = self.lanes.get_mut(shard) {
            lane.order(Order::Load(vec![file]));
        }
    }

    /// Has all that was given loaded, and what is held reported.
    pub(super) fn settle(&mut self) {
        for lane in &mut self.lanes {
            lane.order_files();
            lane.order(Order::Report);
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

    /// What has happened since it was last asked.
    pub(super) fn news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// Asks all shards, and hands over what they answer in the order of the files, as it comes. Ends early on a
    /// signal, and without those that have not answered within `limit`.
    ///
    /// # Errors
    /// What `show` returns, or when the queues fail.
    pub(super) fn ask<E: From<QueueError>>(
        &mut self,
        pattern: &Pattern,
        wanted: Wanted,
        limit: Option<Duration>,
        mut show: impl FnMut(Part) -> Result<(), E>,
    ) -> Result<Outcome, E> {
        let began = Instant::now();
        let (mut merge, number) = self.put_question(pattern, wanted);
        let mut outcome = Outcome::Answered;
        while !merge.is_over() {
            if signals::caught().is_some() {
                outcome = Outcome::Interrupted;
                break;
            }
            match self.pump(LOOK)? {
                Heard::Said(shard, Said::Page(to, page)) if to == number => {
                    merge.page(shard, page);
                }
                Heard::Said(shard, Said::Done(to)) if to == number => merge.done(shard),
                Heard::Said(_, Said::Unfit(to, why)) if to == number => {
                    outcome = Outcome::Unfit(why);
                }
                Heard::Lost(shard) => merge.done(shard),
                _ if limit.is_some_and(|limit| began.elapsed() >= limit) => {
                    self.give_up_on(&mut merge, limit.unwrap_or_default());
                }
                _ => continue,
            }
            while let Some(part) = merge.next() {
                show(part)?;
            }
            self.grant(&merge, number);
        }
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
        let mut merge = Merge::new(self.lanes.len());
        for (shard, lane) in self.lanes.iter_mut().enumerate() {
            if lane.is_lost {
                merge.done(shard);
            } else {
                lane.ask(question.clone());
            }
        }
        self.question = Some(Arc::new(question));
        (merge, self.asked)
    }

    /// Lets those send more of whom all is shown.
    fn grant(&mut self, merge: &Merge, question: u64) {
        for (shard, lane) in self.lanes.iter_mut().enumerate() {
            if lane.pages >= WINDOW / 2 && merge.is_shown(shard) {
                let pages = std::mem::take(&mut lane.pages);
                lane.order(Order::More { question, pages });
            }
        }
    }

    /// Those that have not answered are not waited for any more.
    fn give_up_on(&mut self, merge: &mut Merge, limit: Duration) {
        for (shard, lane) in self.lanes.iter_mut().enumerate() {
            if !merge.is_done(shard) {
                merge.done(shard);
                lane.order(Order::Enough {
                    question: self.asked,
                });
                self.news.push(News::Lost {
                    files: lane.files.len(),
                    why: format!(
                        "their worker (pid {}) has not answered in {limit:?}",
                        lane.pid
                    ),
                });
            }
        }
    }

    /// Takes the next answer, if one comes in time.
    fn pump(&mut self, limit: Duration) -> Result<Heard, QueueError> {
        let mut limit = limit;
        for lane in &mut self.lanes {
            if !lane.flush() {
                limit = limit.min(SHORT_LOOK);
            }
        }
        let answer = match self.answers.get_timeout(limit) {
            Ok(answer) => answer,
            Err(QueueError::Empty | QueueError::NobodyThere { .. }) => return Ok(Heard::Nothing),
            Err(error) => return Err(error),
        };
        let shard = answer.shard as usize;
        let Some(lane) = self.lanes.get_mut(shard) else {
            return Ok(Heard::News);
        };
        match answer.said {
            Said::Here { pid } => {
                if lane.begun > self.retries {
                    let times = lane.begun;
                    let why = format!("their worker died {times} times while it loaded them");
                    return Ok(self.lose(shard, why));
                }
                lane.begin(answer.life, pid, self.question.as_deref());
                Ok(Heard::News)
            }
            Said::Lost(why) => Ok(self.lose(shard, why)),
            // From a life that is over.
            _ if lane.life != Some(answer.life) => Ok(Heard::News),
            Said::Holds(holdings) => {
                lane.begun = 0;
                self.news.push(News::Holds {
                    pid: lane.pid,
                    given: lane.files.len(),
                    holdings,
                });
                Ok(Heard::News)
            }
            said => {
                lane.pages += u32::from(matches!(said, Said::Page(..)));
                Ok(Heard::Said(shard, said))
            }
        }
    }

    /// A shard will not come up again.
    fn lose(&mut self, shard: usize, why: String) -> Heard {
        if let Some(lane) = self.lanes.get_mut(shard)
            && !lane.is_lost
        {
            lane.is_lost = true;
            lane.stop();
            self.news.push(News::Lost {
                files: lane.files.len(),
                why,
            });
        }
        Heard::Lost(shard)
    }

    /// Has the shards end.
    pub(super) fn stop(mut self) {
        for lane in &mut self.lanes {
            lane.stop();
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
