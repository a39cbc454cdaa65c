//! What is to be written, and how far it is.

use std::{collections::VecDeque, io::IoSlice};

use crate::logs::batch::{Batch, Spares};

/// How many batches go into one system call.
const MOST_SLICES: usize = 64;

/// Batches in their order.
#[derive(Debug, Default)]
pub(super) struct Queue {
    batches: VecDeque<Batch>,
    /// How much of the first one is written.
    done: usize,
    bytes: usize,
}

impl Queue {
    pub(super) fn push(&mut self, batch: Batch) {
        self.bytes += batch.bytes.len();
        self.batches.push_back(batch);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// How many bytes are to be written.
    pub(super) fn bytes(&self) -> usize {
        self.bytes - self.done
    }

    /// How many bytes there are up to the end of the next record.
    pub(super) fn next_record(&self) -> Option<usize> {
        let first = self.batches.front()?;
        let (_, records) = first.whole_before(self.done);
        Some(first.ends.get(records)? - self.done)
    }

    /// What is written next; whole records up to `room` bytes, but at least one.
    pub(super) fn slices(&self, room: Option<usize>) -> Vec<IoSlice<'_>> {
        let mut room = room.unwrap_or(usize::MAX);
        let mut start = self.done;
        let mut slices = Vec::with_capacity(self.batches.len().min(MOST_SLICES));
        for batch in self.batches.iter().take(MOST_SLICES) {
            let left = batch.bytes.len() - start;
            let is_cut = left > room;
            let mut end = batch.bytes.len();
            if is_cut {
                end = batch.whole_before(start + room).0.max(start);
                if end == start && slices.is_empty() {
                    end = start + self.next_record().unwrap_or(left);
                }
            }
            if end > start {
                slices.push(IoSlice::new(&batch.bytes[start..end]));
            }
            if is_cut {
                break;
            }
            room -= left;
            start = 0;
        }
        slices
    }

    /// So many bytes are written; returns how many records are whole by that.
    pub(super) fn advance(&mut self, mut count: usize, spares: &Spares) -> usize {
        let mut records = 0;
        while let Some(first) = self.batches.front() {
            let left = first.bytes.len() - self.done;
            let (_, before) = first.whole_before(self.done);
            if count < left {
                self.done += count;
                records += first.whole_before(self.done).1 - before;
                break;
            }
            count -= left;
            records += first.ends.len() - before;
            self.bytes -= first.bytes.len();
            self.done = 0;
            if let Some(batch) = self.batches.pop_front() {
                spares.give(batch);
            }
        }
        records
    }

    /// How many bytes of a record are written that is not whole.
    pub(super) fn torn(&self) -> usize {
        let first = self.batches.front();
        first.map_or(0, |first| self.done - first.whole_before(self.done).0)
    }

    /// These bytes are to be written again.
    pub(super) fn step_back(&mut self) {
        self.done -= self.torn();
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn batch(lines: &[usize]) -> Batch {
        let mut batch = Batch::default();
        for length in lines {
            batch.bytes.resize(batch.bytes.len() + length, b'x');
            batch.end_record();
        }
        batch
    }

    fn length(slices: &[IoSlice<'_>]) -> usize {
        slices.iter().map(|slice| slice.len()).sum()
    }

    #[test]
    fn whole_records_are_chosen_for_the_room_and_at_least_one() {
        let mut queue = Queue::default();
        queue.push(batch(&[10, 20]));
        queue.push(batch(&[30]));
        for (room, expected) in [
            (None, 60),
            (Some(60), 60),
            (Some(59), 30),
            (Some(29), 10),
            (Some(9), 10),
            (Some(0), 10),
        ] {
            assert_eq!(length(&queue.slices(room)), expected, "{room:?}");
        }
        assert_eq!(queue.next_record(), Some(10));
        assert_eq!(queue.advance(15, &Spares::default()), 1);
        assert_eq!((queue.torn(), queue.next_record()), (5, Some(15)));
        queue.step_back();
        assert_eq!((queue.torn(), queue.bytes()), (0, 50));
        queue.clear();
        assert!(queue.is_empty());
    }

    proptest! {
        #[test]
        fn however_it_is_written_each_record_counts_once(
            batches in prop::collection::vec(prop::collection::vec(1_usize..9, 1..5), 1..5),
            mut steps in prop::collection::vec(1_usize..20, 0..99),
        ) {
            let mut queue = Queue::default();
            let records: usize = batches.iter().map(Vec::len).sum();
            for lines in &batches {
                queue.push(batch(lines));
            }
            let mut counted = 0;
            while !queue.is_empty() {
                let step = steps.pop().unwrap_or(1000);
                let count = length(&queue.slices(Some(step))).min(step);
                counted += queue.advance(count, &Spares::default());
                if step % 3 == 0 {
                    queue.step_back();
                    prop_assert_eq!(queue.torn(), 0);
                }
            }
            prop_assert_eq!(counted, records);
            prop_assert_eq!(queue.bytes(), 0);
        }
    }
}
