//! One worker's place in the state machine of [`core`](super::core).

use std::{collections::VecDeque, time::Instant};

use super::{core::TaskKey, pace::Pace};

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
    /// It has been told to end, or killed.
    Leaving,
}

impl SlotState {
    /// Whether a process is there or on its way.
    pub(super) fn has_process(self) -> bool {
        matches!(self, Self::Starting | Self::Ready | Self::Leaving)
    }
}

/// A worker's place: its process comes and goes, the number stays.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) state: SlotState,
    /// Tasks sent and not finished, oldest first; `None` for one that was revoked, of which the worker has
    /// still to say that it skipped it.
    pub(super) in_flight: VecDeque<Option<TaskKey>>,
    /// The number that the next task sent to this process gets.
    pub(super) next_sequence: u64,
    pub(super) pace: Pace,
    /// Whether the pipe to the worker is full.
    pub(super) is_congested: bool,
    /// Whether the slot is noted as one without tasks, or as one with room.
    pub(super) is_listed_idle: bool,
    pub(super) is_listed_roomy: bool,
    /// Processes in a row that ended before they were ready.
    pub(super) failed_starts: u32,
}

impl Default for Slot {
    fn default() -> Self {
        Self {
            state: SlotState::Starting,
            in_flight: VecDeque::new(),
            next_sequence: 0,
            pace: Pace::default(),
            is_congested: false,
            is_listed_idle: false,
            is_listed_roomy: false,
            failed_starts: 0,
        }
    }
}

impl Slot {
    /// Number of the task whose result comes next.
    pub(super) fn head_sequence(&self) -> u64 {
        self.next_sequence - self.in_flight.len() as u64
    }

    /// How many tasks lie with the worker behind the one it runs.
    pub(super) fn waiting(&self) -> usize {
        if self.state == SlotState::Ready {
            self.in_flight.iter().skip(1).flatten().count()
        } else {
            0
        }
    }

    /// Whether the worker may be given another task.
    pub(super) fn has_room(&self) -> bool {
        self.state == SlotState::Ready
            && !self.is_congested
            && self.in_flight.len() < self.pace.window()
    }

    #[cfg(test)]
    pub(super) fn check(&self, number: usize) {
        assert!(
            self.in_flight.iter().flatten().count() == 0 || self.state == SlotState::Ready,
            "slot {number} is {:?} and has tasks",
            self.state
        );
        assert!(
            self.in_flight.len() <= brigade_protocol::shm::MAX_IN_FLIGHT,
            "slot {number} has more tasks than claim words"
        );
        if self.has_room() {
            let is_listed = if self.in_flight.is_empty() {
                self.is_listed_idle
            } else {
                self.is_listed_roomy
            };
            assert!(is_listed, "slot {number} has room and nobody knows");
        }
    }
}
