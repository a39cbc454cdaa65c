//! What the master knows of its tasks: who waits, what is on its way, what is done. No I/O.

mod parcels;
mod reports;
#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, VecDeque},
    thread::Thread,
    time::{Duration, Instant},
};

use super::{
    super::wire::{Print, print},
    pieces::Pieces,
};
use crate::pool::{
    Stats, TaskError,
    internals::{Output, Payload, Sink, TaskRef, Terms, Wakes},
};

/// Tasks wait for company for no longer than this.
pub(super) const LINGER: Duration = Duration::from_millis(10);

/// Inputs of a chunk take no more than this, unless it is a single one.
const CHUNK_BYTES: usize = 256 << 10;

/// A task that waits to be sent.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) id: u64,
    pub(super) kind: usize,
    pub(super) terms: Terms,
    pub(super) input: Payload,
    pub(super) sink: Sink,
}

/// A chunk that was sent, until all its tasks have their outcome.
#[derive(Debug)]
pub(super) struct Sent {
    attempt: u32,
    kind: usize,
    terms: Terms,
    /// A sink is there until its task is done.
    sinks: Vec<Option<(u64, Sink)>>,
    left: usize,
    inputs: Vec<u8>,
    pub(super) is_published: bool,
    pub(super) at: Instant,
}

/// A message for the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parcel {
    pub(super) chunk: u64,
    pub(super) attempt: u32,
    pub(super) bytes: Vec<u8>,
}

#[derive(Debug)]
struct Kind {
    name: &'static str,
    /// What a task takes, as hosts have told.
    cost_ns: Option<f64>,
}

#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own: resumed, closed, ended, over"
)]
pub(super) struct State {
    /// Tells this master from one that was resumed.
    pub(super) master: u64,
    result_limit_bytes: u64,
    kinds: Vec<Kind>,
    waiting: BTreeMap<Reverse<i32>, VecDeque<Waiting>>,
    waiting_count: usize,
    waiting_since: Option<Instant>,
    pub(super) chunks: BTreeMap<u64, Sent>,
    next_chunk: u64,
    pieces: Pieces,
    /// What earlier masters of this job have come to know.
    known: HashMap<Print, Vec<u8>>,
    /// Where a task is that an earlier master may have sent as well; empty for a new job.
    places: HashMap<Print, (u64, usize)>,
    pub(super) is_resumed: bool,
    /// The largest input that a message has room for.
    pub(super) max_input_bytes: usize,
    /// Workers of all hosts.
    pub(super) slots: usize,
    pub(super) is_closed: bool,
    pub(super) is_ended: bool,
    pub(super) is_over: bool,
    pub(super) broken: Option<String>,
    pub(super) stats: Stats,
    /// When the last outcome came.
    pub(super) last_news: Instant,
    pub(super) onlookers: Vec<Thread>,
}

impl State {
    pub(super) fn new(master: u64, result_limit_bytes: u64) -> Self {
        Self {
            master,
            result_limit_bytes,
            kinds: Vec::new(),
            waiting: BTreeMap::new(),
            waiting_count: 0,
            waiting_since: None,
            chunks: BTreeMap::new(),
            next_chunk: 0,
            pieces: Pieces::default(),
            known: HashMap::new(),
            places: HashMap::new(),
            is_resumed: false,
            max_input_bytes: CHUNK_BYTES,
            slots: 0,
            is_closed: false,
            is_ended: false,
            is_over: false,
            broken: None,
            stats: Stats::default(),
            last_news: Instant::now(),
            onlookers: Vec::new(),
        }
    }

    pub(super) fn kind(&mut self, name: &'static str) -> usize {
        let at = self.kinds.iter().position(|kind| kind.name == name);
        at.unwrap_or_else(|| {
            let cost_ns = None;
            self.kinds.push(Kind { name, cost_ns });
            self.kinds.len() - 1
        })
    }

