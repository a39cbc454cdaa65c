//! Fault: a task that does what tasks do to become guilty, for the tests of the pool's promises.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Task;

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
}
