//! Deli: chefs who take orders from one list, and one tray for which they and the owner race.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    Task,
    queue::ProducerTicket,
    sync::{Array, Event, Mutex, SharedList, Ticket, Value},
};

/// What the day's orders are.
pub const ORDERS: [&str; 8] = [
    "Reuben",
    "Ham and Cheese",
    "Monte Cristo",
    "Tuna Melt",
    "Cuban",
    "Grilled Cheese",
    "French Dip",
    "BLT",
];

/// Makes one order after another until there is none left.
#[derive(Debug)]
pub struct Cook;

impl Task for Cook {
    const KIND: &'static str = "demo.deli.cook";
    type Input = Shift;
    /// How many orders this process has made.
    type Output = u32;
}

/// What a chef needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Shift {
    /// Which chef, from 0.
    pub chef: u32,
    /// What is ordered.
    pub orders: Ticket<SharedList>,
    /// How far each order is: [`OPEN`], [`MADE`], or [`taken`] by a chef.
    pub states: Ticket<Array<u32>>,
    /// Where to say what was made.
    pub made: ProducerTicket<Made>,
    /// When all chefs are there.
    pub start: Ticket<Event>,
    /// The least time to cook; chance adds up to as much again.
    pub least: Duration,
    /// What chance begins with.
    pub seed: u64,
}

impl Shift {
    /// How long an order takes to cook.
    #[must_use]
    pub fn cooking(&self, order: usize) -> Duration {
        let place = (order as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut random = fastrand::Rng::with_seed(self.seed ^ place);
        self.least + self.least.mul_f64(random.f64())
    }
}

/// Nobody has taken the order.
pub const OPEN: u32 = 0;
/// The order is made.
pub const MADE: u32 = 1;

/// This chef has taken the order, and will make it; or the one who comes in its place.
#[must_use]
pub const fn taken(chef: u32) -> u32 {
    chef + 2
}

/// An order that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// By which chef.
    pub chef: u32,
    /// Its place in the list.
    pub order: u32,
    /// What it is.
    pub name: String,
    /// When, on the machine's monotonic clock, in nanoseconds.
    pub at_ns: u64,
}

/// Places sandwiches on the tray when it is at the chef's station.
#[derive(Debug)]
pub struct Place;

impl Task for Place {
    const KIND: &'static str = "demo.deli.place";
    type Input = Station;
    type Output = Placed;
}

/// Moves the tray from station to station until all sandwiches are placed.
#[derive(Debug)]
pub struct MoveTray;

impl Task for MoveTray {
    const KIND: &'static str = "demo.deli.move-tray";
    type Input = Round;
    /// How many times it was moved.
    type Output = u64;
}

/// What a chef at the tray needs.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Station {
    /// Which one, from 0.
    pub number: u32,
    /// Where the tray is.
    pub tray: Ticket<Value<u32>>,
    /// What to hold while checking and placing, if anything.
    pub flag: Option<Ticket<Mutex<()>>>,
    /// When all are there.
    pub start: Ticket<Event>,
    /// How many sandwiches to place.
    pub sandwiches: u32,
}

/// What became of a chef's sandwiches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// How many are on the tray.
    pub on_tray: u64,
    /// How many are on the floor.
    pub on_floor: u64,
}

/// What the owner needs.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Round {
    /// How many stations there are.
    pub stations: u32,
    /// Where the tray is.
    pub tray: Ticket<Value<u32>>,
    /// What to hold while moving it, if anything.
    pub flag: Option<Ticket<Mutex<()>>>,
    /// When all are there.
    pub start: Ticket<Event>,
    /// When all sandwiches are placed.
    pub end: Ticket<Event>,
}
