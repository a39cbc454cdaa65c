//! Who gets the next task: workers without any first, then those with room, each in turn.

use super::{Action, Core, Place, pace::SOON, slot::Slot};
use std::time::Instant;

impl<T> Core<T> {
    /// `count` results came from a worker at `now`; sets how many tasks it may have at a time.
    pub(crate) fn observe(&mut self, slot: usize, count: usize, now: Instant) {
        if let Some(entry) = self.slots.get_mut(slot) {
            entry.pace.observe(count, now);
            self.list(slot);
        }
    }

    /// Whether the pipe to a worker is so full that it should be given no further task for now.
    pub(crate) fn set_congested(&mut self, slot: usize, is_congested: bool) {
        if let Some(entry) = self.slots.get_mut(slot)
            && std::mem::replace(&mut entry.is_congested, is_congested)
            && !is_congested
        {
            self.list(slot);
            self.dispatch();
        }
    }

    /// Hands queued tasks to workers with room.
    pub(crate) fn dispatch(&mut self) {
        while let Some(key) = self.queue.pop() {
            if self.tasks.get(key).is_none_or(|task| task.ticket.is_none()) {
                // It was cancelled while it was queued.
                self.tasks.try_remove(key);
                self.ghosts = self.ghosts.saturating_sub(1);
                continue;
            }
            let Some(slot) = self.next_with_room() else {
                self.queue.push_front(key, self.tasks[key].terms.priority);
                break;
            };
            let now = self.now;
            let entry = &mut self.slots[slot];
            let sequence = entry.next_sequence;
            entry.next_sequence += 1;
            if entry.in_flight.is_empty() {
                entry.head_since = now;
            }
            entry.in_flight.push_back(Some(key));
            self.tasks[key].place = Place::With { slot, sequence };
            self.actions.push(Action::Send {
                slot,
                key,
                sequence,
            });
            self.list(slot);
        }
        if self.queue.is_empty() {
            self.level();
        }
        self.wind_down();
    }

    /// When nothing is queued: an idle worker gets what waits behind another one's running task, unless that
    /// is probably done in no time; then another look is taken a little later.
    pub(super) fn level(&mut self) {
        self.level_at = None;
        let most = self.limits.tasks_per_worker;
        let is_idle = |slot: &Slot| slot.has_room(most) && slot.in_flight.is_empty();
        if !self.idle.iter().any(|slot| is_idle(&self.slots[*slot])) {
            return;
        }
        let waiting = self.slots.iter().map(Slot::waiting).enumerate();
        let Some((slot, count)) = waiting
            .max_by_key(|(_, count)| *count)
            .filter(|(_, count)| *count > 0)
        else {
            return;
        };
        let entry = &self.slots[slot];
        if entry.pace.is_soon_through(entry.in_flight.len(), self.now) {
            self.level_at = Some(self.now + SOON);
        } else {
            let count = count.div_ceil(2);
            self.actions.push(Action::Revoke { slot, count });
        }
    }

    /// Notes a slot for [`next_with_room`](Self::next_with_room) if it has room.
    pub(super) fn list(&mut self, slot: usize) {
        let entry = &mut self.slots[slot];
        if !entry.has_room(self.limits.tasks_per_worker) {
            return;
        }
        if entry.in_flight.is_empty() {
            if !std::mem::replace(&mut entry.is_listed_idle, true) {
                self.idle.push_back(slot);
            }
        } else if !std::mem::replace(&mut entry.is_listed_roomy, true) {
            self.roomy.push_back(slot);
        }
    }

    fn next_with_room(&mut self) -> Option<usize> {
        let most = self.limits.tasks_per_worker;
        while let Some(slot) = self.idle.pop_front() {
            let entry = &mut self.slots[slot];
            entry.is_listed_idle = false;
            if entry.has_room(most) && entry.in_flight.is_empty() {
                return Some(slot);
            }
        }
        while let Some(slot) = self.roomy.pop_front() {
            let entry = &mut self.slots[slot];
            entry.is_listed_roomy = false;
            if entry.has_room(most) {
                return Some(slot);
            }
        }
        None
    }

    /// How many tasks a map should keep here: enough for every worker's window twice over, so that the
    /// queue does not run dry between two looks at it, and not more, because all of it is memory.
    pub(crate) fn appetite(&self) -> usize {
        let windows: usize = self.slots.iter().map(|slot| slot.pace.window()).sum();
        (2 * windows).max(16 * self.slots.len())
    }
}
