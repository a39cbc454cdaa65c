//! Where a queue's words lie in its arena.
//!
//! ```text
//! 0        64              128            192 … 448   512          16384
//! | fixed  | producers'    | consumer's   | gates     | members    | ring: frames of items
//!   magic    lock, tail,     head, done               1024 x u32
//!   limits   reserved        lost
//! ```
//!
//! Who writes a line of 64 bytes is one side only, so that the processors do not take it from each other more
//! often than they must.

use std::sync::atomic::{AtomicU32, AtomicU64};

use super::lock::PutLock;
use crate::shm::{Arena, gate::Gate};

pub(super) const HEADER_BYTES: usize = 16 << 10;

pub(super) const MAGIC: u64 = u64::from_le_bytes(*b"BRGQUEU1");

/// How many ends a queue can have: its home, one consumer, and producers.
pub(super) const MEMBERS: u32 = 1024;

/// The fixed words and the moving ones.
#[derive(Debug)]
pub(super) struct Layout(pub(super) Arena);

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident: $width:ident at $offset:literal,)*) => {
        impl Layout {
            $($(#[$doc])* pub(super) fn $name(&self) -> words!(type $width) {
                words!(get self $width $offset)
            })*
        }
    };
    (type long) => { &AtomicU64 };
    (type word) => { &AtomicU32 };
    (type gate) => { Gate<'_> };
    (type lock) => { PutLock<'_> };
    (get $self:ident long $offset:literal) => { $self.0.long_word($offset) };
    (get $self:ident word $offset:literal) => { $self.0.word($offset) };
    (get $self:ident gate $offset:literal) => { Gate($self.0.word($offset)) };
    (get $self:ident lock $offset:literal) => { PutLock($self.0.word($offset)) };
}

words! {
    magic: long at 0,
    /// A random number, which the queue's tickets name.
    id: long at 8,
    /// The most items in the queue.
    capacity: long at 16,
    /// The most bytes of one item.
    item_limit: long at 24,
    /// Nanoseconds that an end waits while nobody is at the other one.
    patience: long at 32,
    /// Whether the consumer says which items are done: 0 or 1.
    is_joinable: word at 40,

    /// Who puts at the moment.
    lock: lock at 64,
    /// What has been put. Changed by who holds the lock.
    tail: long at 72,
    /// From its beginning on, so many bytes of the ring have memory. Changed by who holds the lock.
    reserved: long at 80,

    /// What has been got. Changed by the consumer.
    head: long at 128,
    /// A counter of the items that were got and are done, or lost. Changed by the consumer.
    done: long at 136,
    /// How many of them were lost with a consumer. Changed by the consumer.
    lost: long at 144,
    /// Whether the consumer waits for an item, and would get one at once: 0 or 1. Changed by the consumer.
    is_waiting: word at 152,

    /// Where the consumer sleeps while the queue is empty.
    items_gate: gate at 192,
    /// Where producers sleep while the queue is full.
    room_gate: gate at 256,
    /// Where those sleep who wait until all is done.
    done_gate: gate at 320,
    /// Where those sleep who wait until ends are opened.
    opened_gate: gate at 384,

    /// Whether no further end can be opened: 0 or 1.
    is_sealed: word at 448,
    /// How many producers have been opened.
    producers_opened: word at 452,
    /// How many consumers have been opened.
    consumers_opened: word at 456,
    /// No member beyond this one has ever been there.
    members_end: word at 460,
}

impl Layout {
    /// Whether a member's end is open: 0 or 1. It may be open and its process dead.
    pub(super) fn member(&self, index: u32) -> &AtomicU32 {
        self.0.word(512 + 4 * index.min(MEMBERS - 1) as usize)
    }
}
