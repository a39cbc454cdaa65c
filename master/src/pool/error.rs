//! What can go wrong with a pool, and with one task.

use std::{fmt, io, path::PathBuf, time::Duration};

use brigade_protocol::{
    Mismatch, TaskFailure,
    frame::AppendError,
    shm::{BoardError, LaneError},
};
use nix::{errno::Errno, sys::signal::Signal};

/// Why a task has no output.
#[derive(Debug, Clone, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum TaskError {
    /// The task failed and its worker lives on: it panicked, returned an error, or its result is unfit.
    #[error("the task {failure} (worker {worker}, attempt {attempt})")]
    Failed {
        /// How.
        failure: TaskFailure,
        /// Process id of the worker that ran it.
        worker: i32,
        /// 1 for the first attempt.
        attempt: u32,
    },
    /// The worker ended while it ran this task.
    #[error("worker {worker} {how} while it ran the task (attempt {attempt})")]
    WorkerDied {
        /// Process id of the worker.
        worker: i32,
        /// How it ended.
        how: Ended,
        /// 1 for the first attempt.
        attempt: u32,
    },
    /// The task ran for longer than it may, and its worker was ended for it.
    #[error(
        "the task was still running after {limit:?}, so worker {worker} was ended (attempt {attempt})"
    )]
    TimedOut {
        /// How long it may run.
        limit: Duration,
        /// Process id of the worker.
        worker: i32,
        /// 1 for the first attempt.
        attempt: u32,
    },
    /// The input of a map's task refused to be encoded or is too large.
    #[error("the task's input {0}")]
    Input(AppendError),
    /// The result's bytes are not the output type of the task.
    #[error("the task's result {0}")]
    OutputUndecodable(String),
    /// The worker executable has no function for this kind of task.
    #[error("the worker executable knows no task kind `{kind}`; it knows: {}", known.join(", "))]
    UnknownKind {
        /// The kind that was asked for.
        kind: &'static str,
        /// What the executable has registered.
        known: Vec<String>,
    },
    /// Its handle was told to cancel it, or its pool ended before it was done.
    #[error("the task was cancelled")]
    Cancelled,
    /// The outcome was there, and was taken before: by awaiting the handle.
    #[error("the task's outcome was taken before")]
    Taken,
    /// The pool has given up.
    #[error("the pool has no workers: {0}")]
    PoolBroken(String),
}

/// How a worker process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// It exited with this code.
    Exited(i32),
    /// A signal killed it.
    Killed(i32),
    /// SIGKILL ended it just when the kernel killed for want of memory in this control group.
    OutOfMemory,
    /// It was killed because it sent something that is no result.
    Babbled(String),
    /// Nobody can say how: another part of the program was told instead, because it waits for all children or
    /// has the kernel ignore them.
    Unknown,
    /// It could not be started.
    NotStarted(String),
    /// It did not introduce itself, so it was killed after so long.
    Mute(Duration),
    /// Its initialiser did not come to an end, so it was killed after so long.
    Unprepared(Duration),
    /// It would not work: its initialiser failed, or something it was to be given is missing.
    Refused(String),
}

/// The end of one worker process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Death {
    /// Its process id, 0 if there was none.
    pub(crate) worker: i32,
    pub(crate) how: Ended,
    /// The end of what it wrote to standard error, if it never got ready.
    pub(crate) last_words: String,
}

impl From<LaneError> for StartError {
    fn from(error: LaneError) -> Self {
        match error {
            // Not memory is missing then, but a descriptor.
            LaneError::Os {
                errno: errno @ (Errno::EMFILE | Errno::ENFILE),
                ..
            } => io::Error::from(errno).into(),
            error => Self::Lane(error),
        }
    }
}

impl Death {
    /// The end of a process that never ran.
    pub(crate) fn unborn(how: Ended) -> Self {
        Self {
            worker: 0,
            how,
            last_words: String::new(),
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with code {code}"),
            Self::Killed(number) => match Signal::try_from(*number) {
                Ok(signal) => write!(f, "was killed by {signal}"),
                Err(_) => write!(f, "was killed by signal {number}"),
            },
            Self::OutOfMemory => write!(
                f,
                "was killed by SIGKILL, probably for want of memory (oom_kill has risen in the control \
                 group's memory.events or memory.oom_control): allow it more, or use fewer workers"
            ),
            Self::Babbled(nonsense) => {
                write!(f, "broke the protocol and was killed ({nonsense})")
            }
            Self::Unknown => write!(f, "ended, how is not known"),
            Self::NotStarted(reason) => write!(f, "could not be started ({reason})"),
            Self::Mute(time) => write!(
                f,
                "did not get ready within {time:?} and was killed: is it a worker executable? \
                 If it only needs longer, raise `PoolBuilder::start_limit`"
            ),
            Self::Unprepared(time) => write!(
                f,
                "was still in its initializer after {time:?} and was killed: if it only needs longer, raise \
                 `PoolBuilder::initializer_limit`"
            ),
            Self::Refused(reason) => write!(f, "refused to work ({reason})"),
        }
    }
}

/// Why a pool did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no such worker executable.
    #[error(
        "no worker executable at {}; build it with `cargo build --release --workspace`, \
         or name another with --worker-exe or BRIGADE_WORKER", path.display()
    )]
    NoWorker {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The operating system did not start it.
    #[error("cannot start the worker {}: {error}{}", path.display(), hint(error))]
    Spawn {
        /// The executable.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Master and worker do not fit together.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// No status board.
    #[error(transparent)]
    Board(#[from] BoardError),
    /// No memory to share with a worker.
    #[error("{0}")]
    Lane(LaneError),
    /// A pool without workers does nothing.
    #[error("a pool needs at least one worker")]
    NoWorkers,
    /// More workers than a pool can have.
    #[error("a pool can have at most {most} workers, not {asked}")]
    TooManyWorkers {
        /// How many were asked for.
        asked: usize,
        /// How many there can be.
        most: usize,
    },
    /// Something else the pool needs from the system.
    #[error("cannot set up the pool: {error}{}", hint(error))]
    Io {
        /// What the system said.
        error: io::Error,
    },
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::Io { error }
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::EMFILE) => {
            "; raise the limit on open files with `ulimit -n` or use fewer workers"
        }
        Some(libc::EAGAIN) => {
            "; raise the limit on processes with `ulimit -u` or use fewer workers"
        }
        Some(libc::EACCES) => "; make the file executable with `chmod +x`",
        _ => "",
    }
}

/// Why a task was not accepted.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubmitError {
    /// `close` or `terminate` came before.
    #[error("the pool is closed and takes no more tasks")]
    Closed,
    /// The input refused to be encoded or is too large.
    #[error("the task's input {0}")]
    Input(#[from] AppendError),
    /// The pool has given up.
    #[error("the pool has no workers: {0}")]
    PoolBroken(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_death_names_the_worker_the_signal_and_the_attempt() {
        let error = TaskError::WorkerDied {
            worker: 4711,
            how: Ended::Killed(9),
            attempt: 2,
        };
        assert_eq!(
            error.to_string(),
            "worker 4711 was killed by SIGKILL while it ran the task (attempt 2)"
        );
    }

    #[test]
    fn fault_7_a_worker_killed_for_want_of_memory_names_the_signal_and_the_remedy() {
        let text = Ended::OutOfMemory.to_string();
        for part in ["SIGKILL", "memory.events", "fewer workers"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_lack_of_descriptors_comes_with_its_remedy() {
        let error = StartError::from(io::Error::from_raw_os_error(libc::EMFILE));
        assert!(error.to_string().contains("ulimit -n"), "{error}");
    }
}
