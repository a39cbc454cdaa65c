//! A worker has ended: which task was its last, and when another process takes its place.

use std::time::{Duration, Instant};

use super::{
    super::ended::{Death, Ended},
    Action, Core, Loss, Phase, Slot, SlotState, TaskKey,
    pace::Pace,
};

/// Deaths in a row before readiness, in one slot, after which the pool gives up if no worker is left.
pub(super) const MAX_FAILED_STARTS: u32 = 5;

/// The same where somebody else killed the worker, which says little about the worker.
const MAX_KILLED_STARTS: u32 = 50;

const FIRST_BACK_OFF: Duration = Duration::from_millis(5);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(1);

impl<T> Core<T> {
    /// The process of a slot has ended, or could not be started. `is_claimed` says of a sequence number
    /// whether the worker had begun that task.
    pub(crate) fn worker_gone(
        &mut self,
        slot: usize,
        death: &Death,
        is_claimed: impl Fn(u64) -> bool,
        now: Instant,
    ) {
        let Some(entry) = self.slots.get_mut(slot) else {
            return;
        };
        let was = std::mem::replace(&mut entry.state, SlotState::Vacant);
        entry.start_by = None;
        let running = entry.head().filter(|_| is_claimed(entry.head_sequence()));
        let lost: Vec<TaskKey> = entry.in_flight.drain(..).flatten().collect();
        entry.pace = Pace::default();
        entry.is_congested = false;
        if !matches!(was, SlotState::Leaving { .. }) {
            self.counts.deaths += 1;
        }
        for key in lost.into_iter().rev() {
            if Some(key) != running || self.may_try_again(key, death) {
                self.requeue(key);
            }
        }
        if was == SlotState::Starting {
            self.start_failed(slot, death, now);
        } else {
            self.refill(slot, now, Duration::ZERO);
        }
        self.dispatch();
    }

    /// Charges a death to the task that was running; whether it is tried again.
    fn may_try_again(&mut self, key: TaskKey, death: &Death) -> bool {
        let is_over = matches!(self.phase, Phase::Over(_));
        let task = &mut self.tasks[key];
        if task.ticket.is_some() && task.terms.retries > 0 && !is_over {
            task.terms.retries -= 1;
            task.attempt += 1;
            task.has_timed_out = false;
            self.counts.retried += 1;
            return true;
        }
        let attempt = task.attempt;
        let loss = match task.terms.timeout.filter(|_| task.has_timed_out) {
            Some(limit) => Loss::TimedOut {
                attempt,
                worker: death.worker,
                limit,
            },
            None => Loss::Died {
                attempt,
                death: death.clone(),
            },
        };
        self.fail(key, loss);
        self.tasks.remove(key);
        false
    }

    /// A worker that never became ready: waits ever longer before the next try, and gives up when it is
    /// hopeless.
    fn start_failed(&mut self, slot: usize, death: &Death, now: Instant) {
        let somebody_works = self.slots.iter().any(|slot| slot.state == SlotState::Ready);
        let entry = &mut self.slots[slot];
        entry.failed_starts += 1;
        let tries = entry.failed_starts;
        let limit = match death.how {
            Ended::Killed(libc::SIGKILL | libc::SIGTERM) => MAX_KILLED_STARTS,
            // Another program, or one that has had time enough; so will the next one be.
            Ended::Babbled(_) | Ended::Mute(_) | Ended::Unprepared(_) => 1,
            _ => MAX_FAILED_STARTS,
        };
        if tries >= limit && !somebody_works {
            let mut reason = format!(
                "{tries} in a row ended before they were ready; the last one {}",
                death.how
            );
            if !death.last_words.is_empty() {
                reason.push_str(", saying: ");
                reason.push_str(&death.last_words);
            }
            self.give_up(reason);
            return;
        }
        let wait = FIRST_BACK_OFF.saturating_mul(1 << (tries - 1).min(10));
        self.refill(slot, now, wait.min(LONGEST_BACK_OFF));
    }

    /// Wants a new process for a slot, at once or after a while.
    pub(super) fn refill(&mut self, slot: usize, now: Instant, wait: Duration) {
        if matches!(self.phase, Phase::Over(_)) || self.slots[slot].is_surplus {
            return;
        }
        if wait.is_zero() {
            self.slots[slot].state = SlotState::Starting;
            self.actions.push(Action::Spawn { slot });
        } else {
            self.slots[slot].state = SlotState::Waiting { until: now + wait };
        }
    }

    /// A worker starts to count its tasks from 0; call it when its process has been started.
    pub(crate) fn spawned(&mut self, slot: usize) {
        if let Some(entry) = self.slots.get_mut(slot) {
            entry.next_sequence = 0;
            entry.unbegun = None;
            entry.start_by = self.now.checked_add(self.limits.greeting);
        }
    }

    /// Whether a process that has just been started is still wanted.
    pub(crate) fn wants_process(&self, slot: usize) -> bool {
        self.slots
            .get(slot)
            .is_some_and(|slot| slot.state == SlotState::Starting)
    }

    /// Whether the end of a slot's process is neither the one that it was told to come to nor one with its pool's,
    /// unless tasks start processes.
    pub(crate) fn is_abnormal(&self, slot: usize, how: &Ended) -> bool {
        let was_dismissed = !self.is_wanted(slot) && *how == Ended::Exited(0);
        let is_of_interest = self.phase != Phase::Over(None) || self.limits.starts_processes;
        !was_dismissed && is_of_interest
    }

    /// Whether a slot's process has not been told to end.
    pub(crate) fn is_wanted(&self, slot: usize) -> bool {
        let is_wanted = |slot: &Slot| matches!(slot.state, SlotState::Starting | SlotState::Ready);
        self.slots.get(slot).is_some_and(is_wanted)
    }
}
