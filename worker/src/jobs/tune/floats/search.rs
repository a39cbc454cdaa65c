//! The rows that may be among the nearest of one testing sample: found by bounds, settled by the plain formula.

use brigade_protocol::shm::Samples;

use super::{
    super::{
        kernel::{Absolute, Kernel, LANES, Largest, Share, Squares},
        nearest::{Nearest, Neighbour},
        prepared::Prepared,
    },
    bounds::{Bounds, Measure},
    kernels::Reach,
};

/// A training row that may be among the nearest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Near {
    /// What was summed up in f32.
    pub(super) value: f32,
    /// The sum of its features, on the scale.
    pub(super) total: f32,
    pub(super) rank: u32,
}

/// What is known of one testing sample and one distance.
#[derive(Debug)]
pub(super) struct Search {
    most: usize,
    /// The sum of the features, on the scale.
    total: f64,
    /// As many rows as are wanted are no farther than this.
    limit: f64,
    reach: Reach,
    near: Vec<Near>,
    /// Those whose distances were computed.
    nearest: Nearest,
}

impl Search {
    pub(super) fn new(most: usize, bounds: &Bounds, total: f64) -> Self {
        Self {
            most,
            total,
            limit: f64::INFINITY,
            reach: bounds.reach(f64::INFINITY, total),
            near: Vec::new(),
            nearest: Nearest::new(most),
        }
    }

    /// What a row must be within to matter.
    pub(super) fn reach(&self) -> Reach {
        self.reach
    }

    /// Takes in a row.
    pub(super) fn meet(
        &mut self,
        near: Near,
        bounds: &Bounds,
        query: &[f64],
        exact: &mut Exact<'_>,
    ) {
        if !self.reach.holds(near.value, near.total) {
            return;
        }
        self.near.push(near);
        let room = (4 * self.most).max(64);
        if self.near.len() >= room {
            self.narrow(bounds);
            // Many rows so close to each other that f32 cannot tell them apart.
            if self.near.len() > room / 2 {
                self.settle(bounds, query, exact);
            }
        }
    }

    /// Finds a new limit, and drops the rows beyond it.
    fn narrow(&mut self, bounds: &Bounds) {
        let upper = |near: &Near| bounds.upper(near.value, self.total + f64::from(near.total));
        let mut uppers: Vec<f64> = self.near.iter().map(upper).collect();
        if uppers.len() >= self.most {
            let (_, last, _) = uppers.select_nth_unstable_by(self.most - 1, f64::total_cmp);
            self.limit = self.limit.min(*last);
        }
        self.reach = bounds.reach(self.limit, self.total);
        self.near
            .retain(|near| self.reach.holds(near.value, near.total));
    }

    /// Computes the distances of all rows found so far.
    fn settle(&mut self, bounds: &Bounds, query: &[f64], exact: &mut Exact<'_>) {
        exact.offer(bounds.measure(), query, &self.near, &mut self.nearest);
        self.near.clear();
        self.limit = self.limit.min(self.nearest.last_distance());
        self.reach = bounds.reach(self.limit, self.total);
    }

    /// The nearest rows, nearest first.
    pub(super) fn finish(
        &mut self,
        bounds: &Bounds,
        query: &[f64],
        exact: &mut Exact<'_>,
    ) -> &[Neighbour] {
        self.narrow(bounds);
        self.settle(bounds, query, exact);
        self.nearest.ordered()
    }
}

/// The plain formula. What it computes side by side are training rows here, and not testing samples: |a−b|, (a−b)² and
/// a+b are the same either way round, to the last bit.
pub(super) struct Exact<'a> {
    prepared: &'a Prepared,
    samples: &'a Samples<'a>,
    row: Vec<f64>,
    lanes: Vec<[f64; LANES]>,
    computed: usize,
}

impl<'a> Exact<'a> {
    pub(super) fn new(prepared: &'a Prepared, samples: &'a Samples<'a>) -> Self {
        let width = samples.feature_count();
        Self {
            prepared,
            samples,
            row: vec![0.0; width],
            lanes: vec![[0.0; LANES]; width],
            computed: 0,
        }
    }

    /// How many distances were computed.
    pub(super) fn computed(&self) -> usize {
        self.computed
    }

    /// Offers the distances of rows, whose ranks ascend.
    fn offer(&mut self, measure: Measure, query: &[f64], rows: &[Near], nearest: &mut Nearest) {
        self.computed += rows.len();
        match measure {
            Measure::Euclidean => self.offer_by(&Squares, query, rows, nearest),
            Measure::Manhattan => self.offer_by(&Absolute, query, rows, nearest),
            Measure::Chebyshev => self.offer_by(&Largest, query, rows, nearest),
            Measure::Sorensen => self.offer_by(&Share, query, rows, nearest),
        }
    }

    fn offer_by<K: Kernel>(
        &mut self,
        kernel: &K,
        query: &[f64],
        rows: &[Near],
        nearest: &mut Nearest,
    ) {
        for rows in rows.chunks(LANES) {
            // Lanes without a row keep what was in them, and are left out.
            for (lane, near) in rows.iter().enumerate() {
                let number = self.prepared.rows[near.rank as usize] as usize;
                self.prepared.fetch(self.samples, number, &mut self.row);
                for (lanes, feature) in self.lanes.iter_mut().zip(&self.row) {
                    lanes[lane] = *feature;
                }
            }
            let mut sums = K::Sums::default();
            for (lanes, feature) in self.lanes.iter().zip(query) {
                kernel.add(&mut sums, lanes, *feature);
            }
            let distances = kernel.distances(&sums, 0);
            for (near, distance) in rows.iter().zip(distances) {
                nearest.offer(distance, near.rank);
            }
        }
    }
}
