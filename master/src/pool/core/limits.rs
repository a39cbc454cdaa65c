//! Limits that bite: time, wear, and how many workers there are.

use std::time::{Duration, Instant};

use super::{Action, Core, Slot, SlotState, TaskKey};

/// A worker that has not begun its first task when the time of that is over has this much longer.
const PATIENCE: Duration = Duration::from_secs(2);

impl<T> Core<T> {
    /// Time has come to be `now`: starts what has waited long enough, and ends what has taken too long.
    pub(crate) fn tick(&mut self, now: Instant) {
        self.now = now;
        if self.level_at.is_some_and(|at| at <= now) && self.queue.is_empty() {
            self.level();
        }
        for slot in 0..self.slots.len() {
            match self.slots[slot].state {
                SlotState::Waiting { until } if until <= now => {
                    self.refill(slot, now, Duration::ZERO);
                }
                SlotState::Starting if self.slots[slot].start_by.is_some_and(|at| at <= now) => {
                    self.slots[slot].start_by = None;
                    self.actions.push(Action::GiveUp { slot });
                }
                SlotState::Leaving { kill_at: Some(at) } if at <= now => {
                    self.slots[slot].state = SlotState::Leaving { kill_at: None };
                    self.actions.push(Action::Kill { slot });
                }
                SlotState::Ready if self.deadline_of_head(slot).is_some_and(|at| at <= now) => {
                    let sequence = self.slots[slot].head_sequence();
                    self.actions.push(Action::Expire { slot, sequence });
                }
                _ => {}
            }
        }
    }

    /// What time it is. To be told before anything that happens at that time: limits count from then.
    pub(crate) fn set_now(&mut self, now: Instant) {
        self.now = now;
    }

    /// When [`tick`](Self::tick) is due next.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let of_slots = (0..self.slots.len()).filter_map(|slot| match self.slots[slot].state {
            SlotState::Waiting { until } => Some(until),
            SlotState::Leaving { kill_at } => kill_at,
            SlotState::Starting => self.slots[slot].start_by,
            SlotState::Ready => self.deadline_of_head(slot),
            SlotState::Vacant => None,
        });
        of_slots.chain(self.level_at).min()
    }

    /// When the task that a worker is at has had its time.
    fn deadline_of_head(&self, slot: usize) -> Option<Instant> {
        if !self.has_timeouts {
            return None;
        }
        let entry = &self.slots[slot];
        let timeout = self.tasks.get(entry.head()?)?.terms.timeout?;
        entry.head_since.checked_add(timeout)
    }

    /// What an [`Action::Expire`] came to: the task is running, and nothing lies behind it any more; or the
    /// worker has not begun it yet, so its time begins anew.
    pub(crate) fn expired(&mut self, slot: usize, is_running: bool) {
        let now = self.now;
        let Some(entry) = self.slots.get_mut(slot) else {
            return;
        };
        entry.head_since = now;
        let head: Option<TaskKey> = entry.head().filter(|_| is_running);
        if let Some(task) = head.and_then(|key| self.tasks.get_mut(key)) {
            task.has_timed_out = true;
            self.stop(slot);
        }
    }

    /// Whether a worker that has not begun its first task, though the time of that is over, is taken for stopped or hung.
    /// One that still waits for input through its pipe is not.
    pub(crate) fn is_unresponsive(&mut self, slot: usize) -> bool {
        let now = self.now;
        let Some(entry) = self.slots.get_mut(slot) else {
            return false;
        };
        let head = entry.head_sequence();
        match entry.unbegun {
            _ if entry.is_congested => entry.unbegun = None,
            Some((sequence, since)) if sequence == head => return now - since >= PATIENCE,
            _ => entry.unbegun = Some((head, now)),
        }
        false
    }

    /// Ends a worker that begins nothing. All its tasks have been taken back.
    pub(crate) fn dismiss(&mut self, slot: usize) {
        if self
            .slots
            .get(slot)
            .is_some_and(|entry| entry.state == SlotState::Ready)
        {
            self.stop(slot);
        }
    }

    /// Ends a worker for the sake of what it runs: with a word first, and by force after the grace.
    pub(super) fn stop(&mut self, slot: usize) {
        let kill_at = self.now.checked_add(self.limits.grace);
        self.slots[slot].state = SlotState::Leaving { kill_at };
        self.actions.push(Action::Terminate { slot });
    }

    /// The clocks of tasks and workers stood still for this long.
    pub(crate) fn resumed_after(&mut self, pause: Duration) {
        for slot in &mut self.slots {
            slot.head_since += pause;
            slot.unbegun = slot
                .unbegun
                .map(|(sequence, since)| (sequence, since + pause));
            slot.start_by = slot.start_by.map(|at| at + pause);
            match &mut slot.state {
                SlotState::Waiting { until } => *until += pause,
                SlotState::Leaving { kill_at: Some(at) } => *at += pause,
                _ => {}
            }
        }
    }

    /// Sends a worker home that has had all its tasks.
    pub(super) fn retire_if_due(&mut self, slot: usize) {
        let entry = &mut self.slots[slot];
        if entry.state == SlotState::Ready
            && entry.in_flight.is_empty()
            && entry.is_worn_out(self.limits.tasks_per_worker)
        {
            let kill_at = self.now.checked_add(self.limits.grace);
            entry.state = SlotState::Leaving { kill_at };
            self.actions.push(Action::Shutdown { slot });
        }
    }

    /// Wants `workers` workers from now on. Those there are too many finish what they run.
    pub(crate) fn resize(&mut self, workers: usize) {
        if self.phase != super::Phase::Open {
            return;
        }
        let now = self.now;
        while self.slots.len() < workers {
            self.slots.push(Slot::wanted(now));
            let slot = self.slots.len() - 1;
            self.actions.push(Action::Spawn { slot });
        }
        for slot in 0..self.slots.len() {
            let is_surplus = slot >= workers;
            let was_surplus = std::mem::replace(&mut self.slots[slot].is_surplus, is_surplus);
            if is_surplus && !was_surplus {
                self.release(slot);
            } else if !is_surplus && was_surplus {
                match self.slots[slot].state {
                    SlotState::Vacant => self.refill(slot, now, Duration::ZERO),
                    _ => self.list(slot),
                }
            }
        }
        self.dispatch();
    }

    /// Lets a slot's process go.
    fn release(&mut self, slot: usize) {
        match self.slots[slot].state {
            SlotState::Waiting { .. } => self.slots[slot].state = SlotState::Vacant,
            SlotState::Starting => {
                self.slots[slot].state = SlotState::Leaving { kill_at: None };
                self.actions.push(Action::Kill { slot });
            }
            SlotState::Ready => {
                let count = self.slots[slot].waiting();
                if count > 0 {
                    self.actions.push(Action::Revoke { slot, count });
                }
                self.retire_if_due(slot);
            }
            SlotState::Vacant | SlotState::Leaving { .. } => {}
        }
    }

    /// How many workers there have ever been at a time.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// How many workers are wanted.
    pub(crate) fn workers(&self) -> usize {
        self.slots.iter().filter(|slot| !slot.is_surplus).count()
    }
}
