//! Taking tasks back from a worker: to level the load, to cancel, and before a worker is ended for the sake of
//! one task, so that the end hits no other.

use std::time::Instant;

use super::{
    core::{Cancelling, TaskRef},
    io::State,
};

impl State {
    /// Takes back what a worker has not begun, from its last task on.
    pub(super) fn revoke(&mut self, slot: usize, count: usize) {
        let Some(worker) = &self.workers[slot] else {
            return;
        };
        let lane = &worker.process.lane;
        let head = self.core.head_sequence(slot);
        let end = head + self.core.in_flight(slot) as u64;
        let mut left = count;
        for sequence in (head..end).rev() {
            if left == 0 {
                break;
            }
            if lane.revoke(sequence) {
                self.core.revoked(slot, sequence);
                left -= 1;
            }
        }
        // If nothing could be had, the worker has begun it all, and there will be a result to act on.
        if left < count {
            self.core.dispatch();
        }
    }

    /// Takes back all tasks behind one that has begun. `false` if a later one has begun too, so that this one
    /// has ended, and its result is on its way.
    fn isolate(&mut self, slot: usize, sequence: u64) -> bool {
        let Some(worker) = &self.workers[slot] else {
            return false;
        };
        let lane = &worker.process.lane;
        let end = self.core.head_sequence(slot) + self.core.in_flight(slot) as u64;
        let mut is_alone = true;
        for later in (sequence + 1..end).rev() {
            if lane.revoke(later) {
                self.core.revoked(slot, later);
            }
            is_alone &= !lane.is_claimed(later);
        }
        is_alone
    }

    /// Takes back all tasks of a worker. `false` if it has begun one meanwhile.
    fn take_back(&mut self, slot: usize) -> bool {
        let head = self.core.head_sequence(slot);
        let is_alone = self.isolate(slot, head);
        let worker = self.workers[slot].as_ref();
        let is_back = is_alone && worker.is_some_and(|worker| worker.process.lane.revoke(head));
        if is_back {
            self.core.revoked(slot, head);
        }
        is_back
    }

    /// The first task of a worker has had its time, if it has begun; a worker that begins nothing is replaced.
    pub(super) fn expire(&mut self, slot: usize, sequence: u64) {
        let is_begun = self.workers[slot]
            .as_ref()
            .is_some_and(|worker| worker.process.lane.is_claimed(sequence));
        let is_first = self.core.head_sequence(slot) == sequence;
        let is_running = is_begun && is_first && self.isolate(slot, sequence);
        let is_stuck = is_first && !is_begun && self.core.is_unresponsive(slot);
        if is_stuck && self.take_back(slot) {
            self.core.dismiss(slot);
        } else {
            self.core.expired(slot, is_running);
        }
        self.core.dispatch();
    }

    /// Cancels a task, wherever it is; whether it was in time.
    pub(crate) fn cancel(&mut self, task: TaskRef) -> bool {
        let (slot, sequence) = match self.core.cancel(task) {
            Cancelling::TooLate => return false,
            Cancelling::Done => return true,
            Cancelling::With { slot, sequence } => (slot, sequence),
        };
        let Some(worker) = &self.workers[slot] else {
            return false;
        };
        let is_cancelled = if worker.process.lane.revoke(sequence) {
            self.core.withdrawn(slot, sequence);
            true
        } else if self.isolate(slot, sequence) {
            self.core.aborted(slot, sequence);
            true
        } else {
            false
        };
        self.core.dispatch();
        is_cancelled
    }

    /// Cancels all tasks that have not begun: those in the queue, and those that wait with a worker.
    pub(crate) fn cancel_queued(&mut self) {
        self.core.cancel_queued();
        for slot in 0..self.workers.len() {
            let Some(worker) = &self.workers[slot] else {
                continue;
            };
            let head = self.core.head_sequence(slot);
            for sequence in head..head + self.core.in_flight(slot) as u64 {
                if worker.process.lane.revoke(sequence) {
                    self.core.withdrawn(slot, sequence);
                }
            }
        }
    }

    /// This process is about to be stopped, or goes on: so do the workers, and the clocks.
    pub(crate) fn stop_and_continue(&mut self, is_stopped: bool) {
        let now = Instant::now();
        for worker in self.workers.iter().flatten() {
            worker.process.child.stop_or_continue(is_stopped);
        }
        if is_stopped {
            self.stopped_at.get_or_insert(now);
        } else if let Some(since) = self.stopped_at.take() {
            self.core.resumed_after(now - since);
        }
    }

    /// When [`tick`](Self::tick) is due next. Never, while the clocks stand still.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.core
            .next_deadline()
            .filter(|_| self.stopped_at.is_none())
    }

    /// Time has come to be `now`, unless the clocks stand still.
    pub(crate) fn tick(&mut self, now: Instant) {
        if self.stopped_at.is_none() {
            self.core.tick(now);
        }
    }

    /// Wants another number of workers.
    pub(crate) fn resize(&mut self, workers: usize) {
        self.core.resize(workers);
        if let Some(board) = &self.board {
            board.set_workers(self.core.workers());
        }
        self.make_slots();
    }
}
