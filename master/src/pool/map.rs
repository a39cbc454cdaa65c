//! Maps: one task for each input of an iterator, results streamed.
//!
//! Inputs are taken as results are consumed, so an endless iterator, a slow consumer and a hundred million
//! inputs all take the same memory.

mod handle;

use std::{fmt, iter::Fuse, marker::PhantomData, sync::Arc, time::Instant};

use brigade_protocol::{Task, frame::AppendError};

use super::{
    chunks::{Chunks, Sizer},
    core::Terms,
    engine::Engine,
    error::TaskError,
    outcome::{Chunk, Input, KindIndex, Payload, Sink, Ticket, encode},
    ready::Ready,
    stream::Stream,
    wakes::Wakes,
};

pub use handle::MapHandle;

/// Messages filled at a time; the results at hand are looked at in between.
const BATCH: usize = 256;

/// Tasks of a map that may be on their way in chunks.
const MOST_AHEAD: usize = 16_384;

/// A chunk of larger inputs than this is large enough.
const CHUNK_BYTES: usize = 1 << 20;

/// Results in the order of the inputs; see [`Pool::map`](crate::Pool::map).
///
/// ```
/// use brigade::jobs::echo::Echo;
///
/// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
/// let mut results = pool.map::<Echo, _>(0..);
/// assert_eq!(results.next(), Some(Ok(0)));
/// assert_eq!(results.next(), Some(Ok(1)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Map<T: Task, I: Iterator<Item = T::Input>>(Feed<T, I>);

/// Results as they come, with the positions of their inputs; see
/// [`Pool::map_unordered`](crate::Pool::map_unordered).
///
/// ```
/// use brigade::jobs::echo::Echo;
///
/// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
/// let mut results = pool.map_unordered::<Echo, _>([5, 6]).collect::<Vec<_>>();
/// results.sort_by_key(|(position, _)| *position);
/// assert_eq!(results, [(0, Ok(5)), (1, Ok(6))]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MapUnordered<T: Task, I: Iterator<Item = T::Input>>(Feed<T, I>);

impl<T: Task, I: Iterator<Item = T::Input>> Map<T, I> {
    pub(super) fn new(engine: &Arc<dyn Engine>, inputs: I, terms: Terms) -> Self {
        Self(Feed::new(engine, inputs, terms, true))
    }

    /// How many tasks travel in one message. The default is [`Chunks::Automatic`]. Chunks change nothing but
    /// speed: each task has its own outcome, and of a chunk whose worker dies only the running task fails.
    ///
    /// Tasks with a time limit, those of workers that have a limited number of them, and those of threads, always
    /// travel alone.
    ///
    /// ```
    /// use std::num::NonZero;
    /// use brigade::{Chunks, Pool, jobs::echo::Echo};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(2).this_executable()?.start()?;
    /// let by_hundreds = NonZero::new(100).map_or(Chunks::SINGLE, Chunks::Of);
    /// let results = pool.map::<Echo, _>(0..1_000).chunks(by_hundreds);
    /// assert_eq!(results.sum::<Result<u64, _>>()?, 499_500);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn chunks(mut self, chunks: Chunks) -> Self {
        self.0.sizer.set(chunks);
        self
    }
}

impl<T: Task, I: Iterator<Item = T::Input>> MapUnordered<T, I> {
    pub(super) fn new(engine: &Arc<dyn Engine>, inputs: I, terms: Terms) -> Self {
        Self(Feed::new(engine, inputs, terms, false))
    }

    /// How many tasks travel in one message. The default is [`Chunks::Automatic`]. Chunks change nothing but
    /// speed: each task has its own outcome, and of a chunk whose worker dies only the running task fails.
    ///
    /// Tasks with a time limit, those of workers that have a limited number of them, and those of threads, always
    /// travel alone.
    ///
    /// ```
    /// use brigade::{Chunks, jobs::echo::Echo};
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let results = pool.map_unordered::<Echo, _>(0..100).chunks(Chunks::SINGLE);
    /// assert_eq!(results.count(), 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn chunks(mut self, chunks: Chunks) -> Self {
        self.0.sizer.set(chunks);
        self
    }
}

impl<T: Task, I: Iterator<Item = T::Input>> Iterator for Map<T, I> {
    type Item = Result<T::Output, TaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(_, result)| result)
    }
}

