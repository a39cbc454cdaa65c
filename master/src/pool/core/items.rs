//! Chunks: several tasks of a map in one, of which each has an outcome of its own.

use super::{Core, Entry, Place, Slot, Terms};

impl<T> Core<T> {
    /// The ticket of the task whose result comes next from a worker.
    pub(crate) fn head_ticket(&mut self, slot: usize) -> Option<&mut T> {
        let key = self.slots.get(slot)?.head()?;
        self.tasks.get_mut(key)?.ticket.as_mut()
    }

    /// How many more times the task that a worker is at may be tried.
    pub(crate) fn head_retries(&self, slot: usize) -> u32 {
        let key = self.slots.get(slot).and_then(Slot::head);
        let task = key.and_then(|key| self.tasks.get(key));
        task.map_or(0, |task| task.terms.retries)
    }

    /// A task of the chunk that a worker was at is tried again by itself, next.
    pub(crate) fn retry_item(&mut self, slot: usize, ticket: T) {
        let key = self.slots.get(slot).and_then(Slot::head);
        let Some(chunk) = key.and_then(|key| self.tasks.get_mut(key)) else {
            return;
        };
        chunk.items = chunk.items.saturating_sub(1);
        let (id, terms) = (chunk.id, chunk.terms);
        let key = self.tasks.insert(Entry {
            ticket: Some(ticket),
            id,
            attempt: 2,
            terms: Terms {
                retries: terms.retries.saturating_sub(1),
                ..terms
            },
            place: Place::Queued,
            has_timed_out: false,
            items: 1,
        });
        self.open_tasks += 1;
        self.counts.retried += 1;
        self.queue.push_front(key, terms.priority);
    }

    /// The next tasks of the chunk that a worker is at have their outcomes: they finished, or were lost with their
    /// worker.
    pub(crate) fn count_items(&mut self, slot: usize, count: u64, is_finished: bool) {
        let key = self.slots.get(slot).and_then(Slot::head);
        if let Some(task) = key.and_then(|key| self.tasks.get_mut(key)) {
            task.items = task.items.saturating_sub(count);
            if is_finished {
                self.counts.finished += count;
            } else {
                self.counts.lost += count;
            }
        }
    }

    /// Which attempt the task that a worker is at is.
    pub(crate) fn head_attempt(&self, slot: usize) -> u32 {
        let key = self.slots.get(slot).and_then(Slot::head);
        key.and_then(|key| self.tasks.get(key))
            .map_or(1, |task| task.attempt)
    }
}
