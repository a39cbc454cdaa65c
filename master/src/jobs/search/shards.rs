//! The shards: resident tasks of a pool, each with a queue of orders of its own, and one queue of answers for all.
//!
//! A shard whose worker dies is begun again by the pool. It says that it is here, and gets all its files and the
//! question that is open anew; what it has answered already is not shown twice.

use std::{sync::Arc, time::Duration};

use brigade::{
    Pool, PoolBuilder,
    queue::{Consumer, Producer, Queue, QueueError},
};
use brigade_protocol::jobs::search::{
    Answer, File, Holdings, Order, Pattern, Question, Said, SearchShard, Shard, Terms, Wanted,
};

use super::merge::{Merge, Part};
use crate::cli::{Common, signals};

/// Orders that may wait for a shard, and answers for us.
const ORDERS: usize = 256;
const ANSWERS: usize = 64;
/// So many files are ordered to be loaded together.
const BATCH: usize = 64;
/// How often to look whether the user wants to end.
const LOOK: Duration = Duration::from_millis(50);
/// How often the pool begins a shard again, when the user does not say.
const RETRIES: u32 = 1000;

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

/// One of the shards as seen from here.
struct Lane {
    /// Kept for ends that are to be opened: a shard that is begun again opens its own anew.
    _queue: Queue<Order>,
    orders: Producer<Order>,
    /// All that it is to hold.
    files: Vec<File>,
    /// What of it was not ordered yet.
    ordered: usize,
    life: Option<u64>,
    pid: u32,
    is_lost: bool,
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
    news: Vec<News>,
}

impl Shards {
    /// Starts a pool with a shard on each of its workers.
    pub(super) fn start(pool: PoolBuilder, count: usize, terms: Terms) -> anyhow::Result<Self> {
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
            lanes.push(Lane {
                orders: queue.producer()?,
                _queue: queue,
                files: Vec::new(),
                ordered: 0,
                life: None,
                pid: 0,
                is_lost: false,
            });
        }
        Ok(Self {
            pool,
            lanes,
            answers: said.consumer()?,
            _queue: said,
            question: None,
            asked: 0,
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
            if lane.files.len() - lane.ordered >= BATCH {
                lane.order_files();
                // Whoever has come up meanwhile may begin.
                self.pump(Duration::ZERO)?;
            }
        }
        Ok(())
    }

    /// Has files that a shard holds read again.
    pub(super) fn reload(&mut self, shard: usize, file: File) {
        if let Some(lane) = self.lanes.get_mut(shard) {
            lane.order(&Order::Load(vec![file]));
        }
    }

    /// Has all that was given loaded, and what is held reported.
    pub(super) fn settle(&mut self) {
        for lane in &mut self.lanes {
            lane.order_files();
            lane.order(&Order::Report);
        }
    }

    /// What has happened since it was last asked.
    pub(super) fn news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// Asks all shards, and hands over what they answer in the order of the files, as it comes. Ends early on a
    /// signal.
    ///
    /// # Errors
    /// What `show` returns, or when the queues fail.
    pub(super) fn ask<E: From<QueueError>>(
        &mut self,
        pattern: &Pattern,
        wanted: Wanted,
        mut show: impl FnMut(Part) -> Result<(), E>,
    ) -> Result<(), E> {
        self.asked += 1;
        let question = Arc::new(Question {
            number: self.asked,
            pattern: pattern.clone(),
            wanted,
        });
        let order = Order::Ask(Question::clone(&question));
        let mut merge = Merge::new(self.lanes.len());
        for (shard, lane) in self.lanes.iter_mut().enumerate() {
            if lane.is_lost {
                merge.done(shard);
            } else {
                lane.order(&order);
            }
        }
        self.question = Some(Arc::clone(&question));
        while !merge.is_over() && signals::caught().is_none() {
            match self.pump(LOOK)? {
                Some((shard, Said::Page(number, page))) if number == question.number => {
                    merge.page(shard, page);
                }
                Some((shard, Said::Done(number))) if number == question.number => {
                    merge.done(shard);
                }
                Some((shard, Said::Lost(_))) => merge.done(shard),
                _ => continue,
            }
            while let Some(part) = merge.next() {
                show(part)?;
            }
        }
        self.question = None;
        Ok(())
    }

    /// Takes the next answer, if one comes in time.
    fn pump(&mut self, limit: Duration) -> Result<Option<(usize, Said)>, QueueError> {
        let answer = match self.answers.get_timeout(limit) {
            Ok(answer) => answer,
            Err(QueueError::Empty | QueueError::NobodyThere { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let shard = answer.shard as usize;
        let Some(lane) = self.lanes.get_mut(shard) else {
            return Ok(None);
        };
        match answer.said {
            Said::Here { pid } => {
                lane.begin(answer.life, pid, self.question.as_deref());
                return Ok(None);
            }
            Said::Lost(ref why) => {
                lane.is_lost = true;
                self.news.push(News::Lost {
                    files: lane.files.len(),
                    why: why.clone(),
                });
            }
            // From a life that is over.
            _ if lane.life != Some(answer.life) => return Ok(None),
            Said::Holds(holdings) => {
                self.news.push(News::Holds {
                    pid: lane.pid,
                    given: lane.files.len(),
                    holdings,
                });
                return Ok(None);
            }
            Said::Page(..) | Said::Done(_) => {}
        }
        Ok(Some((shard, answer.said)))
    }

    /// Has the shards end.
    pub(super) fn stop(mut self) {
        for lane in &mut self.lanes {
            lane.order(&Order::Stop);
        }
        drop(self.answers);
        self.pool.join();
    }
}

impl Lane {
    /// A shard that has just come up, maybe not for the first time, gets all that it needs.
    fn begin(&mut self, life: u64, pid: u32, question: Option<&Question>) {
        (self.life, self.pid) = (Some(life), pid);
        self.order(&Order::Begin { life });
        self.ordered = 0;
        self.order_files();
        self.order(&Order::Report);
        if let Some(question) = question {
            self.order(&Order::Ask(question.clone()));
        }
    }

    /// Has what was given and not ordered yet loaded.
    fn order_files(&mut self) {
        // Before the shard is up it would not listen.
        if self.life.is_none() {
            return;
        }
        for files in self.files[self.ordered..].chunks(BATCH) {
            // What is not taken is given again when the shard comes up again.
            let _ = self.orders.put(&Order::Load(files.to_vec()));
        }
        self.ordered = self.files.len();
    }

    fn order(&mut self, order: &Order) {
        let _ = self.orders.put(order);
    }
}
