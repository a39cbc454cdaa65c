//! Room in a queue, and waiting for it.

use std::{
    sync::atomic::Ordering::{Acquire, Relaxed},
    time::{Duration, Instant},
};

use super::{
    error::QueueError,
    layout::Layout,
    link::{Link, OpenEnd, Peer},
    position::{MOST_ITEMS, Position, distance},
};
use crate::shm::gate::{Deadline, LONGEST_SLEEP};

/// The first sleep of a producer that finds no room; then twice as long each time.
const FIRST_SLEEP: Duration = Duration::from_millis(1);

/// Whether so many bytes and one more item would fit.
pub(super) fn has_room(layout: &Layout, tail: Position, head: Position, needed: u64) -> bool {
    let used = tail.bytes_since(head);
    let unfinished = if layout.is_joinable().load(Relaxed) == 0 {
        0
    } else {
        distance(tail.items(), layout.done().load(Acquire))
    };
    tail.items_since(head) < layout.capacity().load(Relaxed)
        && unfinished < MOST_ITEMS
        && used + needed <= layout.0.ring_bytes() as u64
}

/// A wait for room.
pub(super) struct Waiting {
    deadline: Deadline,
    began: Option<Instant>,
    sleep: Duration,
    pub(super) slept: bool,
}

impl Waiting {
    pub(super) fn new(deadline: Deadline) -> Self {
        Self {
            deadline,
            began: None,
            sleep: FIRST_SLEEP,
            slept: false,
        }
    }

    /// Sleeps until there may be room. The consumer wakes only when there is a good deal of it; that there is
    /// any at all is found out here, after at most as long again as the wait has lasted.
    pub(super) fn wait(
        &mut self,
        member: &OpenEnd,
        there_is: impl Fn(&Link) -> bool,
    ) -> Result<(), QueueError> {
        let link = member.link();
        let left = self.deadline.left().ok_or(QueueError::Full)?;
        let began = *self.began.get_or_insert_with(Instant::now);
        match link.consumer() {
            Peer::Gone => return Err(QueueError::Closed),
            Peer::Awaited if began.elapsed() >= link.patience() => {
                return Err(QueueError::NobodyThere {
                    waited: link.patience(),
                });
            }
            Peer::Present | Peer::Awaited => {}
        }
        let gate = link.layout().room_gate();
        gate.announce();
        if !there_is(link) {
            gate.sleep(self.sleep.min(left));
            self.slept = true;
            self.sleep = (self.sleep * 2).min(LONGEST_SLEEP);
        }
        Ok(())
    }
}
