//! ED: Σ(a−b)² = Σa² + Σb² − 2Σab, and products of bytes are what processors are best at. Where there is enough to
//! do, shadows leave out nearly all rows.

use std::{ops::Range, sync::Arc};

use super::{
    super::nearest::Neighbour,
    Bytes, Kept, TILE,
    kernels::{Interleaving, lessened_words},
    padded::Padded,
    seeds::Seeds,
    shadows::{Shadow, Shadows},
};

/// Rows whose distances are computed side by side.
const LANES: usize = 16;

/// Shadows cost as much as comparing all training rows with so many testing samples, and they are compared in so much
/// of a whole row's time: there must be more of each.
const LEAST_TESTING: usize = if cfg!(test) { 8 } else { 512 };
const LEAST_WIDTH: usize = if cfg!(test) { 16 } else { 192 };

/// After a tile of which more than one row in so many had to be looked at, some are compared without shadows.
const WORTHWHILE: usize = 8;
/// How many tiles that is.
const RESPITE: usize = 8;

/// One testing sample on its way.
struct Query {
    words: Vec<u32>,
    square: i32,
    shadow: Shadow,
    kept: Kept,
    /// What a shadow must be below for its row to be below the limit.
    reach: u32,
}

impl Query {
    fn offer(&mut self, distance: u32, rank: u32, shadows: Option<&Shadows>) {
        let before = self.kept.limit;
        if distance < before {
            self.kept.offer(distance, rank);
            if self.kept.limit < before {
                self.set_reach(shadows);
            }
        }
    }

    fn set_reach(&mut self, shadows: Option<&Shadows>) {
        if let Some(shadows) = shadows {
            self.reach = shadows.limit(self.kept.limit, &self.shadow);
        }
    }
}

/// Room for what is computed of a tile.
struct Desk {
    /// The testing samples of the block, and the rows of the tile.
    queries: Padded,
    rows: Padded,
    interleaving: Interleaving,
    distances: [Vec<u32>; 4],
    candidates: Vec<u32>,
}

