//! Everything of `sync/` at once, to be killed in the middle of.

use serde::{Deserialize, Serialize};

use crate::{
    Task,
    sync::{Array, BoundedSemaphore, Condvar, Event, Mutex, RwLock, Semaphore, SharedList, Ticket},
};

/// Takes and gives back everything, round after round, until the end, and looks whether it is sound.
#[derive(Debug)]
pub struct Contend;

impl Task for Contend {
    const KIND: &'static str = "fault.contend";
    type Input = Contention;
    /// How many rounds this process has done.
    type Output = u64;
}

/// What is contended for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Contention {
    /// Numbers that are all the same when nobody is at work on them.
    pub ledger: Ticket<Mutex<[u64; 16]>>,
    /// For waiting with the ledger.
    pub changed: Ticket<Condvar>,
    /// The same as the ledger, with readers.
    pub table: Ticket<RwLock<[u64]>>,
    /// Permits that are counted.
    pub permits: Ticket<Semaphore>,
    /// Permits that are named.
    pub bounded: Ticket<BoundedSemaphore>,
    /// A list whose items are all texts of one letter, repeated.
    pub list: Ticket<SharedList>,
    /// Rounds that were done, by each.
    pub rounds: Ticket<Array<u64>>,
    /// Which number among the rounds is this one's.
    pub number: u32,
    /// When it is over.
    pub end: Ticket<Event>,
}
