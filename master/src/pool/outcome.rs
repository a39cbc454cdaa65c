//! A task's way out of the pool: the ticket that goes in with it, and where its one outcome is put.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::Thread,
};

use brigade_protocol::{
    codec,
    frame::{AppendError, MAX_FRAME_BYTES},
};
use serde::Serialize;
use smallvec::SmallVec;

use super::error::TaskError;

/// An encoded input or output. Small ones need no allocation.
pub(crate) type Payload = SmallVec<[u8; 16]>;

/// Bytes of a frame that are left for what goes in front of the input.
const HEADER_ROOM: usize = 64;

/// Encodes an input, using `scratch` for its memory.
pub(crate) fn encode<T: Serialize>(
    input: &T,
    scratch: &mut Vec<u8>,
) -> Result<Payload, AppendError> {
    scratch.clear();
    codec::encode_into(input, scratch)?;
    let limit = MAX_FRAME_BYTES - HEADER_ROOM;
    if scratch.len() > limit {
        return Err(AppendError::TooLong {
            bytes: scratch.len(),
            limit,
        });
    }
    Ok(Payload::from_slice(scratch))
}

/// What became of a task.
pub(crate) type Outcome = Result<Payload, Box<TaskError>>;

/// Index of a task kind among those that the pool has been given so far.
pub(crate) type KindIndex = usize;

/// A task as the pool sees it.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) kind: KindIndex,
    pub(crate) input: Payload,
    pub(crate) sink: Sink,
}

/// Where an outcome goes.
#[derive(Debug)]
pub(crate) enum Sink {
    /// To a handle.
    Cell(Arc<Cell>),
    /// To a map, which gave the task this position.
    Stream(Arc<Stream>, u64),
}

impl Sink {
    /// Puts the outcome where it belongs. Threads that wait for it are added to `wakes`.
    pub(crate) fn deliver(self, outcome: Outcome, wakes: &mut Vec<Thread>) {
        match self {
            Self::Cell(cell) => cell.fill(outcome, wakes),
            Self::Stream(stream, position) => stream.put(position, outcome, wakes),
        }
    }
}

/// Something a caller can wait for.
pub(crate) trait Awaited {
    /// Whether there is nothing to wait for any more.
    fn is_ready(&self) -> bool;
    /// Who is to be woken when it is.
    fn set_waiter(&self, waiter: Option<Thread>);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these mutexes guard is never left half-changed, so a panic elsewhere does not spoil it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Holds the outcome of one task until its handle takes it.
#[derive(Debug, Default)]
pub(crate) struct Cell {
    is_done: AtomicBool,
    inner: Mutex<CellInner>,
}

#[derive(Debug, Default)]
struct CellInner {
    outcome: Option<Outcome>,
    waiter: Option<Thread>,
    /// A list of completions that this cell's number is added to.
    observer: Option<(Arc<Completions>, usize)>,
}

impl Cell {
    fn fill(&self, outcome: Outcome, wakes: &mut Vec<Thread>) {
        let mut inner = lock(&self.inner);
        inner.outcome = Some(outcome);
        self.is_done.store(true, Ordering::Release);
        wakes.extend(inner.waiter.take());
        if let Some((completions, number)) = inner.observer.take() {
            completions.add(number, wakes);
        }
    }

    /// The outcome, once.
    pub(crate) fn take(&self) -> Option<Outcome> {
        lock(&self.inner).outcome.take()
    }

    /// Adds `number` to `completions` when the outcome is here, which may be now.
    pub(crate) fn report_to(&self, completions: &Arc<Completions>, number: usize) {
        let mut inner = lock(&self.inner);
        if self.is_ready() {
            completions.add(number, &mut Vec::new());
        } else {
            inner.observer = Some((Arc::clone(completions), number));
        }
    }
}

impl Awaited for Cell {
    fn is_ready(&self) -> bool {
        self.is_done.load(Ordering::Acquire)
    }

    fn set_waiter(&self, waiter: Option<Thread>) {
        lock(&self.inner).waiter = waiter;
    }
}

/// The numbers of cells that have been filled, in that order.
#[derive(Debug, Default)]
pub(crate) struct Completions(Mutex<(VecDeque<usize>, Option<Thread>)>);

impl Completions {
    fn add(&self, number: usize, wakes: &mut Vec<Thread>) {
        let mut inner = lock(&self.0);
        inner.0.push_back(number);
        wakes.extend(inner.1.take());
    }

    pub(crate) fn take(&self) -> Option<usize> {
        lock(&self.0).0.pop_front()
    }
}

impl Awaited for Completions {
    fn is_ready(&self) -> bool {
        !lock(&self.0).0.is_empty()
    }

