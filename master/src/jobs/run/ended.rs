//! A job that has ended, as everybody wants to know it.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use brigade::TaskError;
use brigade_protocol::jobs::run::{Captured, End, NoStart, Ran};
use nix::sys::signal::Signal;

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    Exited(i32),
    Signalled(i32),
    TimedOut,
    /// Its output could not be kept.
    Unkept(String),
    NotStarted(NoStart),
    /// It is no command.
    NoCommand(String),
    /// The worker that ran it has died, or could not run it.
    Lost(String),
}

/// A job that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its number, from 1 on.
    pub(crate) sequence: u64,
    /// The command for people.
    pub(crate) command: Vec<u8>,
    /// What its lines begin with, if they are to begin with anything.
    pub(crate) tag: Option<Vec<u8>>,
    pub(crate) status: Status,
    /// Since 1970.
    pub(crate) began: Duration,
    pub(crate) took: Duration,
    pub(crate) attempts: u32,
    pub(crate) stdout: Captured,
    pub(crate) stderr: Captured,
}

impl Status {
    pub(crate) fn is_success(&self) -> bool {
        *self == Self::Exited(0)
    }

    /// The exit code as GNU parallel's job log has it.
    pub(crate) fn exit_value(&self) -> i32 {
        match self {
            Self::Exited(code) => *code,
            Self::Signalled(_) => 0,
            Self::NotStarted(why) => why.exit_code(),
            Self::NoCommand(_) => 127,
            Self::TimedOut | Self::Unkept(_) | Self::Lost(_) => -1,
        }
    }

    /// The signal as GNU parallel's job log has it.
    pub(crate) fn signal(&self) -> i32 {
        match self {
            Self::Signalled(signal) => *signal,
            Self::TimedOut => Signal::SIGTERM as i32,
            Self::Unkept(_) | Self::Lost(_) => Signal::SIGKILL as i32,
            Self::Exited(_) | Self::NotStarted(_) | Self::NoCommand(_) => 0,
        }
    }

    /// Whether nobody but us has told why it failed.
    pub(crate) fn is_untold(&self) -> bool {
        !matches!(self, Self::Exited(_))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exit code {code}"),
            Self::Signalled(number) => match Signal::try_from(*number) {
                Ok(signal) => write!(f, "killed by {signal}"),
                Err(_) => write!(f, "killed by signal {number}"),
            },
            Self::TimedOut => write!(f, "still running when its time was over"),
            Self::NotStarted(why) => write!(f, "cannot be run: {why}"),
            Self::Unkept(why) | Self::NoCommand(why) | Self::Lost(why) => f.write_str(why),
        }
    }
}

/// What is known of a command that nothing is known of.
pub(super) fn nothing() -> Ran {
    Ran {
        end: End::TimedOut,
        began: SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default(),
        took: Duration::ZERO,
        stdout: Captured::default(),
        stderr: Captured::default(),
    }
}

/// What a job's task came to; `None` if it was called off.
pub(super) fn outcome(result: Result<Ran, TaskError>) -> Option<(Status, Ran)> {
    match result {
        Ok(ran) => {
            let status = match &ran.end {
                End::Exited(code) => Status::Exited(*code),
                End::Signalled(signal) => Status::Signalled(*signal),
                End::TimedOut => Status::TimedOut,
                End::Unkept(why) => Status::Unkept(why.clone()),
                End::NotStarted(why) => Status::NotStarted(why.clone()),
            };
            Some((status, ran))
        }
        Err(TaskError::Cancelled) => None,
        Err(error) => Some((Status::Lost(error.to_string()), nothing())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_have_the_numbers_of_gnu_parallel() {
        let numbers = |status: Status| (status.exit_value(), status.signal());
        assert_eq!(numbers(Status::Exited(3)), (3, 0));
        assert_eq!(numbers(Status::Signalled(9)), (0, 9));
        assert_eq!(numbers(Status::TimedOut), (-1, 15));
        assert_eq!(numbers(Status::NotStarted(NoStart::NotFound)), (127, 0));
        assert_eq!(
            numbers(Status::NotStarted(NoStart::NotExecutable)),
            (126, 0)
        );
        assert_eq!(Status::Signalled(9).to_string(), "killed by SIGKILL");
    }
}