impl Bytes<'_> {
    pub(super) fn euclidean(&self, mut found: impl FnMut(usize, usize, &[Neighbour])) {
        let rows = self.queries();
        let shadows = self.shadows();
        let mut cast = shadows.map_or_else(Vec::new, |all| all.queries(self.level, &rows));
        cast.resize_with(rows.len(), Shadow::default);
        let with_shadow = rows.iter().zip(cast);
        let mut queries: Vec<Query> = with_shadow
            .map(|(row, shadow)| Query {
                words: lessened_words(row),
                square: self.level.sums(row).1.cast_signed(),
                shadow,
                kept: Kept::new(self.most),
                reach: u32::MAX,
            })
            .collect();
        let mut desk = Desk {
            queries: Padded::of(rows.iter().copied(), self.width),
            rows: Padded::default(),
            interleaving: Interleaving::default(),
            distances: std::array::from_fn(|_| vec![0; TILE]),
            candidates: Vec::with_capacity(TILE),
        };
        let is_seeded =
            shadows.is_some_and(|shadows| self.seed_by(shadows, &mut queries, &mut desk));
        // Without seeds, the first tile serves as such.
        let mut respite = usize::from(!is_seeded);
        for tile in self.tiles() {
            match shadows {
                Some(shadows) if respite == 0 => {
                    let looked_at = self.by_shadow(shadows, &mut queries, &mut desk, tile.clone());
                    if looked_at * WORTHWHILE > tile.len() * queries.len() {
                        respite = RESPITE;
                    }
                }
                _ => {
                    self.squares_of(shadows, &mut queries, &mut desk, tile);
                    respite = respite.saturating_sub(1);
                }
            }
        }
        for (position, query) in queries.iter_mut().enumerate() {
            // Different sums of 32 bits have different roots, so their order stands.
            found(0, position, query.kept.nearest.ordered_by(f64::sqrt));
        }
    }

    /// Sets limits to begin with: those of the rows with the nearest shadows. `false` for tables that are too small
    /// for that to pay.
    fn seed_by(&self, shadows: &Shadows, queries: &mut [Query], desk: &mut Desk) -> bool {
        let Some(mut seeds) = Seeds::new(self, queries.len()) else {
            return false;
        };
        for tile in seeds.tiles() {
            for first in (0..queries.len()).step_by(4) {
                self.compare_shadows(shadows, queries, first, desk, &tile);
                for (at, sums) in desk
                    .distances
                    .iter()
                    .enumerate()
                    .take(queries.len() - first)
                {
                    seeds.offer(first + at, tile.start, &sums[..tile.len()]);
                }
            }
        }
        let last = self.most - 1;
        for (position, query) in queries.iter_mut().enumerate() {
            let ranks = seeds.ranks(position);
            desk.rows.fill(
                ranks.iter().map(|&rank| self.training(rank as usize)),
                self.width,
            );
            let row = desk.queries.row(position);
            let mut distances: Vec<u32> = (0..ranks.len())
                .map(|at| self.level.square(row, desk.rows.row(at)))
                .collect();
            // A row as far as the last of these may still come before it.
            query.kept.limit = *distances.select_nth_unstable(last).1 + 1;
            query.set_reach(Some(shadows));
        }
        true
    }

    /// Compares the shadows of a tile with those of four testing samples.
    fn compare_shadows(
        &self,
        shadows: &Shadows,
        queries: &[Query],
        first: usize,
        desk: &mut Desk,
        tile: &Range<usize>,
    ) {
        let (rows, offsets) = shadows.rows(tile.start, tile.end);
        let four = std::array::from_fn(|at| {
            let shadow = &queries[(first + at).min(queries.len() - 1)].shadow;
            (&shadow.words[..], shadow.square)
        });
        let out = desk.distances.each_mut();
        let out = out.map(|out| &mut out[..offsets.len()]);
        self.level.euclidean(rows, offsets, four, out);
    }

    /// Compares the rows of a tile whose shadows say that they may be among the nearest; how many these were.
    fn by_shadow(
        &self,
        shadows: &Shadows,
        queries: &mut [Query],
        desk: &mut Desk,
        tile: Range<usize>,
    ) -> usize {
        let training = tile.clone().map(|rank| self.training(rank));
        desk.rows.fill(training, self.width);
        let mut looked_at = 0;
        for first in (0..queries.len()).step_by(4) {
            self.compare_shadows(shadows, queries, first, desk, &tile);
            let chunk = queries[first..].iter_mut().zip(&desk.distances);
            for (position, (query, sums)) in (first..).zip(chunk) {
                desk.candidates.clear();
                self.level
                    .below(&sums[..tile.len()], query.reach, 0, &mut desk.candidates);
                looked_at += desk.candidates.len();
                let row = desk.queries.row(position);
                for &candidate in &desk.candidates {
                    let distance = self.level.square(row, desk.rows.row(candidate as usize));
                    query.offer(distance, tile.start as u32 + candidate, Some(shadows));
                }
            }
        }
        looked_at
    }

    /// Compares all rows of a tile.
    fn squares_of(
        &self,
        shadows: Option<&Shadows>,
        queries: &mut [Query],
        desk: &mut Desk,
        tile: Range<usize>,
    ) {
        let padded = tile.len().next_multiple_of(LANES);
        let offsets = &self.offsets()[tile.start..tile.start + padded];
        let training = tile.clone().map(|rank| self.training(rank));
        desk.interleaving.fill::<4>(training, self.width);
        for queries in queries.chunks_mut(4) {
            let four = std::array::from_fn(|at| {
                let query = &queries[at.min(queries.len() - 1)];
                (&query.words[..], query.square)
            });
            let out = desk.distances.each_mut().map(|out| &mut out[..padded]);
            self.level
                .euclidean(desk.interleaving.view(), offsets, four, out);
            for (query, distances) in queries.iter_mut().zip(&desk.distances) {
                desk.candidates.clear();
                let distances = &distances[..tile.len()];
                self.level
                    .below(distances, query.kept.limit, 0, &mut desk.candidates);
                for &candidate in &desk.candidates {
                    let rank = tile.start as u32 + candidate;
                    query.offer(distances[candidate as usize], rank, shadows);
                }
            }
        }
    }

    /// Σb² − 256 Σb of each training row: what makes up for the queries having been lessened by 128, and zeros to the
    /// end of the last lanes.
    fn offsets(&self) -> &[i32] {
        self.prepared.lore.offsets.get_or_init(|| {
            let rows = (0..self.training_count()).map(|rank| self.training(rank));
            let offsets = rows.map(|row| {
                let (total, squares) = self.level.sums(row);
                squares.cast_signed() - 256 * total.cast_signed()
            });
            offsets.chain([0; LANES]).collect()
        })
    }

    /// The shadows of the training rows, where they pay.
    fn shadows(&self) -> Option<&Shadows> {
        let testing = self.prepared.partition.testing_count();
        let is_much = testing >= LEAST_TESTING && self.width >= LEAST_WIDTH;
        (self.input.is_pruned && is_much).then(|| {
            let shadows = self.prepared.lore.shadows.get_or_init(|| {
                let rows = (0..self.training_count()).map(|rank| self.training(rank));
                Arc::new(Shadows::new(self.level, &rows.collect::<Vec<_>>()))
            });
            &**shadows
        })
    }
}
