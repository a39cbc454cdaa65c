//! CD: a row is among the nearest only if every feature lies within reach, and most rows are found out by a few
//! features. Those that vary most are kept together for each row, 64 at a time, as its probes.

use std::{ops::Range, sync::Arc};

use super::{
    super::nearest::Neighbour,
    Bytes, Kept,
    padded::{BLOCK, Block, Padded},
};

/// Rows that are looked at to find the features that vary most.
const SAMPLE: usize = 1024;

/// Probes of a row: 15 MB for 60,000 rows. On MNIST one probe leaves 15 % of the rows, four leave 2 %.
const PROBES: usize = 4;

/// The probes of one row, each a block of features.
type Probe = [Block; PROBES];

/// The features of all training rows that vary most.
#[derive(Debug)]
pub(super) struct Probes {
    /// Which columns these are, at most 64 a probe.
    columns: Vec<usize>,
    /// For each probe, the rows by rank; zeros where there are fewer columns.
    rows: [Vec<Block>; PROBES],
}

impl Probes {
    fn new<'a>(width: usize, rows: impl ExactSizeIterator<Item = &'a [u8]> + Clone) -> Self {
        let step = (rows.len() / SAMPLE).max(1);
        let sample: Vec<&[u8]> = rows.clone().step_by(step).collect();
        let mut columns: Vec<usize> = (0..width).collect();
        columns.sort_by_cached_key(|&column| std::cmp::Reverse(spread(&sample, column)));
        columns.truncate(BLOCK * PROBES);
        let mut probes = Self {
            columns,
            rows: std::array::from_fn(|_| Vec::with_capacity(rows.len())),
        };
        for row in rows {
            let probe = probes.of(row);
            for (rows, block) in probes.rows.iter_mut().zip(probe) {
                rows.push(block);
            }
        }
        probes
    }

    /// The probes of a row; what there is no column for stays zero.
    fn of(&self, row: &[u8]) -> Probe {
        let mut probe = [Block::ZEROS; PROBES];
        for (block, columns) in probe.iter_mut().zip(self.columns.chunks(BLOCK)) {
            for (byte, &column) in block.iter_mut().zip(columns) {
                *byte = row[column];
            }
        }
        probe
    }

    /// The probes that hold any columns.
    fn used(&self) -> usize {
        self.columns.len().div_ceil(BLOCK)
    }
}

/// How much a column varies: n Σx² − (Σx)².
fn spread(sample: &[&[u8]], column: usize) -> u64 {
    let bytes = || sample.iter().map(|row| u64::from(row[column]));
    let (sum, squares) = (
        bytes().sum::<u64>(),
        bytes().map(|byte| byte * byte).sum::<u64>(),
    );
    sample.len() as u64 * squares - sum * sum
}

/// One testing sample on its way.
struct Query {
    probe: Probe,
    /// Between these lie the probes of all rows that are nearer than the limit.
    low: Probe,
    high: Probe,
    kept: Kept,
}

impl Query {
    fn new(probe: Probe, most: usize) -> Self {
        Self {
            probe,
            low: [Block::ZEROS; PROBES],
            high: [Block([u8::MAX; BLOCK]); PROBES],
            kept: Kept::new(most),
        }
    }

    /// Takes in the row at a rank, if it is nearer than the limit.
    fn offer(&mut self, distance: u8, rank: u32) {
        let before = self.kept.limit;
        if u32::from(distance) >= before {
            return;
        }
        self.kept.offer(u32::from(distance), rank);
        if self.kept.limit < before {
            let reach = u8::try_from(self.kept.limit.saturating_sub(1)).unwrap_or(u8::MAX);
            self.low = self
                .probe
                .map(|block| Block(block.map(|byte| byte.saturating_sub(reach))));
            self.high = self
                .probe
                .map(|block| Block(block.map(|byte| byte.saturating_add(reach))));
        }
    }
}

impl Bytes<'_> {
    pub(super) fn chebyshev(&self, mut found: impl FnMut(usize, usize, &[Neighbour])) {
        let probes = self.input.is_pruned.then(|| self.probes());
        let rows = self.queries();
        let padded = Padded::of(rows.iter().copied(), self.width);
        let mut training = Padded::default();
        let mut queries: Vec<Query> = rows
            .iter()
            .map(|row| {
                let probe = probes.map_or([Block::ZEROS; PROBES], |probes| probes.of(row));
                Query::new(probe, self.most)
            })
            .collect();
        let mut candidates = Vec::new();
        for tile in self.tiles() {
            training.fill(tile.clone().map(|rank| self.training(rank)), self.width);
            for (position, query) in queries.iter_mut().enumerate() {
                candidates.clear();
                match probes {
                    Some(probes) => {
                        self.within_reach(query, probes, tile.clone(), &mut candidates);
                    }
                    None => candidates.extend(0..tile.len() as u32),
                }
                for &candidate in &candidates {
                    let row = training.row(candidate as usize);
                    let distance = self.level.largest(padded.row(position), row);
                    query.offer(distance, tile.start as u32 + candidate);
                }
            }
        }
        for (position, query) in queries.iter_mut().enumerate() {
            found(0, position, query.kept.nearest.ordered());
        }
    }

    /// Finds the rows of a tile of which all probes lie within reach.
    fn within_reach(
        &self,
        query: &Query,
        probes: &Probes,
        tile: Range<usize>,
        candidates: &mut Vec<u32>,
    ) {
        let rows = |probe: usize| &probes.rows[probe][tile.clone()];
        let (low, high) = (&query.low, &query.high);
        self.level.within(rows(0), &low[0], &high[0], candidates);
        for probe in 1..probes.used() {
            self.level
                .keep_within(rows(probe), &low[probe], &high[probe], candidates);
        }
    }

    fn probes(&self) -> &Probes {
        self.prepared.lore.probes.get_or_init(|| {
            let rows = (0..self.training_count()).map(|rank| self.training(rank));
            Arc::new(Probes::new(self.width, rows))
        })
    }
}
