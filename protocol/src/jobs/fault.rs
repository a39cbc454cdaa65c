//! Fault: tasks that do what tasks do to become guilty, for the tests of the pool's promises and for
//! `master doctor`.

mod contend;
mod ends;

use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use crate::Task;

pub use contend::{Contend, Contention};
pub use ends::{Answer, Consume, Consumption, Parcel, Produce, Production, Then};

/// Misbehaves as asked, and otherwise returns the worker's process id.
#[derive(Debug)]
pub struct Fault;

impl Task for Fault {
    const KIND: &'static str = "fault";
    type Input = Misdeed;
    type Output = u32;
}

/// What a [`Fault`] task does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Misdeed {
    /// Nothing wrong.
    None,
    /// Sleeps for this long, then returns.
    Sleep(Duration),
    /// Returns an error with this message.
    Error(String),
    /// Panics with this message.
    Panic(String),
    /// Ends the process with this exit code.
    Exit(i32),
    /// Calls abort.
    Abort,
    /// Dies of a segmentation fault.
    Segfault,
    /// Sends this signal to itself.
    Signal(i32),
    /// Writes half a result frame and is killed.
    HalfFrame,
    /// Writes a length of 4 GiB where a frame should begin, and hangs.
    BadLength,
    /// Writes a frame of noise, and hangs.
    BadFrame,
    /// Prints this many bytes to standard output and as many to standard error.
    Print(usize),
    /// Returns the numbers and targets of its open descriptors, as an error message.
    ListDescriptors,
    /// Is killed while the file at this path is absent, which it makes first; returns otherwise.
    DieOnce(String),
    /// Says this on standard error and aborts.
    Complain(String),
    /// Computes for this long, then returns.
    Spin(Duration),
    /// Takes this many bytes of memory and writes to all of them.
    EatMemory(u64),
    /// Stops its process, which then does not even notice SIGTERM.
    Freeze,
    /// Leaves a process behind that sleeps for an hour, and returns the process id of that.
    LeaveChild {
        /// Whether that process has a session of its own, and so is in no group that the worker is in.
        has_own_session: bool,
    },
    /// Leaves a process behind as daemons are: it sleeps for an hour, in a session of its own, and its parent
    /// has ended. Returns the process id of it.
    LeaveDaemon,
    /// Adds a line to the file at this path.
    AppendLine {
        /// The file.
        path: String,
        /// The line, without its end.
        line: String,
    },
}

/// Returns so many bytes.
#[derive(Debug)]
pub struct Huge;

impl Task for Huge {
    const KIND: &'static str = "fault.huge";
    type Input = u64;
    type Output = Vec<u8>;
}

/// Returns what cannot be encoded.
#[derive(Debug)]
pub struct Unencodable;

impl Task for Unencodable {
    const KIND: &'static str = "fault.unencodable";
    type Input = ();
    type Output = Refusing;
}

/// A value that refuses to be encoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Refusing;

impl Serialize for Refusing {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("refuses on purpose"))
    }
}

/// Stores a number in the worker, for [`Recall`].
#[derive(Debug)]
pub struct Remember;

impl Task for Remember {
    const KIND: &'static str = "fault.remember";
    type Input = u64;
    type Output = ();
}

/// Returns the number that the worker has stored, and counts how often it did.
#[derive(Debug)]
pub struct Recall;

impl Task for Recall {
    const KIND: &'static str = "fault.recall";
    type Input = ();
    type Output = (u64, u64);
}

/// Returns what surrounds the worker.
#[derive(Debug)]
pub struct LookAround;

impl Task for LookAround {
    const KIND: &'static str = "fault.surroundings";
    /// The name of an environment variable.
    type Input = String;
    type Output = Surroundings;
}

/// What surrounds a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surroundings {
    /// Its process id.
    pub pid: u32,
    /// Its number in the pool, from 0.
    pub index: u32,
    /// Its working directory.
    pub directory: String,
    /// The environment variable that was asked for.
    pub variable: Option<String>,
    /// The cores it may use.
    pub cores: Vec<usize>,
}
