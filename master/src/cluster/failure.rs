//! How a task's error travels from the host to the master.

use std::time::Duration;

use brigade_protocol::TaskFailure;
use serde::{Deserialize, Serialize};

use crate::pool::{Ended, TaskError};

/// Why a task has no output, as a host says it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Failure {
    Failed {
        failure: TaskFailure,
        worker: i32,
        attempt: u32,
    },
    WorkerDied {
        worker: i32,
        how: Ended,
        attempt: u32,
    },
    TimedOut {
        limit: Duration,
        worker: i32,
        attempt: u32,
    },
    UnknownKind {
        known: Vec<String>,
    },
    /// The chunk came back again and again, and no host lived to answer.
    Undelivered {
        deliveries: u64,
    },
    Other(String),
}

impl Failure {
    /// `None` for what befell the local pool, not the task: another host is to try.
    pub(super) fn of(error: TaskError) -> Option<Self> {
        Some(match error {
            TaskError::Failed {
                failure,
                worker,
                attempt,
                ..
            } => Self::Failed {
                failure,
                worker,
                attempt,
            },
            TaskError::WorkerDied {
                worker,
                how,
                attempt,
                ..
            } => Self::WorkerDied {
                worker,
                how,
                attempt,
            },
            TaskError::TimedOut {
                limit,
                worker,
                attempt,
                ..
            } => Self::TimedOut {
                limit,
                worker,
                attempt,
            },
            TaskError::UnknownKind { known, .. } => Self::UnknownKind { known },
            TaskError::Cancelled | TaskError::PoolBroken(_) => return None,
            other => Self::Other(other.to_string()),
        })
    }

    /// The same as the caller's handle says it.
    pub(super) fn into_error(self, kind: &'static str) -> TaskError {
        match self {
            Self::Failed {
                failure,
                worker,
                attempt,
            } => TaskError::Failed {
                failure,
                worker,
                attempt,
                input_index: None,
            },
            Self::WorkerDied {
                worker,
                how,
                attempt,
            } => TaskError::WorkerDied {
                worker,
                how,
                attempt,
                input_index: None,
            },
            Self::TimedOut {
                limit,
                worker,
                attempt,
            } => TaskError::TimedOut {
                limit,
                worker,
                attempt,
                input_index: None,
            },
            Self::UnknownKind { known } => TaskError::UnknownKind { kind, known },
            Self::Undelivered { deliveries } => TaskError::Undelivered { deliveries },
            Self::Other(reason) => TaskError::OutputUndecodable {
                reason,
                input_index: None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_befell_a_task_arrives_as_it_was_and_what_befell_a_pool_does_not() {
        let error = TaskError::WorkerDied {
            worker: 7,
            how: Ended::Killed(9),
            attempt: 2,
            input_index: None,
        };
        let failure = Failure::of(error.clone()).unwrap();
        assert_eq!(failure.into_error("x"), error);
        assert_eq!(Failure::of(TaskError::Cancelled), None);
        assert_eq!(Failure::of(TaskError::PoolBroken("no".into())), None);
    }
}
