//! The way for tables that are not bytes, or that are put on a scale: distances are computed in f32, which is quick, and
//! those rows that may be among the nearest once more in f64, as the plain formula.
//!
//! What f32 may be off is known ([`bounds`]), so no row is left out that the plain formula would have chosen, and
//! what is found is what it computes, to the last bit.
//!
//! | file | what |
//! | --- | --- |
//! | this one | blocks of testing samples against tiles of training rows |
//! | `bounds.rs` | how far an f32 sum is from the distance, derived |
//! | `search.rs` | the rows that may be among the nearest, and their distances in f64 |
//! | `tile.rs` | rows in f32, side by side |
//! | `kernels.rs`, `portable.rs`, `avx2.rs`, `avx512.rs` | the arithmetic, for several kinds of processors |

#[cfg(target_arch = "x86_64")]
pub(super) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(super) mod avx512;
mod bounds;
pub(super) mod kernels;
pub(super) mod portable;
mod search;
mod tile;

use brigade_protocol::{
    jobs::tune::{Distance, Input},
    shm::Samples,
};

use super::{bytes::Level, nearest::Neighbour, prepared::Prepared};
use bounds::{Bounds, Measure};
use search::{Exact, Near, Search};
pub(super) use tile::Extent;
use tile::{Tile, narrowed};

/// What the bounds are derived for.
const WIDEST: usize = 16_384;

/// Numbers of a tile: what they need stays in the second-level cache.
const TILE_NUMBERS: usize = 32_768;

/// Tables for which this way pays.
#[derive(Debug, Clone, Copy)]
pub(super) struct Least {
    /// Features of all training rows together.
    pub(super) numbers: usize,
    /// Training rows for each neighbour wanted.
    pub(super) rows_per_neighbour: usize,
    /// Rows met for each that f32 could not tell from its like; below that, the table is left to f64.
    pub(super) rows_per_settled: usize,
}

impl Least {
    pub(super) const WORTHWHILE: Self = Self {
        numbers: 20_000,
        rows_per_neighbour: 8,
        rows_per_settled: 4,
    };
}

/// A block of testing samples.
pub(super) struct Floats<'a> {
    prepared: &'a Prepared,
    samples: &'a Samples<'a>,
    input: &'a Input,
    width: usize,
    most: usize,
    level: Level,
    least: Least,
}

/// One testing sample on its way.
struct Query {
    features: Vec<f64>,
    narrowed: Vec<f32>,
    /// One for each distance of the pass.
    searches: Vec<Search>,
}

impl<'a> Floats<'a> {
    /// `None` where this way does not pay, or nothing may be left out.
    pub(super) fn new(
        prepared: &'a Prepared,
        samples: &'a Samples<'a>,
        input: &'a Input,
        level: Level,
        least: Least,
    ) -> Option<Self> {
        let (width, training) = (samples.feature_count(), prepared.rows.len());
        let most = input.ks.iter().copied().max()? as usize;
        let is_worthwhile = training.saturating_mul(width) >= least.numbers
            && most.saturating_mul(least.rows_per_neighbour) <= training;
        (input.is_pruned && is_worthwhile && width <= WIDEST).then_some(Self {
            prepared,
            samples,
            input,
            width,
            most,
            level,
            least,
        })
    }

