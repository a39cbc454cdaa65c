//! Cancelling a task, wherever it is.

use super::{Cancelling, Core, Loss, Place, TaskRef};

impl<T> Core<T> {
    /// Somebody wants a task cancelled.
    pub(crate) fn cancel(&mut self, task: TaskRef) -> Cancelling {
        let entry = self.tasks.get(task.key);
        let Some(entry) = entry.filter(|entry| entry.id == task.id && entry.ticket.is_some())
        else {
            return Cancelling::TooLate;
        };
        match entry.place {
            Place::With { slot, sequence } => Cancelling::With { slot, sequence },
            Place::Queued => {
                self.fail(task.key, Loss::Cancelled);
                self.ghosts += 1;
                self.lay_ghosts();
                self.wind_down();
                Cancelling::Done
            }
        }
    }

    /// A task to be cancelled was revoked before its worker began it.
    pub(crate) fn withdrawn(&mut self, slot: usize, sequence: u64) {
        if let Some(key) = self.take_from_worker(slot, sequence) {
            self.fail(key, Loss::Cancelled);
            self.tasks.try_remove(key);
            self.wind_down();
        }
    }

    /// A task to be cancelled is running, with nothing behind it: its worker must end.
    pub(crate) fn aborted(&mut self, slot: usize, sequence: u64) {
        let Some(entry) = self.slots.get(slot) else {
            return;
        };
        let index = sequence.checked_sub(entry.head_sequence());
        let index = index.and_then(|index| usize::try_from(index).ok());
        if let Some(key) = index.and_then(|index| entry.in_flight.get(index).copied().flatten()) {
            self.fail(key, Loss::Cancelled);
            self.stop(slot);
            self.wind_down();
        }
    }

    /// Forgets cancelled tasks once they are most of the queue.
    fn lay_ghosts(&mut self) {
        if self.ghosts < 64 || self.ghosts * 2 < self.queue.len() {
            return;
        }
        let tasks = &mut self.tasks;
        self.queue.retain(|key| {
            let is_open = tasks.get(key).is_some_and(|task| task.ticket.is_some());
            if !is_open {
                tasks.try_remove(key);
            }
            is_open
        });
        self.ghosts = 0;
    }
}
