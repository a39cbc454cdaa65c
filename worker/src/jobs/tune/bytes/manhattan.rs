//! MD and SD: one sum of differences serves both, and SD divides it by the sums of the rows.

use brigade_protocol::jobs::tune::Distance;

use super::{
    super::{
        kernel::sorensen,
        nearest::{Nearest, Neighbour},
    },
    Bytes, Kept, TILE,
    kernels::{Interleaving, Limits, words},
    padded::Padded,
    seeds::Seeds,
};

/// After a tile of which more than one row in so many had to be looked at, some are compared without sketches.
const WORTHWHILE: usize = 4;
/// How many tiles that is.
const RESPITE: usize = 8;

/// What a product of shares and sums may be too small by.
const ROUNDED: f64 = 1.0 + 1e-12;

/// Where in the pass MD and SD stand, if they are asked for.
#[derive(Debug, Clone, Copy)]
struct Asked {
    manhattan: Option<usize>,
    sorensen: Option<usize>,
}

/// One testing sample on its way.
struct Query {
    total: u32,
    words: Vec<u64>,
    sketch: Vec<u64>,
    manhattan: Kept,
    sorensen: Nearest,
    share: f64,
}

impl Query {
    /// What the bound `value · factor − slack` must be below.
    fn limits(&self, asked: Asked, factor: u32, slack: u32) -> Limits {
        Limits {
            factor,
            slack,
            limit: asked.manhattan.map_or(0, |_| self.manhattan.limit),
            share: self.share,
            total: self.total,
        }
    }

    /// Takes in the distance of the row at a rank.
    fn offer(&mut self, asked: Asked, distance: u32, total: u32, rank: u32) {
        if asked.manhattan.is_some() && distance < self.manhattan.limit {
            self.manhattan.offer(distance, rank);
        }
        let (distance, totals) = (f64::from(distance), f64::from(self.total + total));
        // A product is cheaper than a quotient; the slack is more than both are rounded by.
        if asked.sorensen.is_some() && distance <= self.share * totals * ROUNDED {
            self.sorensen.offer(sorensen(distance, totals), rank);
            self.share = self.sorensen.last_distance().min(self.share);
        }
    }
}

/// Room for what is computed of a tile.
struct Desk {
    /// The testing samples of the block, and the rows of the tile.
    queries: Padded,
    rows: Padded,
    interleaving: Interleaving,
    sums: [Vec<u32>; 4],
    candidates: Vec<u32>,
}

