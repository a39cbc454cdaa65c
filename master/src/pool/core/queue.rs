//! Tasks that wait for a worker: the highest priority first, then in order.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, VecDeque},
};

use super::TaskKey;

/// A queue for each priority there is.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Priority 0, which nearly all tasks have.
    ordinary: VecDeque<TaskKey>,
    /// The others.
    urgent: BTreeMap<Reverse<i32>, VecDeque<TaskKey>>,
    patient: BTreeMap<Reverse<i32>, VecDeque<TaskKey>>,
}

impl Queue {
    fn of(&mut self, priority: i32) -> &mut VecDeque<TaskKey> {
        match priority {
            0 => &mut self.ordinary,
            1.. => self.urgent.entry(Reverse(priority)).or_default(),
            _ => self.patient.entry(Reverse(priority)).or_default(),
        }
    }

    pub(super) fn push_back(&mut self, key: TaskKey, priority: i32) {
        self.of(priority).push_back(key);
    }

    pub(super) fn push_front(&mut self, key: TaskKey, priority: i32) {
        self.of(priority).push_front(key);
    }

    pub(super) fn pop(&mut self) -> Option<TaskKey> {
        pop_first(&mut self.urgent)
            .or_else(|| self.ordinary.pop_front())
            .or_else(|| pop_first(&mut self.patient))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ordinary.is_empty() && self.urgent.is_empty() && self.patient.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        let others = self.urgent.values().chain(self.patient.values());
        self.ordinary.len() + others.map(VecDeque::len).sum::<usize>()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = TaskKey> {
        let others = self.urgent.values().chain(self.patient.values()).flatten();
        self.ordinary.iter().chain(others).copied()
    }

    /// Keeps the tasks of which `keep` says so.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(TaskKey) -> bool) {
        self.ordinary.retain(|key| keep(*key));
        for queues in [&mut self.urgent, &mut self.patient] {
            queues.retain(|_, queue| {
                queue.retain(|key| keep(*key));
                !queue.is_empty()
            });
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

fn pop_first(queues: &mut BTreeMap<Reverse<i32>, VecDeque<TaskKey>>) -> Option<TaskKey> {
    let mut first = queues.first_entry()?;
    let key = first.get_mut().pop_front();
    if first.get().is_empty() {
        first.remove();
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_priority_goes_first_and_equals_keep_their_order() {
        let mut queue = Queue::default();
        for (key, priority) in [(1, 0), (2, -5), (3, 9), (4, 0), (5, 2), (6, 9)] {
            queue.push_back(key, priority);
        }
        queue.push_front(7, 0);
        assert_eq!(queue.len(), 7);
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [3, 6, 5, 7, 1, 4, 2]);
        assert!(queue.is_empty());
    }
}
