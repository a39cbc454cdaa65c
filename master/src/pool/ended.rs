//! How worker processes end.

use std::{fmt, time::Duration};

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

/// How a worker process ended.
///
/// ```
/// use brigade::{Ended, Pool, TaskError, jobs::fault::{Fault, Misdeed}};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
/// #     return Ok(());
/// # }
/// let pool = Pool::builder().workers(1).this_executable()?.start()?;
/// let killed = pool.submit::<Fault>(Misdeed::Signal(9))?.wait();
/// assert!(matches!(killed, Err(TaskError::WorkerDied { how: Ended::Killed(9), .. })));
/// let gone = pool.submit::<Fault>(Misdeed::Exit(0))?.wait();
/// assert!(matches!(gone, Err(TaskError::WorkerDied { how: Ended::Exited(0), .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// The end of one worker process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Death {
    /// Its process id, 0 if there was none.
    pub(crate) worker: i32,
    pub(crate) how: Ended,
    /// The end of what it wrote to standard error, if it never got ready.
    pub(crate) last_words: String,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_7_a_worker_killed_for_want_of_memory_names_the_signal_and_the_remedy() {
        let text = Ended::OutOfMemory.to_string();
        for part in ["SIGKILL", "memory.events", "fewer workers"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
