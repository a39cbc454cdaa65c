//! Tasks that wait become chunks: how large, how many, and when.

use std::{
    cmp::Reverse,
    collections::VecDeque,
    time::{Duration, Instant},
};

use serde_bytes::ByteBuf;

use super::{
    super::super::wire::{Chunk, MOST_ITEMS, encode, print},
    CHUNK_BYTES, LINGER, Parcel, Sent, State, Waiting,
};
use crate::pool::internals::Terms;

/// A chunk should be worth so much time.
const CHUNK_TIME: Duration = Duration::from_millis(75);

/// The most chunks on their way.
const MOST_CHUNKS: usize = 1000;

impl State {
    /// How many tasks a map should have in here: a quarter of a second's for each worker.
    pub(in super::super) fn appetite(&self) -> usize {
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
    pub(in super::super) fn next_parcel(&mut self, now: Instant) -> Option<Parcel> {
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
    pub(in super::super) fn again(&mut self, before: Instant) -> Vec<Parcel> {
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
