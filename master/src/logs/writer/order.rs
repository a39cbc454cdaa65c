//! What the writer is told, and what it tells in the end.

use std::time::Instant;

use crate::logs::batch::Batch;

/// When lines are made to last through a loss of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Fsync {
    /// When the system sees fit
    Never,
    /// Once a second
    Interval,
    /// After each write, before the next
    Always,
}

/// What the writer is told.
#[derive(Debug)]
pub(in crate::logs) enum Order {
    Write(Batch),
    Reopen,
    /// Write what is there and the last line, until then.
    End(Instant),
}

/// How it went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// Records whose lines are in the file.
    pub(crate) lines: u64,
    /// Records that were taken in and could not be written until the end.
    pub(crate) unwritten: u64,
    /// Whoever read the lines has closed the pipe.
    pub(crate) is_closed: bool,
}
