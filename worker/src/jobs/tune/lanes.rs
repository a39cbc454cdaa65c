//! The way that serves every table and every distance: f64 throughout, as the plain formula, eight testing samples
//! side by side.

use brigade_protocol::{
    jobs::tune::{Distance, Input},
    shm::Samples,
};

use super::{
    kernel::{
        Absolute, AbsoluteAndTotal, Angle, Differing, Kernel, LANES, Largest, Powers, Share,
        Shares, Squares,
    },
    nearest::{Nearest, Neighbour},
    prepared::Prepared,
};

/// A block of work that fits the samples.
pub(super) struct Block<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) samples: &'a Samples<'a>,
    pub(super) input: &'a Input,
    pub(super) queries: Queries<'a>,
}

/// Which samples are to be classified.
#[derive(Debug, Clone, Copy)]
pub(super) enum Queries<'a> {
    /// The testing rows of the partition.
    Testing,
    /// Rows that came with the task: their features one after another, on no scale yet. The input's block lies
    /// within them.
    Given(&'a [f64]),
}

impl Block<'_> {
    /// Copies the features of the sample to be classified at this position, on the scale.
    fn fetch_query(&self, position: usize, out: &mut [f64]) {
        match self.queries {
            Queries::Testing => {
                let row = self.prepared.partition.testing_row(position);
                self.prepared.fetch(self.samples, row, out);
            }
            Queries::Given(features) => {
                let width = out.len();
                out.copy_from_slice(&features[position * width..][..width]);
                self.prepared.scale(out);
            }
        }
    }

    /// Finds the nearest training rows of every testing sample of the block, for distances that share a pass; calls
    /// `found` with the place of the distance among `distances`, the position in the block, and the neighbours,
    /// nearest first.
    pub(super) fn pass(
        &self,
        distances: &[Distance],
        found: impl FnMut(usize, usize, &[Neighbour]),
    ) {
        let features = self.samples.feature_count() as f64;
        match *distances {
            [Distance::Euclidean, ..] => self.run(&Squares, found),
            [Distance::Chebyshev, ..] => self.run(&Largest, found),
            [Distance::Cosine, ..] => self.run(&Angle, found),
            [Distance::Canberra, ..] => self.run(&Shares, found),
            [Distance::Hamming, ..] => self.run(&Differing { features }, found),
            [Distance::Minkowski(exponent), ..] => {
                let exponent = exponent.get();
                self.run(&Powers { exponent }, found);
            }
            [Distance::Manhattan] => self.run(&Absolute, found),
            [Distance::Sorensen] => self.run(&Share, found),
            _ => self.run_both(distances, found),
        }
    }

    /// MD and SD, in any order.
    fn run_both(&self, distances: &[Distance], mut found: impl FnMut(usize, usize, &[Neighbour])) {
        self.run(&AbsoluteAndTotal, |which, position, neighbours| {
            let kind = [Distance::Manhattan, Distance::Sorensen][which];
            let places = distances.iter().enumerate();
            for (place, _) in places.filter(|(_, distance)| **distance == kind) {
                found(place, position, neighbours);
            }
        });
    }

    /// One pass over the training set for each [`LANES`] testing samples, which are computed side by side.
    fn run<K: Kernel>(&self, kernel: &K, mut found: impl FnMut(usize, usize, &[Neighbour])) {
        let Input { testing, ks, .. } = self.input;
        let most = ks.iter().copied().max().unwrap_or(0) as usize;
        if most == 0 {
            return;
        }
        let width = self.samples.feature_count();
        let mut row_of_features = vec![0.0; width];
        let mut queries = vec![[0.0; LANES]; width];
        let mut nearest: Vec<[Nearest; LANES]> = (0..K::DISTANCES)
            .map(|_| std::array::from_fn(|_| Nearest::new(most)))
            .collect();
        let (start, end) = (testing.start as usize, testing.end as usize);
        for tile in (start..end).step_by(LANES) {
            let full = LANES.min(end - tile);
            for lane in 0..LANES {
                // A tile that is not full repeats its last sample, whose result is then left out.
                self.fetch_query(tile + lane.min(full - 1), &mut row_of_features);
                for (query, &feature) in queries.iter_mut().zip(&row_of_features) {
                    query[lane] = feature;
                }
            }
            self.tile(kernel, &queries, &mut row_of_features, &mut nearest);
            for (which, nearest) in nearest.iter_mut().enumerate() {
                for (lane, nearest) in nearest.iter_mut().enumerate().take(full) {
                    found(which, tile - start + lane, nearest.ordered());
                }
                nearest.iter_mut().for_each(Nearest::clear);
            }
        }
    }

    /// Offers every training row to the testing samples of one tile.
    fn tile<K: Kernel>(
        &self,
        kernel: &K,
        queries: &[[f64; LANES]],
        training: &mut [f64],
        nearest: &mut [[Nearest; LANES]],
    ) {
        for (rank, &row) in (0..).zip(&self.prepared.rows) {
            self.prepared.fetch(self.samples, row as usize, training);
            let mut sums = K::Sums::default();
            for (query, &feature) in queries.iter().zip(&*training) {
                kernel.add(&mut sums, query, feature);
            }
            for (which, nearest) in nearest.iter_mut().enumerate() {
                let distances = kernel.distances(&sums, which);
                for (nearest, distance) in nearest.iter_mut().zip(distances) {
                    nearest.offer(distance, rank);
                }
            }
        }
    }
}
