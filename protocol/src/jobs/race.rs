//! Race: many who add to one number.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    Task,
    sync::{Mutex, Party, Ticket, Value},
};

/// Adds one, many times.
#[derive(Debug)]
pub struct Add;

impl Task for Add {
    const KIND: &'static str = "demo.race";
    type Input = Adding;
    type Output = Added;
}

/// How one is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// Read, add, write: three steps, between which others may do the same.
    Unsynchronised(Ticket<Value<u64>>),
    /// One atomic instruction.
    Atomic(Ticket<Value<u64>>),
    /// Read, add, write, while holding a lock.
    Locked(Ticket<Mutex<u64>>),
}

/// What each is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adding {
    /// How.
    pub way: Way,
    /// How many times.
    pub times: u64,
    /// All begin together.
    pub start: Ticket<Party>,
}

/// How long it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// In which process.
    pub pid: u32,
    /// From the common start to the last addition.
    pub took: Duration,
}