    fn set_waiter(&self, waiter: Option<Thread>) {
        lock(&self.0).1 = waiter;
    }
}

/// Holds the outcomes of a map until its consumer takes them: in the order of the inputs, or as they come.
#[derive(Debug)]
pub(crate) struct Stream {
    is_ordered: bool,
    inner: Mutex<StreamInner>,
}

#[derive(Debug, Default)]
struct StreamInner {
    /// Position of the front of `waiting`.
    first: u64,
    /// Ordered: the outcomes from `first` on, as far as they are known.
    waiting: VecDeque<Option<Outcome>>,
    /// Unordered: the outcomes and their positions.
    ready: VecDeque<(u64, Outcome)>,
    waiter: Option<Thread>,
}

impl Stream {
    pub(crate) fn new(is_ordered: bool) -> Self {
        Self {
            is_ordered,
            inner: Mutex::default(),
        }
    }

    pub(crate) fn put(&self, position: u64, outcome: Outcome, wakes: &mut Vec<Thread>) {
        let mut inner = lock(&self.inner);
        if self.is_ordered {
            let Some(index) = position
                .checked_sub(inner.first)
                .and_then(|index| usize::try_from(index).ok())
            else {
                return;
            };
            if inner.waiting.len() <= index {
                inner.waiting.resize_with(index + 1, || None);
            }
            inner.waiting[index] = Some(outcome);
            if index == 0 {
                wakes.extend(inner.waiter.take());
            }
        } else {
            inner.ready.push_back((position, outcome));
            wakes.extend(inner.waiter.take());
        }
    }

    /// Moves all outcomes that may be yielded now into `out`, with their positions.
    pub(crate) fn take_ready(&self, out: &mut VecDeque<(u64, Outcome)>) {
        let mut inner = lock(&self.inner);
        if !self.is_ordered {
            out.append(&mut inner.ready);
            return;
        }
        while let Some(slot) = inner.waiting.front_mut() {
            let Some(outcome) = slot.take() else {
                break;
            };
            inner.waiting.pop_front();
            out.push_back((inner.first, outcome));
            inner.first += 1;
        }
    }
}

impl Awaited for Stream {
    fn is_ready(&self) -> bool {
        let inner = lock(&self.inner);
        if self.is_ordered {
            inner.waiting.front().is_some_and(Option::is_some)
        } else {
            !inner.ready.is_empty()
        }
    }

    fn set_waiter(&self, waiter: Option<Thread>) {
        lock(&self.inner).waiter = waiter;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "an outcome is a result")]
    fn ok(byte: u8) -> Outcome {
        Ok(Payload::from_slice(&[byte]))
    }

    fn taken(stream: &Stream) -> Vec<u64> {
        let mut out = VecDeque::new();
        stream.take_ready(&mut out);
        out.into_iter().map(|(position, _)| position).collect()
    }

    #[test]
    fn an_ordered_stream_holds_back_what_came_early() {
        let stream = Stream::new(true);
        stream.put(1, ok(1), &mut Vec::new());
        stream.put(2, ok(2), &mut Vec::new());
        assert!(!stream.is_ready());
        assert_eq!(taken(&stream), []);
        stream.put(0, ok(0), &mut Vec::new());
        assert!(stream.is_ready());
        assert_eq!(taken(&stream), [0, 1, 2]);
        stream.put(4, ok(4), &mut Vec::new());
        stream.put(3, ok(3), &mut Vec::new());
        assert_eq!(taken(&stream), [3, 4]);
    }

    #[test]
    fn an_unordered_stream_gives_what_it_has() {
        let stream = Stream::new(false);
        stream.put(7, ok(7), &mut Vec::new());
        stream.put(3, ok(3), &mut Vec::new());
        assert_eq!(taken(&stream), [7, 3]);
    }

    #[test]
    fn a_waiter_of_an_ordered_stream_is_woken_by_the_first_result_only() {
        let stream = Stream::new(true);
        stream.set_waiter(Some(std::thread::current()));
        let mut wakes = Vec::new();
        stream.put(1, ok(1), &mut wakes);
        assert!(wakes.is_empty());
        stream.put(0, ok(0), &mut wakes);
        assert_eq!(wakes.len(), 1);
    }

    #[test]
    fn a_cell_reports_its_completion_before_and_after_the_fact() {
        let completions = Arc::new(Completions::default());
        let (early, late) = (Cell::default(), Cell::default());
        early.fill(ok(1), &mut Vec::new());
        early.report_to(&completions, 1);
        late.report_to(&completions, 2);
        assert_eq!((completions.take(), completions.take()), (Some(1), None));
        late.fill(ok(2), &mut Vec::new());
        assert_eq!(completions.take(), Some(2));
    }

    #[test]
    fn tickets_stay_small() {
        // Millions of them may be queued.
        assert!(size_of::<Ticket>() <= 64, "{}", size_of::<Ticket>());
        assert!(size_of::<Outcome>() <= 40, "{}", size_of::<Outcome>());
    }
}