    /// Finds the nearest training rows of every testing sample of the block, as
    /// [`Block::pass`](super::lanes::Block::pass) does; `false` if not for these distances or numbers.
    pub(super) fn pass(
        &self,
        distances: &[Distance],
        mut found: impl FnMut(usize, usize, &[Neighbour]),
    ) -> bool {
        let measures = distances.iter().map(|distance| Measure::of(*distance));
        let Some(measures) = measures.collect::<Option<Vec<Measure>>>() else {
            return false;
        };
        let features = self.fetch_queries();
        let extent = features
            .iter()
            .fold(self.training_extent(), |extent, row| extent.with(row));
        let Some(scale) = extent.scale() else {
            return false;
        };
        if extent.is_any_negative() && measures.contains(&Measure::Sorensen) {
            return false;
        }
        let bounds: Vec<Bounds> = measures
            .iter()
            .map(|measure| Bounds::new(*measure, self.width, scale))
            .collect();
        let mut queries: Vec<Query> = features
            .into_iter()
            .map(|features| self.query(features, &bounds, scale))
            .collect();
        let mut exact = Exact::new(self.prepared, self.samples);
        if !self.search(&bounds, scale, &mut queries, &mut exact) {
            return false;
        }
        for (position, query) in queries.iter_mut().enumerate() {
            for (which, (search, bounds)) in query.searches.iter_mut().zip(&bounds).enumerate() {
                found(
                    which,
                    position,
                    search.finish(bounds, &query.features, &mut exact),
                );
            }
        }
        true
    }

    /// The testing samples of the block, on the scale.
    fn fetch_queries(&self) -> Vec<Vec<f64>> {
        let testing = self.input.testing.clone();
        testing
            .map(|position| {
                let mut features = vec![0.0; self.width];
                let row = self.prepared.partition.testing_row(position as usize);
                self.prepared.fetch(self.samples, row, &mut features);
                features
            })
            .collect()
    }

    /// What the training rows are like.
    fn training_extent(&self) -> Extent {
        *self.prepared.extent.get_or_init(|| {
            let mut features = vec![0.0; self.width];
            self.prepared
                .rows
                .iter()
                .fold(Extent::default(), |extent, &row| {
                    self.prepared
                        .fetch(self.samples, row as usize, &mut features);
                    extent.with(&features)
                })
        })
    }

    fn query(&self, features: Vec<f64>, bounds: &[Bounds], scale: f64) -> Query {
        let total = features.iter().sum::<f64>() * scale;
        Query {
            narrowed: features
                .iter()
                .map(|feature| narrowed(*feature, scale))
                .collect(),
            searches: bounds
                .iter()
                .map(|bounds| Search::new(self.most, bounds, total))
                .collect(),
            features,
        }
    }

    /// Meets all testing samples with all training rows; `false` when f32 tells too few of them apart.
    fn search(
        &self,
        bounds: &[Bounds],
        scale: f64,
        queries: &mut [Query],
        exact: &mut Exact<'_>,
    ) -> bool {
        let mut tile = Tile::new(self.width);
        let rows = tile::rows_for(TILE_NUMBERS, self.width);
        let mut sums: [Vec<f32>; 4] = std::array::from_fn(|_| vec![0.0; rows]);
        let mut candidates = Vec::with_capacity(rows);
        let mut rank = 0;
        for numbers in self.prepared.rows.chunks(rows) {
            tile.fill(self.prepared, self.samples, numbers, scale);
            for queries in queries.chunks_mut(4) {
                let given = std::array::from_fn(|at| {
                    let query: &Query = &queries[at.min(queries.len() - 1)];
                    &query.narrowed[..]
                });
                let out = sums.each_mut().map(|sums| &mut sums[..tile.padded()]);
                self.level
                    .float_sums(bounds[0].measure().sum(), tile.groups(), given, out);
                for (query, sums) in queries.iter_mut().zip(&sums) {
                    for (search, bounds) in query.searches.iter_mut().zip(bounds) {
                        candidates.clear();
                        let values = &sums[..numbers.len()];
                        self.level.float_within(
                            values,
                            tile.totals(),
                            search.reach(),
                            &mut candidates,
                        );
                        for &candidate in &candidates {
                            let near = Near {
                                value: values[candidate as usize],
                                total: tile.totals()[candidate as usize],
                                rank: rank + candidate,
                            };
                            search.meet(near, bounds, &query.features, exact);
                        }
                    }
                }
            }
            rank += tile.len();
            let met = rank as usize * queries.len() * bounds.len();
            if exact.computed() * self.least.rows_per_settled > met {
                return false;
            }
        }
        true
    }
}