impl<T: Task, I: Iterator<Item = T::Input>> Iterator for MapUnordered<T, I> {
    type Item = (u64, Result<T::Output, TaskError>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
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
    engine: Arc<dyn Engine>,
    stream: Arc<Stream>,
    inputs: Fuse<I>,
    kind: KindIndex,
    terms: Terms,
    submitted: u64,
    yielded: u64,
    ready: Ready,
    is_exhausted: bool,
    scratch: Vec<u8>,
    sizer: Sizer,
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
            ready: Ready::default(),
            is_exhausted: false,
            scratch: Vec::new(),
            sizer: Sizer::new(engine.stats().workers),
            task: PhantomData,
        }
    }

    /// The next result, and the position of its input.
    fn next(&mut self) -> Option<(u64, Result<T::Output, TaskError>)> {
        while self.ready.is_empty() {
            self.stream.take_ready(&mut self.ready);
            self.sizer.observe(self.ready.count(), Instant::now());
            self.feed();
            if self.submitted == self.yielded {
                return None;
            }
            if self.ready.is_empty() {
                self.engine.wait_for(&*self.stream, None);
            }
        }
        self.yielded += 1;
        self.ready.next::<T>()
    }

    /// Submits as many inputs as the pool has an appetite for.
    fn feed(&mut self) {
        while !self.is_exhausted {
            let appetite = self.engine.appetite();
            // Of small tasks more, but not more than are worth having.
            let in_chunks = appetite.saturating_mul(self.sizer.size()).min(MOST_AHEAD);
            // And of chunks of a size that was asked for, enough for everybody.
            let appetite = appetite.max(in_chunks).max(self.sizer.least_ahead());
            let outstanding = usize::try_from(self.submitted - self.yielded).unwrap_or(usize::MAX);
            let count = appetite
                .saturating_sub(outstanding)
                .div_ceil(self.sizer.size());
            if count == 0 {
                return;
            }
            let tickets = self.take_chunks(count.min(BATCH));
            // A pool that takes nothing more must not use up the inputs.
            self.is_exhausted |= !self.engine.submit_all(tickets, self.terms);
        }
    }

    /// Takes the inputs of up to `count` chunks.
    fn take_chunks(&mut self, count: usize) -> Vec<Ticket> {
        let mut tickets = Vec::with_capacity(count);
        let is_single = self.sizer.size() == 1 || self.engine.is_local() || self.terms.is_single;
        for _ in 0..count {
            if self.is_exhausted {
                break;
            }
            if is_single {
                tickets.extend(self.take_single());
            } else {
                tickets.extend(self.take_chunk());
            }
        }
        tickets
    }

    fn next_input(&mut self) -> Option<T::Input> {
        let input = self.inputs.next();
        self.is_exhausted |= input.is_none();
        input
    }

    fn take_single(&mut self) -> Option<Ticket> {
        let input = self.next_input()?;
        let position = self.submitted;
        self.submitted += 1;
        let input = if self.engine.is_local() {
            Ok(Input::Value(Box::new(input)))
        } else {
            encode(&input, &mut self.scratch).map(Input::Bytes)
        };
        match input {
            Ok(input) => {
                let sink = Sink::Stream(Arc::clone(&self.stream), position);
                Some(Ticket::single(self.kind, input, sink))
            }
            Err(error) => {
                self.refuse(position, error);
                None
            }
        }
    }

    /// Takes the inputs of one chunk. One that cannot be encoded has its outcome at once and ends the chunk.
    fn take_chunk(&mut self) -> Option<Ticket> {
        let first = self.submitted;
        let mut bytes = Payload::new();
        let mut count = 0;
        while (count as usize) < self.sizer.size() && bytes.len() < CHUNK_BYTES {
            let Some(input) = self.next_input() else {
                break;
            };
            let position = self.submitted;
            self.submitted += 1;
            match encode(&input, &mut self.scratch) {
                Ok(input) => {
                    // Fits: an input is smaller than a frame.
                    let length = u32::try_from(input.len()).unwrap_or(u32::MAX);
                    bytes.extend_from_slice(&length.to_le_bytes());
                    bytes.extend_from_slice(&input);
                    count += 1;
                }
                Err(error) => {
                    self.refuse(position, error);
                    break;
                }
            }
        }
        let chunk = Chunk { count, done: 0 };
        (count > 0).then(|| Ticket {
            kind: self.kind,
            input: Input::Bytes(bytes),
            sink: Sink::Stream(Arc::clone(&self.stream), first),
            chunk: Some(chunk),
        })
    }

    fn refuse(&self, position: u64, error: AppendError) {
        let outcome = Err(Box::new(TaskError::Input {
            error,
            input_index: None,
        }));
        self.stream.put(position, outcome, &mut Wakes::default());
    }
}