    fn kind_name(&self, kind: usize) -> &'static str {
        self.kinds.get(kind).map_or("", |kind| kind.name)
    }

    /// Takes a task in, unless an earlier master knows what comes of it.
    pub(super) fn submit(
        &mut self,
        kind: usize,
        input: Payload,
        sink: Sink,
        terms: Terms,
        wakes: &mut Wakes,
    ) -> TaskRef {
        let id = self.stats.submitted;
        self.stats.submitted += 1;
        if !self.known.is_empty()
            && let Some(output) = self.known.get(&print(self.kind_name(kind), &input))
        {
            let output = Output::Bytes(Payload::from_slice(output));
            self.stats.finished += 1;
            sink.deliver(Ok(output), wakes);
        } else if input.len() > self.max_input_bytes {
            self.stats.lost += 1;
            let error = TaskError::Input {
                error: brigade_protocol::frame::AppendError::TooLong {
                    bytes: input.len(),
                    limit: self.max_input_bytes,
                },
                input_index: None,
            };
            sink.deliver(Err(Box::new(error)), wakes);
        } else {
            let task = Waiting {
                id,
                kind,
                terms,
                input,
                sink,
            };
            let level = self.waiting.entry(Reverse(terms.priority)).or_default();
            level.push_back(task);
            self.waiting_count += 1;
            self.waiting_since.get_or_insert_with(Instant::now);
        }
        TaskRef { key: 0, id }
    }

    pub(super) fn waiting_count(&self) -> usize {
        self.waiting_count
    }

    /// Tasks without an outcome.
    pub(super) fn open(&self) -> usize {
        self.waiting_count + self.chunks.values().map(|sent| sent.left).sum::<usize>()
    }

    /// Those of them that belong to handles.
    pub(super) fn unfinished(&self) -> u64 {
        let waiting = self.waiting.values().flatten();
        let waiting = waiting.filter(|task| task.sink.is_cell()).count();
        let sent = self.chunks.values().flat_map(|sent| &sent.sinks).flatten();
        (waiting + sent.filter(|(_, sink)| sink.is_cell()).count()) as u64
    }

    /// Cancels a task; whether it was in time.
    pub(super) fn cancel(&mut self, id: u64, wakes: &mut Wakes) -> bool {
        let waiting = self.waiting.values_mut().find_map(|level| {
            // Numbers rise along each level.
            let at = level.binary_search_by_key(&id, |task| task.id).ok()?;
            level.remove(at)
        });
        let sink = match waiting {
            Some(task) => {
                self.waiting_count -= 1;
                Some(task.sink)
            }
            None => self.take_sent(id),
        };
        let is_found = sink.is_some();
        if let Some(sink) = sink {
            self.stats.lost += 1;
            sink.deliver(Err(Box::new(TaskError::Cancelled)), wakes);
        }
        is_found
    }

    fn take_sent(&mut self, id: u64) -> Option<Sink> {
        let is_it = |sink: &Option<(u64, Sink)>| sink.as_ref().is_some_and(|(own, _)| *own == id);
        let (&chunk, sent) = self
            .chunks
            .iter_mut()
            .find(|(_, sent)| sent.sinks.iter().any(is_it))?;
        let sink = sent.sinks.iter_mut().find(|sink| is_it(sink))?.take();
        sent.left -= 1;
        if sent.left == 0 {
            self.chunks.remove(&chunk);
        }
        sink.map(|(_, sink)| sink)
    }

    /// All that waits has this outcome.
    pub(super) fn drop_waiting(&mut self, error: &TaskError, wakes: &mut Wakes) {
        self.waiting_count = 0;
        for task in std::mem::take(&mut self.waiting).into_values().flatten() {
            self.stats.lost += 1;
            task.sink.deliver(Err(Box::new(error.clone())), wakes);
        }
    }

    /// All that has none has this outcome.
    pub(super) fn drop_all(&mut self, error: &TaskError, wakes: &mut Wakes) {
        self.drop_waiting(error, wakes);
        for sent in std::mem::take(&mut self.chunks).into_values() {
            for (_, sink) in sent.sinks.into_iter().flatten() {
                self.stats.lost += 1;
                sink.deliver(Err(Box::new(error.clone())), wakes);
            }
        }
        wakes.unpark(self.onlookers.drain(..));
    }

    /// Gives up.
    pub(super) fn give_up(&mut self, reason: String, wakes: &mut Wakes) {
        (self.is_closed, self.is_ended) = (true, true);
        self.drop_all(&TaskError::PoolBroken(reason.clone()), wakes);
        self.broken.get_or_insert(reason);
    }

    /// The connection has ended.
    pub(super) fn end(&mut self, wakes: &mut Wakes) {
        self.is_closed = true;
        self.drop_all(&TaskError::Cancelled, wakes);
        self.is_over = true;
        wakes.unpark(self.onlookers.drain(..));
    }
}
