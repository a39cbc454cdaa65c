//! The end of a pool: closed when the work is done, terminated at once, or given up.

use super::{Action, Core, Loss, Phase, SlotState};

impl<T> Core<T> {
    /// No more tasks: finish those that are here, then end the workers.
    pub(crate) fn close(&mut self) {
        if self.phase == Phase::Open {
            self.phase = Phase::Closing;
            self.wind_down();
        }
    }

    /// Cancels the tasks that wait for a worker.
    pub(crate) fn cancel_queued(&mut self) {
        let queued: Vec<_> = self.queue.iter().collect();
        self.queue.clear();
        self.ghosts = 0;
        for key in queued {
            self.fail(key, Loss::Cancelled);
            self.tasks.try_remove(key);
        }
        self.wind_down();
    }

    /// Ends the workers now; every task that is here fails as cancelled.
    pub(crate) fn terminate(&mut self) {
        self.end(None);
    }

    /// Ends the workers now because the pool cannot work; every task fails with the reason.
    pub(crate) fn give_up(&mut self, reason: String) {
        self.end(Some(reason));
    }

    fn end(&mut self, reason: Option<String>) {
        let was_over = matches!(self.phase, Phase::Over(_));
        if !was_over {
            self.phase = Phase::Over(reason.clone());
        }
        let loss = reason.map_or(Loss::Cancelled, Loss::Broken);
        self.queue.clear();
        self.ghosts = 0;
        let keys: Vec<_> = self.tasks.iter().map(|(key, _)| key).collect();
        for key in keys {
            self.fail(key, loss.clone());
        }
        self.tasks.clear();
        for slot in 0..self.slots.len() {
            let entry = &mut self.slots[slot];
            entry.in_flight.clear();
            if entry.state.has_process() {
                entry.state = SlotState::Leaving { kill_at: None };
                self.actions.push(Action::Kill { slot });
            } else {
                entry.state = SlotState::Vacant;
            }
        }
    }

    /// While closing, and nothing is left to do: sends the workers home.
    pub(super) fn wind_down(&mut self) {
        if self.phase != Phase::Closing || self.open_tasks > 0 {
            return;
        }
        self.phase = Phase::Over(None);
        let kill_at = self.now.checked_add(self.limits.grace);
        for slot in 0..self.slots.len() {
            let entry = &mut self.slots[slot];
            match entry.state {
                SlotState::Ready => {
                    entry.state = SlotState::Leaving { kill_at };
                    self.actions.push(Action::Shutdown { slot });
                }
                SlotState::Starting => {
                    entry.state = SlotState::Leaving { kill_at: None };
                    self.actions.push(Action::Kill { slot });
                }
                SlotState::Waiting { .. } => entry.state = SlotState::Vacant,
                SlotState::Vacant | SlotState::Leaving { .. } => {}
            }
        }
    }

    /// The tasks that have no outcome yet.
    pub(crate) fn open_tickets(&self) -> impl Iterator<Item = &T> {
        self.tasks
            .iter()
            .filter_map(|(_, task)| task.ticket.as_ref())
    }

    /// Why the pool gave up, if it did.
    pub(crate) fn broken(&self) -> Option<&str> {
        match &self.phase {
            Phase::Over(reason) => reason.as_deref(),
            _ => None,
        }
    }

    /// Whether the pool has ended: no task, no process, and none will come.
    pub(crate) fn is_over(&self) -> bool {
        let is_vacant = |state| state == SlotState::Vacant;
        matches!(self.phase, Phase::Over(_)) && self.slots.iter().all(|slot| is_vacant(slot.state))
    }
}
