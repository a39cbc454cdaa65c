//! How far producers run ahead of a consumer that keeps up: no farther than the processor's caches reach. One core then
//! reads what another has just written, and not what has gone to memory meanwhile.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::link::Link;
use crate::shm::gate::Deadline;

/// So much of the ring stays in the processor's caches.
pub(super) const WARM_BYTES: u64 = 1 << 20;

/// How long to let the consumer catch up before looking again, and in all.
const NAP: Duration = Duration::from_micros(50);
const MOST: Duration = Duration::from_millis(1);

/// What is put before a consumer that did not keep up is given another chance.
const RESPITE_BYTES: u64 = 8 * WARM_BYTES;

/// What a producer knows of its consumer.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// It does not keep up, and waiting for it would only hold back the producer: not before so many bytes.
    respite: u64,
}

impl Pace {
    /// Lets the consumer catch up, if it does so at once.
    pub(super) fn keep(&mut self, link: &Link, needed: u64, deadline: Deadline) {
        let ahead = ahead(link);
        if ahead + needed <= WARM_BYTES || ahead <= WARM_BYTES / 2 {
            self.respite = 0;
        } else if self.respite > 0 {
            self.respite = self.respite.saturating_sub(needed);
        } else if !catches_up(link, deadline) {
            self.respite = RESPITE_BYTES;
        }
    }
}

/// Waits while the consumer is at work, until half of the warm part is free.
fn catches_up(link: &Link, deadline: Deadline) -> bool {
    let mut head = link.head();
    let began = Instant::now();
    // Whoever has little time would rather put.
    if deadline.left().is_none_or(|left| left < 4 * MOST) {
        return false;
    }
    while began.elapsed() < MOST {
        thread::sleep(NAP);
        if ahead(link) <= WARM_BYTES / 2 {
            return true;
        }
        let before = head;
        head = link.head();
        if head == before {
            return false;
        }
    }
    false
}

/// Bytes that are still to be got.
fn ahead(link: &Link) -> u64 {
    // In this order the second cannot have overtaken the first.
    let head = link.head();
    link.tail().bytes_since(head)
}
