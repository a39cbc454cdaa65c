//! Seeds: the rows with the least bounds, which are compared first, so that there is a limit from the start.

use std::ops::Range;

use super::{Bytes, Kept, TILE};

/// So many for each neighbour wanted, and no fewer than the next; on tables that have so many rows for each.
const PER_NEIGHBOUR: usize = 2;
const LEAST: usize = 64;
const ROWS_EACH: usize = 8;
/// On larger tables they are looked for in one tile of so many: the limits become a little larger, and finding them
/// takes that much less.
const TILES_APART: usize = 4;

/// The rows with the least bounds, for each testing sample of a block.
pub(super) struct Seeds {
    nearest: Vec<Kept>,
    candidates: Vec<u32>,
    level: super::Level,
    rows: usize,
    tiles_apart: usize,
}

impl Seeds {
    /// `None` for tables that are too small for seeds to pay.
    pub(super) fn new(bytes: &Bytes<'_>, queries: usize) -> Option<Self> {
        let rows = bytes.training_count();
        let seeds = (PER_NEIGHBOUR * bytes.most).max(LEAST);
        let enough = ROWS_EACH * seeds;
        (rows >= enough).then(|| Self {
            nearest: (0..queries).map(|_| Kept::new(seeds)).collect(),
            candidates: Vec::with_capacity(TILE),
            level: bytes.level,
            rows,
            tiles_apart: (rows / enough).clamp(1, TILES_APART),
        })
    }

    /// The tiles to look for seeds in.
    pub(super) fn tiles(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let rows = self.rows;
        (0..rows)
            .step_by(TILE * self.tiles_apart)
            .map(move |start| start..(start + TILE).min(rows))
    }

    /// Takes in the bounds of the rows of a tile for one of the testing samples.
    pub(super) fn offer(&mut self, position: usize, first: usize, bounds: &[u32]) {
        let nearest = &mut self.nearest[position];
        self.candidates.clear();
        self.level
            .below(bounds, nearest.limit, 0, &mut self.candidates);
        for &candidate in &self.candidates {
            nearest.offer(bounds[candidate as usize], first as u32 + candidate);
        }
    }

    /// The ranks of the seeds of a testing sample, nearest bound first: more of them than neighbours are wanted.
    pub(super) fn ranks(&mut self, position: usize) -> Vec<u32> {
        let seeds = self.nearest[position].nearest.ordered();
        seeds.iter().map(|seed| seed.rank).collect()
    }
}
