//! A task's way through a pool: the ticket that goes in with it, and where its one outcome is put.

use std::{
    any::Any,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::Thread,
};

use brigade_protocol::{codec, frame::AppendError};
use serde::Serialize;
use smallvec::SmallVec;

use super::{cell::Cell, error::TaskError, ready::Block, stream::Stream, wakes::Wakes};

/// An encoded input or output. Small ones need no allocation.
pub(crate) type Payload = SmallVec<[u8; 16]>;

/// A value that need not be encoded because it stays in this process.
pub(crate) type Value = Box<dyn Any + Send>;

/// What a task is given.
pub(crate) enum Input {
    /// For another process.
    Bytes(Payload),
    /// For a thread of this process.
    Value(Value),
}

/// What a task returned.
pub(crate) enum Output {
    /// From another process.
    Bytes(Payload),
    /// From a thread of this process.
    Value(Value),
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Value(_) => write!(f, "a value"),
        }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Value(_) => write!(f, "a value"),
        }
    }
}

/// What became of a task.
pub(crate) type Outcome = Result<Output, Box<TaskError>>;

/// Index of a task kind among those that the pool has been given so far.
pub(crate) type KindIndex = usize;

/// A task as the pool sees it.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) kind: KindIndex,
    pub(crate) input: Input,
    pub(crate) sink: Sink,
    /// Set when this is several tasks in one.
    pub(crate) chunk: Option<Chunk>,
}

/// Several tasks of a map that travel together. Their inputs stand one after another, each after its length;
/// the sink's position is that of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// How many tasks there are.
    pub(crate) count: u32,
    /// How many of them have their outcome.
    pub(crate) done: u32,
}

impl Ticket {
    /// A task by itself.
    pub(crate) fn single(kind: KindIndex, input: Input, sink: Sink) -> Self {
        Self {
            kind,
            input,
            sink,
            chunk: None,
        }
    }

    /// 1, unless it belongs to a map, whose consumer may stop when it has enough.
    pub(crate) fn unfinished(&self) -> u64 {
        u64::from(self.sink.is_cell())
    }

    /// Delivers the outcome of the whole.
    pub(crate) fn deliver(self, outcome: Outcome, wakes: &mut Wakes) {
        match (self.chunk, self.sink, outcome) {
            (Some(chunk), Sink::Stream(stream, first), Err(error)) => {
                for index in chunk.done..chunk.count {
                    stream.put(first + u64::from(index), Err(error.clone()), wakes);
                }
            }
            (_, sink, outcome) => sink.deliver(outcome, wakes),
        }
    }

    /// Delivers the outcome of the next task of a chunk; whether it was the last.
    pub(crate) fn deliver_next(&mut self, outcome: Outcome, wakes: &mut Wakes) -> bool {
        let (Some(chunk), Sink::Stream(stream, first)) = (&mut self.chunk, &self.sink) else {
            return false;
        };
        stream.put(*first + u64::from(chunk.done), outcome, wakes);
        chunk.done += 1;
        chunk.done == chunk.count
    }

    /// Delivers the outputs of the next tasks of a chunk; whether these were the last. `None` when there are not so
    /// many.
    pub(crate) fn deliver_block(&mut self, block: Block, wakes: &mut Wakes) -> Option<bool> {
        let (Some(chunk), Sink::Stream(stream, first)) = (&mut self.chunk, &self.sink) else {
            return None;
        };
        let count = u32::try_from(block.count()).ok()?;
        if count > chunk.count - chunk.done {
            return None;
        }
        stream.put_block(block.at(*first + u64::from(chunk.done)), wakes);
        chunk.done += count;
        Some(chunk.done == chunk.count)
    }

    /// Takes the first task out of a chunk of which none is done, as one by itself, and says whether it was the
    /// last.
    pub(crate) fn split_first(&mut self) -> Option<(Self, bool)> {
        let (Some(chunk), Sink::Stream(stream, first), Input::Bytes(bytes)) =
            (&mut self.chunk, &self.sink, &self.input)
        else {
            return None;
        };
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let input = Input::Bytes(Payload::from_slice(rest.get(..length)?));
        let sink = Sink::Stream(Arc::clone(stream), *first);
        let single = Self::single(self.kind, input, sink);
        chunk.done += 1;
        let is_last = chunk.done == chunk.count;
        self.drop_done();
        Some((single, is_last))
    }