impl Bytes<'_> {
    pub(super) fn manhattan(
        &self,
        distances: &[Distance],
        mut found: impl FnMut(usize, usize, &[Neighbour]),
    ) {
        let place = |kind| distances.iter().position(|distance| *distance == kind);
        let asked = Asked {
            manhattan: place(Distance::Manhattan),
            sorensen: place(Distance::Sorensen),
        };
        let is_pruned = self.input.is_pruned;
        let rows = self.queries();
        let mut queries: Vec<Query> = rows
            .iter()
            .map(|row| Query {
                total: self.level.sums(row).0,
                words: words(row),
                sketch: if is_pruned {
                    self.sketches().query(row)
                } else {
                    Vec::new()
                },
                manhattan: Kept::new(self.most),
                sorensen: Nearest::new(self.most),
                share: f64::MAX,
            })
            .collect();
        let mut desk = Desk {
            queries: Padded::of(rows.iter().copied(), self.width),
            rows: Padded::default(),
            interleaving: Interleaving::default(),
            sums: std::array::from_fn(|_| vec![0; TILE]),
            candidates: Vec::with_capacity(TILE),
        };
        // Without seeds, the first tile serves as such.
        let mut respite = usize::from(!(is_pruned && self.seed(asked, &mut queries, &mut desk)));
        for tile in self.tiles() {
            if is_pruned && respite == 0 {
                let looked_at = self.by_sketch(asked, &mut queries, &mut desk, tile.clone());
                if looked_at * WORTHWHILE > tile.len() * queries.len() {
                    respite = RESPITE;
                }
            } else {
                self.all_of(asked, &mut queries, &mut desk, tile);
                respite = respite.saturating_sub(1);
            }
        }
        for (position, query) in queries.iter_mut().enumerate() {
            if let Some(which) = asked.manhattan {
                found(which, position, query.manhattan.nearest.ordered());
            }
            if let Some(which) = asked.sorensen {
                found(which, position, query.sorensen.ordered());
            }
        }
    }

    /// Finds limits to begin with: those that the rows with the nearest sketches set. `false` for tables that are too
    /// small for that to pay.
    fn seed(&self, asked: Asked, queries: &mut [Query], desk: &mut Desk) -> bool {
        let Some(mut seeds) = Seeds::new(self, queries.len()) else {
            return false;
        };
        let sketches = self.sketches();
        for tile in seeds.tiles() {
            let rows = sketches.rows(tile.start, tile.end);
            for (position, query) in queries.iter().enumerate() {
                let sums = &mut desk.sums[0][..tile.len().next_multiple_of(8)];
                self.level.sketch(rows, &query.sketch, sums);
                seeds.offer(position, tile.start, &sums[..tile.len()]);
            }
        }
        for (position, query) in queries.iter_mut().enumerate() {
            let ranks = seeds.ranks(position);
            let rows = ranks.iter().map(|&rank| self.training(rank as usize));
            desk.rows.fill(rows, self.width);
            let mut distances: Vec<(u32, f64)> = Vec::with_capacity(ranks.len());
            for (at, &rank) in ranks.iter().enumerate() {
                let row = desk.rows.row(at);
                let distance = self.level.difference(desk.queries.row(position), row);
                let total = query.total + self.totals()[rank as usize];
                distances.push((distance, sorensen(f64::from(distance), f64::from(total))));
            }
            let last = self.most - 1;
            if asked.manhattan.is_some() {
                let by_distance = |&(distance, _): &(u32, f64)| distance;
                let (_, (distance, _), _) = distances.select_nth_unstable_by_key(last, by_distance);
                // A row as far as the last of these may still come before it.
                query.manhattan.limit = *distance + 1;
            }
            let by_share = |one: &(u32, f64), other: &(u32, f64)| one.1.total_cmp(&other.1);
            query.share = distances.select_nth_unstable_by(last, by_share).1.1;
        }
        true
    }

    /// Compares the rows of a tile whose sketches say that they may be among the nearest; how many these were.
    fn by_sketch(
        &self,
        asked: Asked,
        queries: &mut [Query],
        desk: &mut Desk,
        tile: std::ops::Range<usize>,
    ) -> usize {
        let sketches = self.sketches();
        let (grouping, rows) = (&sketches.grouping, sketches.rows(tile.start, tile.end));
        let totals = &self.totals()[tile.clone()];
        let padded = tile.len().next_multiple_of(8);
        let mut looked_at = 0;
        let training = tile.clone().map(|rank| self.training(rank));
        desk.rows.fill(training, self.width);
        for (position, query) in queries.iter_mut().enumerate() {
            let bounds = &mut desk.sums[0][..padded];
            self.level.sketch(rows, &query.sketch, bounds);
            desk.candidates.clear();
            if asked.sorensen.is_some() {
                let limits = query.limits(asked, grouping.divisor(), grouping.slack());
                self.level
                    .below_share(&bounds[..tile.len()], totals, limits, &mut desk.candidates);
            } else {
                let limit = grouping.limit(query.manhattan.limit);
                self.level
                    .below(&bounds[..tile.len()], limit, 0, &mut desk.candidates);
            }
            looked_at += desk.candidates.len();
            for &candidate in &desk.candidates {
                let at = candidate as usize;
                let row = desk.rows.row(at);
                let distance = self.level.difference(desk.queries.row(position), row);
                query.offer(asked, distance, totals[at], (tile.start + at) as u32);
            }
        }
        looked_at
    }

    /// Compares all rows of a tile.
    fn all_of(
        &self,
        asked: Asked,
        queries: &mut [Query],
        desk: &mut Desk,
        tile: std::ops::Range<usize>,
    ) {
        let totals = &self.totals()[tile.clone()];
        let rows = tile.clone().map(|rank| self.training(rank));
        desk.interleaving.fill::<8>(rows, self.width);
        let padded = tile.len().next_multiple_of(8);
        for queries in queries.chunks_mut(4) {
            let words = std::array::from_fn(|at| &queries[at.min(queries.len() - 1)].words[..]);
            let sums = desk.sums.each_mut().map(|sums| &mut sums[..padded]);
            self.level.manhattan(desk.interleaving.view(), words, sums);
            for (query, sums) in queries.iter_mut().zip(&desk.sums) {
                desk.candidates.clear();
                let sums = &sums[..tile.len()];
                if asked.sorensen.is_some() {
                    let limits = query.limits(asked, 1, 0);
                    self.level
                        .below_share(sums, totals, limits, &mut desk.candidates);
                } else {
                    let limit = query.manhattan.limit;
                    self.level.below(sums, limit, 0, &mut desk.candidates);
                }
                for &candidate in &desk.candidates {
                    let at = candidate as usize;
                    query.offer(asked, sums[at], totals[at], (tile.start + at) as u32);
                }
            }
        }
    }
}
