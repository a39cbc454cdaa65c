//! What can go wrong with one task.

use std::time::Duration;

use brigade_protocol::{TaskFailure, frame::AppendError};

use super::ended::Ended;

/// Why a task has no output.
///
/// What befell a task of a map names its input: [`input_index`](Self::input_index).
///
/// ```
/// use brigade::{TaskError, TaskFailure, jobs::fault::{Fault, Misdeed}};
///
/// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
/// let error = pool.submit::<Fault>(Misdeed::Panic("ouch".into()))?.wait();
/// let Err(TaskError::Failed { failure, attempt: 1, .. }) = error else {
///     panic!("{error:?}");
/// };
/// assert!(matches!(
///     failure,
///     TaskFailure::Panicked { message, location, .. } if message == "ouch" && location.contains(".rs:")
/// ));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum TaskError {
    /// The task failed and its worker lives on: it panicked, returned an error, or its result is unfit.
    #[error("{}the task {}{failure} (worker {worker}, attempt {attempt})", of_input(*input_index), failed(failure))]
    Failed {
        /// How.
        failure: TaskFailure,
        /// Process id of the worker that ran it.
        worker: i32,
        /// 1 for the first attempt.
        attempt: u32,
        /// Position of the input in the iterator that a map was given, from 0; `None` for a task submitted by
        /// itself.
        input_index: Option<u64>,
    },
    /// The worker ended while it ran this task.
    #[error(
        "{}worker {worker} {how} while it ran the task (attempt {attempt})", of_input(*input_index)
    )]
    WorkerDied {
        /// Process id of the worker.
        worker: i32,
        /// How it ended.
        how: Ended,
        /// 1 for the first attempt.
        attempt: u32,
        /// Position of the input in the iterator that a map was given, from 0; `None` for a task submitted by
        /// itself.
        input_index: Option<u64>,
    },
    /// The task ran for longer than it may, and its worker was ended for it.
    #[error(
        "{}the task was still running after {limit:?}, so {} (attempt {attempt})",
        of_input(*input_index), given_up(*worker)
    )]
    TimedOut {
        /// How long it may run.
        limit: Duration,
        /// Process id of the worker.
        worker: i32,
        /// 1 for the first attempt.
        attempt: u32,
        /// Position of the input in the iterator that a map was given, from 0; `None` for a task submitted by
        /// itself.
        input_index: Option<u64>,
    },
    /// The input of a map's task refused to be encoded or is too large.
    #[error("{}the task's input {error}", of_input(*input_index))]
    Input {
        /// What is wrong with it.
        error: AppendError,
        /// Position of the input in the iterator that a map was given, from 0; `None` for a task submitted by
        /// itself.
        input_index: Option<u64>,
    },
    /// The result's bytes are not the output type of the task.
    #[error("{}the task's result {reason}", of_input(*input_index))]
    OutputUndecodable {
        /// What is wrong with them.
        reason: String,
        /// Position of the input in the iterator that a map was given, from 0; `None` for a task submitted by
        /// itself.
        input_index: Option<u64>,
    },
    /// The worker executable has no function for this kind of task.
    #[error("the worker executable knows no task kind `{kind}`; it knows: {}", known.join(", "))]
    UnknownKind {
        /// The kind that was asked for.
        kind: &'static str,
        /// What the executable has registered.
        known: Vec<String>,
    },
    /// The task was given to one host of a cluster after another, and none lived to answer.
    #[error(
        "the task was given to hosts {deliveries} times and none of them answered: it may end its host, or take \
         longer than the host can say that it lives"
    )]
    Undelivered {
        /// How often.
        deliveries: u64,
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

impl TaskError {
    /// Position of the task's input in the iterator that a map was given, counted from 0: for a task of `map`,
    /// `starmap`, `map_unordered` or `map_async` that failed, lost its worker, ran out of time, or whose input or
    /// output does not fit its type.
    ///
    /// `None` for a task submitted by itself, and for what befalls a whole pool or a handle: an unknown kind of
    /// task, cancelling, a pool that gave up, an outcome taken before.
    ///
    /// ```
    /// use brigade::jobs::fault::{Fault, Misdeed};
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let inputs = (0..100).map(|n| if n == 17 { Misdeed::Panic("ouch".into()) } else { Misdeed::None });
    /// let errors: Vec<_> = pool.map::<Fault, _>(inputs).filter_map(Result::err).collect();
    /// assert_eq!(errors.len(), 1);
    /// assert_eq!(errors[0].input_index(), Some(17));
    /// assert!(errors[0].to_string().starts_with("input 17: the task panicked at "));
    ///
    /// let single = pool.submit::<Fault>(Misdeed::Panic("ouch".into()))?.wait();
    /// assert!(single.is_err_and(|error| error.input_index().is_none()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn input_index(&self) -> Option<u64> {
        match self {
            Self::Failed { input_index, .. }
            | Self::WorkerDied { input_index, .. }
            | Self::TimedOut { input_index, .. }
            | Self::Input { input_index, .. }
            | Self::OutputUndecodable { input_index, .. } => *input_index,
            Self::UnknownKind { .. }
            | Self::Undelivered { .. }
            | Self::Cancelled
            | Self::Taken
            | Self::PoolBroken(_) => None,
        }
    }

    /// The same error without the position, for a caller that names the input in its own words.
    ///
    /// ```
    /// use brigade::jobs::fault::{Fault, Misdeed};
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let outcome = pool.map::<Fault, _>([Misdeed::Error("no".into())]).next();
    /// let error = outcome.and_then(Result::err).ok_or("no error")?.without_input_index();
    /// assert!(error.to_string().starts_with("the task failed: no"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn without_input_index(self) -> Self {
        self.of_input(None)
    }

    /// The same error, of the task with the input at this position of a map.
    #[must_use]
    pub(super) fn of_input(mut self, index: Option<u64>) -> Self {
        match &mut self {
            Self::Failed { input_index, .. }
            | Self::WorkerDied { input_index, .. }
            | Self::TimedOut { input_index, .. }
            | Self::Input { input_index, .. }
            | Self::OutputUndecodable { input_index, .. } => *input_index = index,
            Self::UnknownKind { .. }
            | Self::Undelivered { .. }
            | Self::Cancelled
            | Self::Taken
            | Self::PoolBroken(_) => {}
        }
        self
    }
}

/// What became of who ran a task for too long. A thread of this process cannot be ended.
fn given_up(worker: i32) -> String {
    if i32::try_from(std::process::id()) == Ok(worker) {
        "it was given up, and its thread goes on until it returns".to_owned()
    } else {
        format!("worker {worker} was ended")
    }
}

/// What stands before the words of a failure that have no verb of their own.
fn failed(failure: &TaskFailure) -> &'static str {
    match failure {
        TaskFailure::Panicked { .. } => "",
        _ => "failed: ",
    }
}

/// How a message begins that is about one input of a map.
fn of_input(index: Option<u64>) -> String {
    index.map_or_else(String::new, |index| format!("input {index}: "))
}

/// Why a task was not accepted.
///
/// ```
/// use brigade::{SubmitError, jobs::echo::Echo};
///
/// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
/// pool.close();
/// assert_eq!(pool.submit::<Echo>(7).err(), Some(SubmitError::Closed));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
            input_index: None,
        };
        assert_eq!(
            error.to_string(),
            "worker 4711 was killed by SIGKILL while it ran the task (attempt 2)"
        );
        assert_eq!(
            error.of_input(Some(17)).to_string(),
            "input 17: worker 4711 was killed by SIGKILL while it ran the task (attempt 2)"
        );
    }
}
