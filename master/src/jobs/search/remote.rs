//! One of the shards as seen from here: what it is to hold, and the orders on their way to it.

use std::{collections::VecDeque, os::unix::ffi::OsStrExt, path::Path, sync::Arc};

use brigade::queue::{Producer, Queue, QueueError};
use brigade_protocol::jobs::search::{File, Order, Question};
use serde_bytes::ByteBuf;

/// So many files are ordered to be loaded together.
const BATCH: usize = 64;

/// A file that a shard is to hold.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) number: u32,
    pub(super) path: Arc<Path>,
    /// Its size when it was found.
    pub(super) bytes: u64,
}

impl Held {
    /// As it is ordered.
    pub(super) fn file(&self) -> File {
        File {
            number: self.number,
            path: ByteBuf::from(self.path.as_os_str().as_bytes()),
            bytes: self.bytes,
        }
    }
}

/// One of the shards.
pub(super) struct Remote {
    /// Kept for ends that are to be opened: a shard that is begun again opens its own anew.
    _queue: Queue<Order>,
    orders: Producer<Order>,
    /// Orders for which there was no room yet. Whoever waits here for room could not take answers meanwhile, and
    /// the shard could not go on.
    waiting: VecDeque<Order>,
    /// All that it is to hold.
    pub(super) files: Vec<Held>,
    /// How many of them were ordered.
    ordered: usize,
    /// How many orders were put into the queue, and which of them were to load how many files, until they are taken out.
    put: usize,
    loads: VecDeque<(usize, usize)>,
    /// How many files were in orders that the shard has taken.
    taken: usize,
    pub(super) life: Option<u64>,
    pub(super) pid: u32,
    /// How often it was begun without having loaded its files since.
    pub(super) begun: u32,
    /// Pages that came since more were granted.
    pub(super) pages: u32,
    pub(super) is_lost: bool,
}

impl Remote {
    pub(super) fn new(queue: Queue<Order>) -> Result<Self, QueueError> {
        Ok(Self {
            orders: queue.producer()?,
            _queue: queue,
            waiting: VecDeque::new(),
            files: Vec::new(),
            ordered: 0,
            put: 0,
            loads: VecDeque::new(),
            taken: 0,
            life: None,
            pid: 0,
            begun: 0,
            pages: 0,
            is_lost: false,
        })
    }

    /// A shard that has just come up, maybe not for the first time, gets all that it needs.
    pub(super) fn begin(&mut self, life: u64, pid: u32, question: Option<&Question>) {
        (self.life, self.pid) = (Some(life), pid);
        self.begun += 1;
        self.waiting.clear();
        self.order(Order::Begin { life });
        (self.ordered, self.taken) = (0, 0);
        self.loads.clear();
        self.order_files();
        self.order(Order::Report);
        if let Some(question) = question {
            self.ask(question.clone());
        }
    }

    /// What was ordered before is not wanted any more.
    pub(super) fn stop(&mut self) {
        self.waiting.clear();
        self.order(Order::Stop);
    }

    pub(super) fn ask(&mut self, question: Question) {
        self.pages = 0;
        self.order(Order::Ask(question));
    }

    /// Has what was given and not ordered yet loaded.
    pub(super) fn order_files(&mut self) {
        // Before the shard is up it would not listen.
        if self.life.is_none() {
            return;
        }
        for files in self.files[self.ordered..].chunks(BATCH) {
            let files = files.iter().map(Held::file).collect();
            self.waiting.push_back(Order::Load(files));
        }
        self.ordered = self.files.len();
        self.flush();
    }

    /// The same once there are enough of them; whether there were.
    pub(super) fn order_batch(&mut self) -> bool {
        let is_enough = self.files.len() - self.ordered >= BATCH;
        if is_enough {
            self.order_files();
        }
        is_enough
    }

    /// How many of the files the shard has begun to load.
    pub(super) fn taken(&mut self) -> usize {
        if self.is_lost {
            return self.files.len();
        }
        let taken = self.put.saturating_sub(self.orders.len());
        while let Some((_, files)) = self.loads.pop_front_if(|(order, _)| *order <= taken) {
            self.taken += files;
        }
        self.taken.min(self.files.len())
    }

    pub(super) fn order(&mut self, order: Order) {
        self.waiting.push_back(order);
        self.flush();
    }

    /// Puts what waits into the queue as far as there is room; whether that was all.
    pub(super) fn flush(&mut self) -> bool {
        while let Some(order) = self.waiting.front() {
            if self.orders.try_put(order) == Err(QueueError::Full) {
                return false;
            }
            self.put += 1;
            if let Order::Load(files) = order {
                self.loads.push_back((self.put, files.len()));
            }
            // A shard that is dead gets everything anew when it comes up again.
            self.waiting.pop_front();
        }
        true
    }
}
