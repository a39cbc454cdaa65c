//! One worker's place in the state machine.

use std::{collections::VecDeque, time::Instant};

use super::{TaskKey, pace::Pace};

/// What becomes of a slot's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SlotState {
    /// There is none and none is wanted.
    Vacant,
    /// One is wanted once this moment has come.
    Waiting { until: Instant },
    /// One was asked for and has not said that it is ready.
    Starting,
    /// It takes tasks.
    Ready,
    /// It has been told to end, or killed; it is killed at this moment if it has not gone by then.
    Leaving { kill_at: Option<Instant> },
}

impl SlotState {
    /// Whether a process is there or on its way.
    pub(super) fn has_process(self) -> bool {
        matches!(self, Self::Starting | Self::Ready | Self::Leaving { .. })
    }
}

/// A worker's place: its process comes and goes, the number stays.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) state: SlotState,
    /// Tasks sent and not finished, oldest first; `None` for one that was revoked, of which the worker has
    /// still to say that it skipped it.
    pub(super) in_flight: VecDeque<Option<TaskKey>>,
    /// The number that the next task sent to this process gets.
    pub(super) next_sequence: u64,
    /// Since when the first of these has been the first, so that it may have been running.
    pub(super) head_since: Instant,
    /// The number of a first task that had not begun when its time was over, and when that was seen first.
    pub(super) unbegun: Option<(u64, Instant)>,
    /// When a worker that is not ready is given up.
    pub(super) start_by: Option<Instant>,
    pub(super) pace: Pace,
    /// Whether the pipe to the worker is full.
    pub(super) is_congested: bool,
    /// Whether the pool has become smaller than this slot's number.
    pub(super) is_surplus: bool,
    /// Whether the slot is noted as one without tasks, or as one with room.
    pub(super) is_listed_idle: bool,
    pub(super) is_listed_roomy: bool,
    /// Processes in a row that ended before they were ready.
    pub(super) failed_starts: u32,
}

impl Slot {
    /// A slot whose process has been asked for.
    pub(super) fn wanted(now: Instant) -> Self {
        Self {
            state: SlotState::Starting,
            in_flight: VecDeque::new(),
            next_sequence: 0,
            head_since: now,
            unbegun: None,
            start_by: None,
            pace: Pace::default(),
            is_congested: false,
            is_surplus: false,
            is_listed_idle: false,
            is_listed_roomy: false,
            failed_starts: 0,
        }
    }

    /// Number of the task whose result comes next.
    pub(super) fn head_sequence(&self) -> u64 {
        self.next_sequence - self.in_flight.len() as u64
    }

    /// The task that is running, if any is.
    pub(super) fn head(&self) -> Option<TaskKey> {
        self.in_flight.front().copied().flatten()
    }

    /// How many tasks lie with the worker behind the one it runs.
    pub(super) fn waiting(&self) -> usize {
        if self.state == SlotState::Ready {
            self.in_flight.iter().skip(1).flatten().count()
        } else {
            0
        }
    }

    /// Whether the worker has had all the tasks it may have.
    pub(super) fn is_worn_out(&self, tasks_per_worker: Option<u64>) -> bool {
        self.is_surplus || tasks_per_worker.is_some_and(|most| self.next_sequence >= most)
    }

    /// Whether the worker may be given another task.
    pub(super) fn has_room(&self, tasks_per_worker: Option<u64>) -> bool {
        self.state == SlotState::Ready
            && !self.is_congested
            && self.in_flight.len() < self.pace.window()
            && !self.is_worn_out(tasks_per_worker)
    }

    #[cfg(test)]
    pub(super) fn check(&self, number: usize, tasks_per_worker: Option<u64>) {
        let live = self.in_flight.iter().flatten().count();
        match self.state {
            SlotState::Ready | SlotState::Leaving { .. } => {}
            state => assert_eq!(live, 0, "slot {number} is {state:?} and has tasks"),
        }
        assert!(
            self.in_flight.len() <= brigade_protocol::shm::MAX_IN_FLIGHT,
            "slot {number} has more tasks than claim words"
        );
        if self.has_room(tasks_per_worker) {
            let is_listed = if self.in_flight.is_empty() {
                self.is_listed_idle
            } else {
                self.is_listed_roomy
            };
            assert!(is_listed, "slot {number} has room and nobody knows");
        }
        let is_idle = self.state == SlotState::Ready && self.in_flight.is_empty();
        assert!(
            !(is_idle && self.is_worn_out(tasks_per_worker)),
            "slot {number} is worn out and stays"
        );
    }
}
