//! Ends of queues in workers, which are closed, or die with what they are in the middle of.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    Task,
    queue::{Bytes, ConsumerTicket, ProducerTicket},
};

/// An item that says where it is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// Process id of the producer.
    pub from: u32,
    /// The how manieth of this producer, from 0.
    pub number: u64,
    /// The lower byte of the number, again and again.
    pub load: Bytes,
}

impl Parcel {
    /// The parcel with this number from this process, with a load of so many bytes.
    #[must_use]
    pub fn new(from: u32, number: u64, load_bytes: usize) -> Self {
        let load = Bytes(vec![number.to_le_bytes()[0]; load_bytes]);
        Self { from, number, load }
    }
}

/// How an end ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Then {
    /// It is closed.
    Close,
    /// Its process is killed.
    Die,
}

/// Puts parcels. Returns how many.
#[derive(Debug)]
pub struct Produce;

impl Task for Produce {
    const KIND: &'static str = "fault.produce";
    type Input = Production;
    type Output = u64;
}

/// What a [`Produce`] task puts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Production {
    /// Where.
    pub ticket: ProducerTicket<Parcel>,
    /// How many at most.
    pub count: u64,
    /// How many bytes each carries.
    pub load_bytes: usize,
    /// Whether to stop as soon as the queue is full instead of waiting.
    pub until_full: bool,
    /// And afterwards.
    pub then: Then,
}

/// Gets parcels. Returns where each was from, and its number.
#[derive(Debug)]
pub struct Consume;

impl Task for Consume {
    const KIND: &'static str = "fault.consume";
    type Input = Consumption;
    type Output = Vec<(u32, u64)>;
}

/// What a [`Consume`] task gets.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Consumption {
    /// Where.
    pub ticket: ConsumerTicket<Parcel>,
    /// How many at most; fewer if the queue is closed before.
    pub count: u64,
    /// How long to wait for each.
    pub limit: Duration,
    /// And afterwards.
    pub then: Then,
}

/// Puts into one queue what comes out of another, until that is closed. Returns how many items.
#[derive(Debug)]
pub struct Answer;

impl Task for Answer {
    const KIND: &'static str = "fault.answer";
    type Input = (ConsumerTicket<Bytes>, ProducerTicket<Bytes>);
    type Output = u64;
}
