//! The messages between a master and one worker, after each side's [`Hello`](crate::Hello).
//!
//! `ToWorker::Task` and `FromWorker::Done` are headers: the encoded input or output follows in the same
//! frame, so that a payload is neither copied into a message nor decoded before somebody wants it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Inputs and outputs above this size travel in pieces of it.
pub const PART_BYTES: usize = 8 << 20;

/// The file descriptors a worker is born with, beside standard input, output and error.
pub mod fd {
    /// Messages from the master are read here.
    pub const TASKS: i32 = 3;
    /// Messages to the master are written here.
    pub const RESULTS: i32 = 4;
    /// The [`Lane`](crate::shm::Lane): memory shared by the master and this worker only.
    pub const LANE: i32 = 5;
    /// The standard error that the worker has once it is ready. Until then number 2 is a log, which the master
    /// quotes if the worker never gets ready.
    pub const STANDARD_ERROR: i32 = 6;
    /// The first shared segment; further ones have the numbers after it.
    pub const FIRST_SEGMENT: i32 = 7;
}

/// What a master says to a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToWorker {
    /// Who the worker is and what it shares; comes once, before any task.
    Start(Start),
    /// A piece of the next task's input follows.
    Part,
    /// Run this; the encoded input, or the last piece of it, follows.
    Task(TaskHeader),
    /// Run several of the same kind; their encoded inputs follow, each after its length as a `u32`.
    Chunk(TaskHeader),
    /// No more tasks: end when those before this are done.
    Shutdown,
}

/// What a worker is told before its first task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Number of this worker in its pool, from 0.
    pub index: u32,
    /// Process id of the master; a worker with another parent has been orphaned and ends.
    pub master: i32,
    /// Name of the pool's status board.
    pub board: String,
    /// Names of the shared segments, in the order of their file descriptors.
    pub segments: Vec<String>,
    /// The largest encoded result in bytes.
    pub result_limit_bytes: u64,
    /// The most private memory in bytes.
    pub max_memory_bytes: Option<u64>,
    /// Where to work.
    pub working_directory: Option<PathBuf>,
    /// Whether to stay on one core, the one with this worker's number among those allowed.
    pub is_pinned: bool,
    /// Kind and encoded input of a task to run before saying [`FromWorker::Ready`].
    pub initializer: Option<(String, Vec<u8>)>,
}

/// Which task this is. The input follows in the same frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskHeader {
    /// Counts the tasks sent to this worker from 0. Results come back in this order.
    pub sequence: u64,
    /// Number of the task in its pool, for the status board.
    pub task: u64,
    /// Index into the kinds of the worker's `Hello`.
    pub kind: u32,
    /// 1 for the first attempt.
    pub attempt: u32,
}

/// What a worker says to its master.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromWorker {
    /// `Start` was carried out; tasks may come.
    Ready,
    /// `Start` could not be carried out; the worker ends.
    Refused {
        /// Why, for the user.
        reason: String,
    },
    /// A piece of a task's output follows.
    Part {
        /// Which task.
        sequence: u64,
    },
    /// A task returned; its encoded output, or the last piece of it, follows.
    Done {
        /// Which task.
        sequence: u64,
    },
    /// A task failed, the worker lives on.
    Failed {
        /// Which task.
        sequence: u64,
        /// Why.
        failure: TaskFailure,
    },
    /// The next task of a chunk returned, with much to say; its encoded output, or the last piece of it, follows.
    Item {
        /// Which chunk.
        sequence: u64,
        /// Which of its tasks, from 0.
        index: u32,
    },
    /// The next task of a chunk failed, the worker lives on.
    ItemFailed {
        /// Which chunk.
        sequence: u64,
        /// Which of its tasks, from 0.
        index: u32,
        /// Why.
        failure: TaskFailure,
    },
    /// A task was revoked before it began, so it did not run.
    Skipped {
        /// Which task.
        sequence: u64,
    },
    /// The next tasks of a chunk returned; their encoded outputs follow, each after its length as a `u32`.
    Items {
        /// Which chunk.
        sequence: u64,
        /// Which of its tasks is the first of these, from 0.
        first: u32,
    },
}

/// The first of several payloads that stand one after another, each after its length as a `u32`, and the rest.
/// `None` at the end, and where the length does not fit.
///
/// ```
/// use brigade_protocol::split_item;
///
/// let (first, rest) = split_item(b"\x02\0\0\0ab\0\0\0\0").unwrap();
/// assert_eq!((first, split_item(rest)), (&b"ab"[..], Some((&b""[..], &b""[..]))));
/// assert_eq!(split_item(b"\x02\0\0\0a"), None);
/// ```
#[must_use]
pub fn split_item(items: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = items.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// How a task failed without harming its worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum TaskFailure {
    /// The task's function returned an error.
    #[error("{message}")]
    Returned {
        /// The error with its sources.
        message: String,
    },
    /// The task panicked.
    #[error("panicked at {location}: {message}")]
    Panicked {
        /// What the panic said.
        message: String,
        /// `file:line:column` of the panic.
        location: String,
        /// The stack of the panic.
        backtrace: String,
    },
    /// The input's bytes are not the input type of the kind.
    #[error("its input {reason}")]
    InputUndecodable {
        /// What the decoder said.
        reason: String,
    },
    /// The output refused to be encoded.
    #[error("its result {reason}")]
    OutputUnencodable {
        /// What the encoder said.
        reason: String,
    },
    /// The encoded output is larger than allowed.
    #[error("its result takes {size} bytes, above the limit of {limit}")]
    OutputTooLarge {
        /// Encoded size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The worker has no function for this kind.
    #[error("the worker knows no task kind number {kind}")]
    UnknownKind {
        /// The number that was sent.
        kind: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec;

    #[test]
    fn headers_of_small_tasks_stay_small() {
        // Millions of these travel a second: a growth here is a slowdown everywhere.
        let mut bytes = Vec::new();
        let header = TaskHeader {
            sequence: 1_000_000,
            task: 1_000_000,
            kind: 3,
            attempt: 1,
        };
        codec::encode_into(&ToWorker::Task(header), &mut bytes).unwrap();
        assert!(bytes.len() <= 13, "{} bytes", bytes.len());
        bytes.clear();
        codec::encode_into(&FromWorker::Done { sequence: 200 }, &mut bytes).unwrap();
        assert_eq!(bytes.len(), 2);
    }

    #[test]
    fn the_bytes_of_a_task_and_its_result_are_those_in_the_documentation() {
        let mut stream = Vec::new();
        let header = TaskHeader {
            sequence: 0,
            task: 0,
            kind: 0,
            attempt: 1,
        };
        crate::frame::append(&mut stream, |out| {
            codec::encode_into(&ToWorker::Task(header), out)?;
            codec::encode_into(&7_u64, out)
        })
        .unwrap();
        assert_eq!(stream, [6, 0, 0, 0, 2, 0, 0, 0, 1, 7]);
        stream.clear();
        crate::frame::append(&mut stream, |out| {
            codec::encode_into(&FromWorker::Done { sequence: 0 }, out)?;
            codec::encode_into(&7_u64, out)
        })
        .unwrap();
        assert_eq!(stream, [3, 0, 0, 0, 3, 0, 7]);
    }

    #[test]
    fn failures_read_as_the_end_of_a_sentence() {
        let failure = TaskFailure::Panicked {
            message: "index out of bounds".into(),
            location: "src/a.rs:3:9".into(),
            backtrace: String::new(),
        };
        assert_eq!(
            failure.to_string(),
            "panicked at src/a.rs:3:9: index out of bounds"
        );
    }
}
