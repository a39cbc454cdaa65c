//! Waiting until all is done.

use std::{
    sync::atomic::Ordering::{Acquire, Relaxed},
    time::Instant,
};

use super::{
    error::QueueError,
    link::{Link, Peer},
    position::distance,
};
use crate::shm::gate::Deadline;

/// Items that were put and are not done.
pub(super) fn unfinished(link: &Link) -> u64 {
    // In this order the second cannot have overtaken the first.
    let done = link.layout().done().load(Acquire);
    distance(link.tail().items(), done)
}

/// Waits until every item is done, as long as there is somebody to do it.
pub(super) fn join(link: &Link, deadline: Deadline) -> Result<(), QueueError> {
    let layout = link.layout();
    if layout.is_joinable().load(Relaxed) == 0 {
        return Err(QueueError::NotJoinable);
    }
    let began = Instant::now();
    loop {
        let gate = layout.done_gate();
        gate.announce();
        let consumer = link.consumer();
        let unfinished = unfinished(link);
        match (unfinished, consumer) {
            (0, _) => break,
            (_, Peer::Gone) => return Err(QueueError::Abandoned { unfinished }),
            (_, Peer::Awaited) if began.elapsed() >= link.patience() => {
                return Err(QueueError::NobodyThere {
                    waited: link.patience(),
                });
            }
            _ => {}
        }
        let left = deadline.left();
        gate.sleep(left.ok_or(QueueError::Unfinished { unfinished })?);
    }
    match layout.lost().load(Relaxed) {
        0 => Ok(()),
        items => Err(QueueError::Lost { items }),
    }
}