    /// Forgets the inputs of the tasks that have their outcome, before the rest is tried elsewhere.
    pub(crate) fn drop_done(&mut self) {
        let (Some(chunk), Sink::Stream(_, first), Input::Bytes(bytes)) =
            (&mut self.chunk, &mut self.sink, &mut self.input)
        else {
            return;
        };
        let mut start = 0;
        for _ in 0..chunk.done {
            let Some(length) = bytes.get(start..).and_then(|rest| rest.first_chunk::<4>()) else {
                break;
            };
            start += 4 + u32::from_le_bytes(*length) as usize;
        }
        bytes.drain(..start.min(bytes.len()));
        *first += u64::from(chunk.done);
        chunk.count -= chunk.done;
        chunk.done = 0;
    }
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
    /// Whether it belongs to a handle.
    pub(crate) fn is_cell(&self) -> bool {
        matches!(self, Self::Cell(_))
    }

    /// Puts the outcome where it belongs. Who waits for it is added to `wakes`.
    pub(crate) fn deliver(self, outcome: Outcome, wakes: &mut Wakes) {
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

/// Locks a mutex whose content is never left half-changed, so that a panic elsewhere does not spoil it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The most that one encoded input may take. It travels in pieces, so a frame's limit is none for it.
const MAX_INPUT_BYTES: usize = 1 << 30;

/// Encodes an input, using `scratch` for its memory.
pub(crate) fn encode<T: Serialize>(
    input: &T,
    scratch: &mut Vec<u8>,
) -> Result<Payload, AppendError> {
    scratch.clear();
    codec::encode_into(input, scratch)?;
    if scratch.len() > MAX_INPUT_BYTES {
        return Err(AppendError::TooLong {
            bytes: scratch.len(),
            limit: MAX_INPUT_BYTES,
        });
    }
    Ok(Payload::from_slice(scratch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::ready::Ready;
    use brigade_protocol::jobs::echo::Echo;

    #[test]
    fn a_chunk_that_is_tried_again_begins_with_what_is_not_done() {
        let mut inputs = Payload::new();
        for text in ["a", "bcd", "", "ef"] {
            inputs.extend_from_slice(&u32::try_from(text.len()).unwrap().to_le_bytes());
            inputs.extend_from_slice(text.as_bytes());
        }
        let stream = Arc::new(Stream::new(false));
        let mut ticket = Ticket {
            kind: 0,
            input: Input::Bytes(inputs),
            sink: Sink::Stream(Arc::clone(&stream), 100),
            chunk: Some(Chunk { count: 4, done: 0 }),
        };
        let ok = || Ok(Output::Bytes(Payload::new()));
        let mut wakes = Wakes::default();
        assert!(!ticket.deliver_next(ok(), &mut wakes));
        assert!(!ticket.deliver_next(ok(), &mut wakes));
        ticket.drop_done();
        assert_eq!(ticket.chunk, Some(Chunk { count: 2, done: 0 }));
        let Input::Bytes(rest) = &ticket.input else {
            panic!("bytes")
        };
        assert_eq!(&rest[..], b"\0\0\0\0\x02\0\0\0ef");
        assert!(!ticket.deliver_next(ok(), &mut wakes));
        ticket.deliver(Err(Box::new(TaskError::Cancelled)), &mut wakes);
        let mut out = Ready::default();
        stream.take_ready(&mut out);
        let outcomes: Vec<(u64, bool)> = std::iter::from_fn(|| out.next::<Echo>())
            .map(|(position, result)| (position, matches!(result, Err(TaskError::Cancelled))))
            .collect();
        let last_only = [(100, false), (101, false), (102, false), (103, true)];
        assert_eq!(outcomes, last_only);
    }

    #[test]
    fn tickets_stay_small() {
        // Millions of them may be queued.
        assert!(size_of::<Ticket>() <= 88, "{}", size_of::<Ticket>());
        assert!(size_of::<Outcome>() <= 40, "{}", size_of::<Outcome>());
    }
}
