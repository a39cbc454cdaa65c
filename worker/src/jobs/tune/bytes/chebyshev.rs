//! CD: a row is among the nearest only if every feature lies within reach, and most rows are found out after a few.

use std::sync::Arc;

use super::{super::nearest::Neighbour, Bytes, Kept, kernels::BLOCK};

/// Rows that are looked at to find out where in a row differences show.
const SAMPLE: usize = 256;

/// One testing sample on its way.
struct Query<'a> {
    row: &'a [u8],
    /// Between these lies every feature of a row that is nearer than the limit.
    low: Vec<u8>,
    high: Vec<u8>,
    kept: Kept,
}

impl Query<'_> {
    /// Takes in the row at a rank, whose distance is below the limit.
    fn offer(&mut self, distance: u8, rank: u32) {
        let before = self.kept.limit;
        self.kept.offer(u32::from(distance), rank);
        if self.kept.limit < before {
            // Above 255 nothing is out of reach, and below 1 everything is.
            let reach = u8::try_from(self.kept.limit.saturating_sub(1)).unwrap_or(u8::MAX);
            for ((low, high), byte) in self.low.iter_mut().zip(&mut self.high).zip(self.row) {
                *low = byte.saturating_sub(reach);
                *high = byte.saturating_add(reach);
            }
        }
    }
}

impl Bytes<'_> {
    pub(super) fn chebyshev(&self, mut found: impl FnMut(usize, usize, &[Neighbour])) {
        let rows = self.queries();
        let mut queries: Vec<Query<'_>> = rows
            .into_iter()
            .map(|row| Query {
                row,
                low: vec![0; self.width],
                high: vec![u8::MAX; self.width],
                kept: Kept::new(self.most),
            })
            .collect();
        for tile in self.tiles() {
            for query in &mut queries {
                for rank in tile.clone() {
                    self.look(query, rank);
                }
            }
        }
        for (position, query) in queries.iter_mut().enumerate() {
            found(0, position, query.kept.nearest.ordered());
        }
    }

    #[inline]
    fn look(&self, query: &mut Query<'_>, rank: usize) {
        let row = self.training(rank);
        if self.input.is_pruned
            && !self
                .level
                .is_within(row, &query.low, &query.high, self.starts())
        {
            return;
        }
        let distance = self.level.largest(query.row, row);
        if u32::from(distance) < query.kept.limit {
            query.offer(distance, rank as u32);
        }
    }

    /// Where pieces of a row begin, those first in which features vary most.
    fn starts(&self) -> &[usize] {
        self.prepared.lore.starts.get_or_init(|| {
            let step = (self.training_count() / SAMPLE).max(1);
            let sample: Vec<&[u8]> = (0..self.training_count())
                .step_by(step)
                .map(|rank| self.training(rank))
                .collect();
            // The last piece reaches back into the one before rather than being a short one.
            let last = self.width.saturating_sub(BLOCK);
            let mut starts: Vec<usize> = (0..self.width)
                .step_by(BLOCK)
                .map(|start| start.min(last))
                .collect();
            let spread = |start: &usize| {
                let columns = *start..(start + BLOCK).min(self.width);
                let apart = sample.windows(2).flat_map(|pair| {
                    let columns = columns.clone();
                    columns.map(|at| u64::from(pair[0][at].abs_diff(pair[1][at])))
                });
                apart.sum::<u64>()
            };
            starts.sort_by_cached_key(|start| std::cmp::Reverse(spread(start)));
            Arc::from(starts)
        })
    }
}
