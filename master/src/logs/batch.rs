//! Lines on their way to the file: whole ones, of one client, in their order.

use std::sync::{Mutex, PoisonError};

use tokio::sync::OwnedSemaphorePermit;

/// Some lines.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    /// Where each record's lines end.
    pub(super) ends: Vec<usize>,
    /// The room that they take of what may be under way; given back when this is dropped.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

impl Batch {
    /// Notes that another record's lines are there.
    pub(super) fn end_record(&mut self) {
        self.ends.push(self.bytes.len());
    }

    /// Where the last record ends that is whole before `at`, and how many records these are.
    pub(super) fn whole_before(&self, at: usize) -> (usize, usize) {
        let records = self.ends.partition_point(|end| *end <= at);
        let end = records.checked_sub(1).map_or(0, |last| self.ends[last]);
        (end, records)
    }
}

/// Buffers that are used again, so that a steady stream takes no memory from the allocator.
#[derive(Debug, Default)]
pub(super) struct Spares {
    spares: Mutex<Vec<Batch>>,
}

/// How many are kept, and how large each may be.
const KEPT: usize = 16;
const LARGEST: usize = 1 << 20;

/// Lines up to this size get a buffer that is just as large.
const SMALL: usize = 16 << 10;

impl Spares {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Batch>> {
        self.spares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An empty batch.
    pub(super) fn take(&self) -> Batch {
        self.lock().pop().unwrap_or_default()
    }

    /// Takes a batch back, whatever is in it.
    pub(super) fn give(&self, mut batch: Batch) {
        batch.bytes.clear();
        batch.ends.clear();
        batch.room = None;
        let capacity = batch.bytes.capacity();
        let mut spares = self.lock();
        if spares.len() < KEPT && (SMALL..=LARGEST).contains(&capacity) {
            spares.push(batch);
        }
    }

    /// The same lines in a buffer that suits them: a large one is not to wait with a few lines in it.
    pub(super) fn fit(&self, batch: Batch) -> Batch {
        if batch.bytes.len() > SMALL || batch.bytes.capacity() <= 2 * SMALL {
            return batch;
        }
        let fitting = Batch {
            bytes: batch.bytes.as_slice().into(),
            ends: batch.ends.as_slice().into(),
            room: None,
        };
        self.give(batch);
        fitting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_records_before_a_place_are_found() {
        let mut batch = Batch::default();
        for line in [&b"one\n"[..], b"three\n"] {
            batch.bytes.extend_from_slice(line);
            batch.end_record();
        }
        for (at, expected) in [
            (0, (0, 0)),
            (3, (0, 0)),
            (4, (4, 1)),
            (9, (4, 1)),
            (10, (10, 2)),
        ] {
            assert_eq!(batch.whole_before(at), expected, "{at}");
        }
    }
}
