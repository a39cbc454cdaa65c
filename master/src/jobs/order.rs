//! Puts results that come in any order back into the order of their chunks.

use std::collections::VecDeque;

/// What a chunk holds, and its result once it is there.
#[derive(Debug)]
struct Slot<T, R> {
    chunk: T,
    result: Option<R>,
}

/// The chunks that are not yet shown, in order.
#[derive(Debug)]
pub(super) struct Order<T, R> {
    /// Position of the front.
    first: u64,
    slots: VecDeque<Slot<T, R>>,
}

impl<T, R> Order<T, R> {
    pub(super) fn new() -> Self {
        Self {
            first: 0,
            slots: VecDeque::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// How many chunks are not yet shown.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Position of the chunk that is shown next.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// Appends a chunk and returns its position.
    pub(super) fn expect(&mut self, chunk: T) -> u64 {
        let result = None;
        self.slots.push_back(Slot { chunk, result });
        self.first + self.slots.len() as u64 - 1
    }

    /// Takes in the result of the chunk at this position.
    pub(super) fn put(&mut self, position: u64, result: R) {
        let slot = position
            .checked_sub(self.first)
            .and_then(|at| usize::try_from(at).ok())
            .and_then(|at| self.slots.get_mut(at));
        if let Some(slot) = slot {
            slot.result = Some(result);
        }
    }

    /// The next chunk in order, if its result is there.
    pub(super) fn next(&mut self) -> Option<(T, R)> {
        self.slots.front()?.result.as_ref()?;
        let slot = self.slots.pop_front()?;
        self.first += 1;
        Some((slot.chunk, slot.result?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn early_results_wait_for_those_before_them() {
        let mut order = Order::new();
        assert_eq!(order.expect(vec![4]), 0);
        assert_eq!(order.expect(vec![5]), 1);
        order.put(1, 'b');
        assert_eq!(order.next(), None);
        order.put(0, 'a');
        assert_eq!(order.next(), Some((vec![4], 'a')));
        assert_eq!(order.expect(vec![6]), 2);
        assert_eq!(order.next(), Some((vec![5], 'b')));
        assert_eq!(order.next(), None);
        order.put(2, 'c');
        order.put(0, 'x');
        assert_eq!(order.next(), Some((vec![6], 'c')));
        assert!(order.is_empty());
    }
}
