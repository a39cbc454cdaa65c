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

use super::{cell::Cell, error::TaskError, stream::Stream, wakes::Wakes};

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

    #[test]
    fn tickets_stay_small() {
        // Millions of them may be queued.
        assert!(size_of::<Ticket>() <= 72, "{}", size_of::<Ticket>());
        assert!(size_of::<Outcome>() <= 40, "{}", size_of::<Outcome>());
    }
}
