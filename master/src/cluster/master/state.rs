//! What the master knows of its tasks: who waits, what is on its way, what is done. No I/O.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, VecDeque},
    thread::Thread,
    time::{Duration, Instant},
};

use serde_bytes::ByteBuf;

use super::{
    super::{
        failure::Failure,
        wire::{Body, Chunk, Item, MOST_ITEMS, Print, Report, encode, print},
    },
    pieces::Pieces,
};
use crate::pool::{
    Stats, TaskError,
    internals::{Output, Payload, Sink, TaskRef, Terms, Wakes},
};

/// A chunk should be worth so much time.
const CHUNK_TIME: Duration = Duration::from_millis(75);

/// Tasks wait for company for no longer than this.
pub(super) const LINGER: Duration = Duration::from_millis(10);

/// The most chunks on their way.
const MOST_CHUNKS: usize = 1000;

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

    /// How many tasks a map should have in here: a quarter of a second's for each worker.
    pub(super) fn appetite(&self) -> usize {
        let cheapest = self.kinds.iter().filter_map(|kind| kind.cost_ns);
        let cost_ns = cheapest.fold(f64::INFINITY, f64::min);
        let each = if cost_ns.is_finite() {
            fitting(4 * CHUNK_TIME, cost_ns).clamp(8, 1 << 17)
        } else {
            8
        };
        (each * self.slots.max(2)).min(MOST_ITEMS)
    }

    /// The next chunk to be sent, if one should be now.
    pub(super) fn next_parcel(&mut self, now: Instant) -> Option<Parcel> {
        let first = self.waiting.values().find_map(VecDeque::front)?;
        let (kind, terms) = (first.kind, first.terms);
        let slots = self.slots.max(2);
        let cost_ns = self.kinds.get(kind).and_then(|kind| kind.cost_ns);
        // While nothing is known of the cost, a few tasks by themselves tell it.
        let (full, window) = match cost_ns {
            Some(cost_ns) => (
                fitting(CHUNK_TIME, cost_ns),
                (4 * slots).clamp(8, MOST_CHUNKS),
            ),
            None => (1, 2 * slots),
        };
        let full = full.clamp(1, MOST_ITEMS);
        let has_waited = self
            .waiting_since
            .is_some_and(|since| now.saturating_duration_since(since) >= LINGER);
        let is_enough = self.waiting_count >= full || self.chunks.len() < slots || has_waited;
        if self.chunks.len() >= window || !is_enough {
            return None;
        }
        // At the end all workers are to have some.
        let count = full.min(self.waiting_count.div_ceil(slots)).max(1);
        let sent = self.take(kind, terms, count, now);
        let chunk = self.next_chunk;
        self.next_chunk += 1;
        let parcel = self.parcel(chunk, &sent);
        self.chunks.insert(chunk, sent);
        Some(parcel)
    }

    /// Takes up to `count` tasks of one kind and the same terms out of those that wait.
    fn take(&mut self, kind: usize, terms: Terms, count: usize, now: Instant) -> Sent {
        let mut sent = Sent {
            attempt: 1,
            kind,
            terms,
            sinks: Vec::new(),
            left: 0,
            inputs: Vec::new(),
            is_published: false,
            at: now,
        };
        let level = self.waiting.entry(Reverse(terms.priority)).or_default();
        let fits = |task: &mut Waiting| task.kind == kind && task.terms == terms;
        while sent.left < count
            && let Some(task) = level.pop_front_if(fits)
        {
            if self.is_resumed {
                let name = self.kinds.get(kind).map_or("", |kind| kind.name);
                self.places
                    .insert(print(name, &task.input), (self.next_chunk, sent.left));
            }
            // Fits: inputs above the limit of a message were refused.
            let length = u32::try_from(task.input.len()).unwrap_or(u32::MAX);
            sent.inputs.extend_from_slice(&length.to_le_bytes());
            sent.inputs.extend_from_slice(&task.input);
            sent.sinks.push(Some((task.id, task.sink)));
            sent.left += 1;
            let next = level.front().map_or(0, |next| next.input.len() + 4);
            if sent.inputs.len() + next > CHUNK_BYTES.min(self.max_input_bytes) {
                break;
            }
        }
        if level.is_empty() {
            self.waiting.remove(&Reverse(terms.priority));
        }
        self.waiting_count -= sent.left;
        self.waiting_since = (self.waiting_count > 0).then_some(now);
        sent
    }

    fn parcel(&self, chunk: u64, sent: &Sent) -> Parcel {
        let cost_ns = self.kinds.get(sent.kind).and_then(|kind| kind.cost_ns);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a time is not negative, and a cast saturates"
        )]
        let message = Chunk {
            master: self.master,
            chunk,
            attempt: sent.attempt,
            kind: self.kind_name(sent.kind).to_owned(),
            retries: sent.terms.retries,
            timeout: sent.terms.timeout,
            cost_ns: cost_ns.unwrap_or(0.0) as u64,
            inputs: ByteBuf::from(sent.inputs.clone()),
        };
        Parcel {
            chunk,
            attempt: sent.attempt,
            bytes: encode(&message),
        }
    }

    /// All chunks that were published before `before`, to be sent once more.
    pub(super) fn again(&mut self, before: Instant) -> Vec<Parcel> {
        let now = Instant::now();
        let old = self.chunks.iter_mut();
        let old = old.filter(|(_, sent)| sent.is_published && sent.at < before);
        let numbers: Vec<u64> = old
            .map(|(&number, sent)| {
                sent.attempt = sent.attempt.saturating_add(1);
                (sent.is_published, sent.at) = (false, now);
                number
            })
            .collect();
        self.stats.retried += numbers.len() as u64;
        let parcel = |number| Some(self.parcel(number, self.chunks.get(&number)?));
        numbers.into_iter().filter_map(parcel).collect()
    }

    /// Takes what a host says of a chunk. What is known already is dropped.
    pub(super) fn report(&mut self, report: Report, wakes: &mut Wakes) {
        let is_ours = report.master == self.master;
        let (chunk, attempt, host) = (report.chunk, report.attempt, report.host);
        match report.body {
            Body::Items(items) => {
                if is_ours {
                    self.learn(chunk, report.cost_ns);
                }
                for Item {
                    index,
                    print,
                    outcome,
                } in items
                {
                    let outcome = outcome.map(ByteBuf::into_vec);
                    self.outcome(
                        is_ours.then_some((chunk, index as usize)),
                        print,
                        outcome,
                        wakes,
                    );
                }
            }
            Body::Piece {
                index,
                print,
                piece,
                pieces,
                bytes,
            } => {
                if is_ours && !self.chunks.contains_key(&chunk) {
                    return;
                }
                let key = (chunk, attempt, host, index);
                let limit = self.result_limit_bytes;
                let whole = self
                    .pieces
                    .take(key, (piece, pieces), bytes.into_vec(), limit);
                if let Some(whole) = whole {
                    self.outcome(
                        is_ours.then_some((chunk, index as usize)),
                        print,
                        Ok(whole),
                        wakes,
                    );
                }
            }
        }
    }

    fn learn(&mut self, chunk: u64, cost_ns: u64) {
        let kind = self.chunks.get(&chunk).map(|sent| sent.kind);
        if let Some(kind) = kind.and_then(|kind| self.kinds.get_mut(kind))
            && cost_ns > 0
        {
            let cost_ns = cost_ns as f64;
            kind.cost_ns = Some(
                kind.cost_ns
                    .map_or(cost_ns, |old| (old * 3.0 + cost_ns) / 4.0),
            );
        }
    }

    /// The outcome of a task at a place of ours, or one that an earlier master has sent.
    fn outcome(
        &mut self,
        place: Option<(u64, usize)>,
        print: Print,
        outcome: Result<Vec<u8>, Failure>,
        wakes: &mut Wakes,
    ) {
        let Some((chunk, index)) = place.or_else(|| self.places.get(&print).copied()) else {
            if let Ok(output) = outcome {
                self.known.insert(print, output);
            }
            return;
        };
        let Some(sent) = self.chunks.get_mut(&chunk) else {
            return;
        };
        let kind = sent.kind;
        let Some((_, sink)) = sent.sinks.get_mut(index).and_then(Option::take) else {
            return;
        };
        sent.left -= 1;
        if sent.left == 0 {
            self.chunks.remove(&chunk);
            self.pieces.forget(chunk);
        }
        let outcome = match outcome {
            Ok(output) => Ok(Output::Bytes(Payload::from_vec(output))),
            Err(failure) => Err(Box::new(failure.into_error(self.kind_name(kind)))),
        };
        self.stats.finished += 1;
        self.last_news = Instant::now();
        sink.deliver(outcome, wakes);
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

/// How many tasks fit into a time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a quotient of times is not negative, and a cast saturates"
)]
fn fitting(time: Duration, cost_ns: f64) -> usize {
    (time.as_nanos() as f64 / cost_ns.max(1.0)) as usize
}
