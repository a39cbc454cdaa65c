//! Maps: one task for each input of an iterator, results streamed.
//!
//! Inputs are taken as results are consumed, so an endless iterator, a slow consumer and a hundred million
//! inputs all take the same memory.

use std::{collections::VecDeque, fmt, iter::Fuse, marker::PhantomData, sync::Arc};

use brigade_protocol::{Task, frame::AppendError};

use super::{
    core::Terms,
    engine::Engine,
    error::TaskError,
    handle::{Handle, decode},
    outcome::{Input, KindIndex, Outcome, Sink, Ticket, encode},
    stream::Stream,
    wakes::Wakes,
};

/// Inputs taken at a time; the results at hand are looked at in between.
const BATCH: usize = 256;

/// Results in the order of the inputs; see [`Pool::map`](crate::Pool::map).
pub struct Map<T: Task, I: Iterator<Item = T::Input>>(Feed<T, I>);

/// Results as they come, with the positions of their inputs; see
/// [`Pool::map_unordered`](crate::Pool::map_unordered).
pub struct MapUnordered<T: Task, I: Iterator<Item = T::Input>>(Feed<T, I>);

impl<T: Task, I: Iterator<Item = T::Input>> Map<T, I> {
    pub(super) fn new(engine: &Arc<dyn Engine>, inputs: I, terms: Terms) -> Self {
        Self(Feed::new(engine, inputs, terms, true))
    }
}

impl<T: Task, I: Iterator<Item = T::Input>> MapUnordered<T, I> {
    pub(super) fn new(engine: &Arc<dyn Engine>, inputs: I, terms: Terms) -> Self {
        Self(Feed::new(engine, inputs, terms, false))
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

/// All the outcomes of [`Pool::map_async`](crate::Pool::map_async), in the order of the inputs.
#[derive(Debug)]
#[must_use = "a handle is the only way to the outcomes"]
pub struct MapHandle<T: Task> {
    handles: Vec<Result<Handle<T>, TaskError>>,
}

impl<T: Task> MapHandle<T> {
    pub(super) fn new(handles: Vec<Result<Handle<T>, TaskError>>) -> Self {
        Self { handles }
    }

    /// Whether [`wait`](Self::wait) would return at once.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.handles.iter().flatten().all(Handle::is_done)
    }

    /// Cancels all tasks that are not done.
    pub fn cancel(&self) {
        for handle in self.handles.iter().flatten() {
            handle.cancel();
        }
    }

    /// Waits for all outcomes.
    #[must_use]
    pub fn wait(self) -> Vec<Result<T::Output, TaskError>> {
        let outcomes = self.handles.into_iter();
        outcomes
            .map(|handle| handle.and_then(Handle::wait))
            .collect()
    }
}

/// Feeds inputs to the pool and collects outcomes.
struct Feed<T: Task, I: Iterator<Item = T::Input>> {
    engine: Arc<dyn Engine>,
    stream: Arc<Stream>,
    inputs: Fuse<I>,
    kind: KindIndex,
    terms: Terms,
    submitted: u64,
    yielded: u64,
    ready: VecDeque<(u64, Outcome)>,
    is_exhausted: bool,
    scratch: Vec<u8>,
    task: PhantomData<fn() -> T>,
}

impl<T: Task, I: Iterator<Item = T::Input>> Feed<T, I> {
    fn new(engine: &Arc<dyn Engine>, inputs: I, terms: Terms, is_ordered: bool) -> Self {
        Self {
            stream: Arc::new(Stream::new(is_ordered)),
            kind: engine.kind(T::KIND),
            engine: Arc::clone(engine),
            inputs: inputs.fuse(),
            terms,
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
                self.engine.wait_for(&*self.stream, None);
            }
        }
        self.yielded += 1;
        self.ready.pop_front()
    }

    /// Submits as many inputs as the pool has an appetite for.
    fn feed(&mut self) {
        while !self.is_exhausted {
            let appetite = self.engine.appetite();
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
            match self.input(input) {
                Ok(input) => tickets.push(Ticket {
                    kind: self.kind,
                    input,
                    sink: Sink::Stream(Arc::clone(&self.stream), position),
                }),
                Err(error) => {
                    let outcome = Err(Box::new(TaskError::Input(error)));
                    self.stream.put(position, outcome, &mut Wakes::default());
                }
            }
        }
        tickets
    }

    fn input(&mut self, input: T::Input) -> Result<Input, AppendError> {
        if self.engine.is_local() {
            Ok(Input::Value(Box::new(input)))
        } else {
            encode(&input, &mut self.scratch).map(Input::Bytes)
        }
    }

    fn submit(&mut self, tickets: Vec<Ticket>) {
        // A pool that takes nothing more must not use up the inputs.
        self.is_exhausted |= !self.engine.submit_all(tickets, self.terms);
    }
}
