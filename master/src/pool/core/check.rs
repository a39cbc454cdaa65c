//! The rules that the state machine keeps, looked at by its tests after each event.

use super::{Core, Phase, Place, slot::Slot};

impl<T> Core<T> {
    /// Panics when a rule of the state machine is broken.
    pub(crate) fn check(&self) {
        let mut places = vec![0; self.tasks.capacity()];
        for (number, slot) in self.slots.iter().enumerate() {
            slot.check(number, self.limits.tasks_per_worker);
            for (sequence, key) in (slot.head_sequence()..).zip(&slot.in_flight) {
                let Some(key) = *key else { continue };
                places[key] += 1;
                let place = Place::With {
                    slot: number,
                    sequence,
                };
                assert_eq!(self.tasks[key].place, place, "task {key}");
            }
        }
        let ghosts = self
            .queue
            .iter()
            .filter(|key| self.tasks[*key].ticket.is_none());
        assert_eq!(ghosts.count(), self.ghosts);
        for key in self.queue.iter() {
            places[key] += 1;
            assert_eq!(self.tasks[key].place, Place::Queued, "task {key}");
        }
        for (key, _) in &self.tasks {
            assert_eq!(places[key], 1, "task {key} is in {} places", places[key]);
        }
        let open = self
            .tasks
            .iter()
            .filter(|(_, task)| task.ticket.is_some())
            .count();
        assert_eq!(open, self.open_tasks);
        let has_room = |slot: &Slot| slot.has_room(self.limits.tasks_per_worker);
        if self
            .queue
            .iter()
            .any(|key| self.tasks[key].ticket.is_some())
        {
            assert!(
                !self.slots.iter().any(has_room),
                "tasks queue beside a worker with room"
            );
        }
        match self.phase {
            Phase::Open => {}
            Phase::Closing => assert!(self.open_tasks > 0, "closing, with nothing left to do"),
            Phase::Over(_) => assert_eq!(self.open_tasks, 0, "the pool is over, with tasks"),
        }
    }
}
