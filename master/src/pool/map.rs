//! Maps: one task for each input of an iterator, results streamed.
//!
//! Inputs are taken as results are consumed, so an endless iterator, a slow consumer and a hundred million
//! inputs all take the same memory.

use std::{collections::VecDeque, fmt, iter::Fuse, marker::PhantomData, sync::Arc};

use brigade_protocol::Task;

use super::{
    error::TaskError,
    handle::decode,
    outcome::{KindIndex, Outcome, Sink, Stream, Ticket, encode},
    wheel::Shared,
};

/// Inputs taken at a time; the results at hand are looked at in between.
const BATCH: usize = 256;

/// Results in the order of the inputs; see [`Pool::map`](crate::Pool::map).
pub struct Map<T: Task, I: Iterator<Item = T::Input>>(Feed<T, I>);

/// Results as they come, with the positions of their inputs; see
/// [`Pool::map_unordered`](crate::Pool::map_unordered).
pub struct MapUnordered<T: Task, I: Iterator<Item = T::Input>>(Feed<T, I>);

impl<T: Task, I: Iterator<Item = T::Input>> Map<T, I> {
    pub(super) fn new(shared: &Arc<Shared>, inputs: I, retries: u32) -> Self {
        Self(Feed::new(shared, inputs, retries, true))
    }
}

impl<T: Task, I: Iterator<Item = T::Input>> MapUnordered<T, I> {
    pub(super) fn new(shared: &Arc<Shared>, inputs: I, retries: u32) -> Self {
        Self(Feed::new(shared, inputs, retries, false))
    }
}

impl<T: Task, I: Iterator<Item = T::Input>> Iterator for Map<T, I> {
    type Item = Result<T::Output, TaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(_, outcome)| decode::<T>(outcome))
    }
}

impl<T: Task, I: Iterator<Item = T::Input>> Iterator for MapUnordered<T, I> {
    type Item = (u64, Result<T::Output, TaskError>);

    fn next(&mut self) -> Option<Self::Item> {
        let (position, outcome) = self.0.next()?;
        Some((position, decode::<T>(outcome)))
    }
}

impl<T: Task, I: Iterator<Item = T::Input>> fmt::Debug for Map<T, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Map").field(&T::KIND).finish()
    }
}

impl<T: Task, I: Iterator<Item = T::Input>> fmt::Debug for MapUnordered<T, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MapUnordered").field(&T::KIND).finish()
    }
}

/// Feeds inputs to the pool and collects outcomes.
struct Feed<T: Task, I: Iterator<Item = T::Input>> {
    shared: Arc<Shared>,
    stream: Arc<Stream>,
    inputs: Fuse<I>,
    kind: KindIndex,
    retries: u32,
    submitted: u64,
    yielded: u64,
    ready: VecDeque<(u64, Outcome)>,
    is_exhausted: bool,
    scratch: Vec<u8>,
    task: PhantomData<fn() -> T>,
}

impl<T: Task, I: Iterator<Item = T::Input>> Feed<T, I> {
    fn new(shared: &Arc<Shared>, inputs: I, retries: u32, is_ordered: bool) -> Self {
        Self {
            stream: Arc::new(Stream::new(is_ordered)),
            kind: shared.with(false, |state| state.kind(T::KIND)),
            shared: Arc::clone(shared),
            inputs: inputs.fuse(),
            retries,
            submitted: 0,
            yielded: 0,
            ready: VecDeque::new(),
            is_exhausted: false,
            scratch: Vec::new(),
            task: PhantomData,
        }
    }

    fn next(&mut self) -> Option<(u64, Outcome)> {
        while self.ready.is_empty() {
            self.stream.take_ready(&mut self.ready);
            self.feed();
            if self.submitted == self.yielded {
                return None;
            }
            if self.ready.is_empty() {
                self.shared.wait_for(&*self.stream, None);
            }
        }
        self.yielded += 1;
        self.ready.pop_front()
    }

    /// Submits as many inputs as the pool has an appetite for.
    fn feed(&mut self) {
        while !self.is_exhausted {
            let appetite = self.shared.look(|state| state.core.appetite());
            let outstanding = usize::try_from(self.submitted - self.yielded).unwrap_or(usize::MAX);
            let count = appetite.saturating_sub(outstanding).min(BATCH);
            if count == 0 {
                return;
            }
            let tickets = self.take_inputs(count);
            self.submit(tickets);
        }
    }

    /// Takes up to `count` inputs. One that cannot be encoded has its outcome at once.
    fn take_inputs(&mut self, count: usize) -> Vec<Ticket> {
        let mut tickets = Vec::with_capacity(count);
        for _ in 0..count {
            let Some(input) = self.inputs.next() else {
                self.is_exhausted = true;
                break;
            };
            let position = self.submitted;
            self.submitted += 1;
            match encode(&input, &mut self.scratch) {
                Ok(input) => tickets.push(Ticket {
                    kind: self.kind,
                    input,
                    sink: Sink::Stream(Arc::clone(&self.stream), position),
                }),
                Err(error) => {
                    let outcome = Err(Box::new(TaskError::Input(error)));
                    self.stream.put(position, outcome, &mut Vec::new());
                }
            }
        }
        tickets
    }

    fn submit(&mut self, tickets: Vec<Ticket>) {
        let retries = self.retries;
        let is_closed = self.shared.with(false, |state| {
            let mut is_closed = false;
            for ticket in tickets {
                if let Err(ticket) = state.core.submit(ticket, retries) {
                    let outcome = Err(Box::new(state.why_closed()));
                    ticket.sink.deliver(outcome, &mut state.wakes);
                    is_closed = true;
                }
            }
            is_closed
        });
        // A pool that takes nothing more must not use up the inputs.
        self.is_exhausted |= is_closed;
    }
}
