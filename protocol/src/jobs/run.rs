//! Run: an external command, what becomes of its output, and how it ended.
//!
//! All of it is plain data: bytes and numbers, no descriptor, so a command may run wherever there is a worker.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{Task, queue::ProducerTicket};

/// Runs one external command to its end.
#[derive(Debug)]
pub struct RunCommand;

impl Task for RunCommand {
    const KIND: &'static str = "run.command";
    type Input = Command;
    type Output = Ran;
}

/// Name of the shared segment that takes what is too large to be sent: a file, without a name, of the master's.
pub const SPOOL: &str = "run.spool";

/// A command to run. Its standard input is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Number of the job, for whoever puts pieces of output together.
    pub job: u64,
    /// The program, looked for in `PATH` if it has no slash, and its arguments: any bytes but NUL.
    pub argv: Vec<ByteBuf>,
    /// Where it runs; where the worker does if not given.
    pub directory: Option<ByteBuf>,
    /// Changes to the worker's environment.
    pub environment: Vec<(ByteBuf, ByteBuf)>,
    /// How long it may run. Then it is asked to end, with all it has started, and killed a second later.
    pub timeout: Option<Duration>,
    /// What becomes of what it writes.
    pub output: Output,
}

/// What becomes of what a command writes to standard output and standard error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    /// It is kept, and part of the result.
    Keep,
    /// Whole lines are sent as they come.
    Lines(ProducerTicket<Piece>),
    /// It goes where the worker's own goes.
    Inherit,
}

/// Something that a command has written, or word that there will be no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Number of the job.
    pub job: u64,
    /// What was written.
    pub said: Said,
}

/// What a [`Piece`] tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Said {
    /// Whole lines on standard output; the last ones of a command may lack their end.
    Out(ByteBuf),
    /// The same on standard error.
    Error(ByteBuf),
    /// There will be no more.
    End,
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// How it ended.
    pub end: End,
    /// When it began: since 1970.
    pub began: Duration,
    /// How long it took.
    pub took: Duration,
    /// What it wrote to standard output, if that was to be kept.
    pub stdout: Captured,
    /// What it wrote to standard error, if that was to be kept.
    pub stderr: Captured,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// With this exit code.
    Exited(i32),
    /// By this signal.
    Signalled(i32),
    /// It was ended because its time was over.
    TimedOut,
    /// It was ended because its output could not be kept, for this reason.
    Unkept(String),
    /// It did not begin.
    NotStarted(NoStart),
}

/// Why a command did not begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum NoStart {
    /// There are no words.
    #[error("the command is empty")]
    Empty,
    /// There is no such program.
    #[error("there is no such program in PATH, or no such file")]
    NotFound,
    /// The file is there, and what its first line names is not.
    #[error("the interpreter that its first line names is not there")]
    NoInterpreter,
    /// The file is there, but must not be run.
    #[error("it is not executable; `chmod +x` makes it so")]
    NotExecutable,
    /// The file is neither a binary of this machine nor a script with a first line.
    #[error("it is neither a program for this machine nor a script that begins with `#!`")]
    NoProgram,
    /// More bytes of arguments and environment than the kernel takes.
    #[error(
        "its arguments are longer than the system allows (128 KiB each, and `getconf ARG_MAX` in all)"
    )]
    TooLong,
    /// What begins programs knows no such argument.
    #[error("an argument has a NUL byte in it, which no program can be given")]
    Nul,
    /// The directory to run in.
    #[error("its working directory cannot be used: {0}")]
    Directory(String),
    /// What else the system says.
    #[error("{0}")]
    System(String),
}

impl NoStart {
    /// What shells exit with for it: 127 when there is nothing, 126 when it cannot be run.
    #[must_use]
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Empty | Self::NotFound | Self::NoInterpreter => 127,
            _ => 126,
        }
    }
}

/// What a command wrote to one stream: what lies in the [`SPOOL`], in this order, and then the tail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// What was too much to be sent.
    pub spooled: Vec<Extent>,
    /// The rest, or all if it was little.
    pub tail: ByteBuf,
}

impl Captured {
    /// How many bytes there are.
    ///
    /// ```
    /// use brigade_protocol::jobs::run::{Captured, Extent};
    ///
    /// let spooled = vec![Extent { offset: 7, bytes: 100 }];
    /// let captured = Captured { spooled, tail: b"end".to_vec().into() };
    /// assert_eq!(captured.bytes(), 103);
    /// ```
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let spooled = self.spooled.iter().map(|extent| extent.bytes);
        spooled.fold(self.tail.len() as u64, u64::saturating_add)
    }
}

/// A piece of the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
}
