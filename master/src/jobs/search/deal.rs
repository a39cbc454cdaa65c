//! Deals files out to shards so that all hold about the same.

use std::{cmp::Reverse, collections::BinaryHeap};

/// What a file costs beside its bytes: to open it, to begin to search it.
const FILE_BYTES: u64 = 16 << 10;

/// Who gets the next file: the shard that has least.
#[derive(Debug)]
pub(super) struct Deal {
    loads: BinaryHeap<Reverse<(u64, usize)>>,
}

impl Deal {
    pub(super) fn new(shards: usize) -> Self {
        Self {
            loads: (0..shards.max(1))
                .map(|shard| Reverse((0, shard)))
                .collect(),
        }
    }

    /// The shard that gets a file of so many bytes.
    pub(super) fn next(&mut self, bytes: u64) -> usize {
        let Some(mut least) = self.loads.peek_mut() else {
            return 0;
        };
        let Reverse((load, shard)) = &mut *least;
        *load = load.saturating_add(bytes.saturating_add(FILE_BYTES));
        *shard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_level_to_within_a_file() {
        let mut deal = Deal::new(3);
        let mut loads = [0; 3];
        for file in 0..1000_u64 {
            let bytes = file * 7919 % 100_000;
            loads[deal.next(bytes)] += bytes + FILE_BYTES;
        }
        let spread = loads.iter().max().unwrap() - loads.iter().min().unwrap();
        assert!(spread <= 100_000 + FILE_BYTES, "{loads:?}");
    }
}
