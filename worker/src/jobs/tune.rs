//! `tune`: the k-nearest-neighbour classification of a block of testing samples, exact to the last bit.
//!
//! Neighbours are ordered by distance, then by their features compared one after another, then by class name.
//! The vote goes to the class with most votes; among equals, to the class met first, nearest first. One pass
//! over the training set serves every k and all distances that share sums.

mod kernel;
mod nearest;
mod task;
mod vote;

use brigade_protocol::{
    jobs::tune::{Distance, Input, TILE_ROWS, Tally},
    shm::{Samples, Split},
};
use thiserror::Error;

pub(super) use task::register;

use kernel::{Absolute, AbsoluteAndTotal, Kernel, LANES, Largest, Share, Squares};
use nearest::Nearest;
use vote::Vote;

/// Why a block cannot be scored. None of these arises from what `master tune` plans.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// The context was prepared for another split or another table.
    #[error(
        "block asks for split {asked} of {rows} rows, this worker is prepared for {prepared} of {prepared_rows} rows: prepare it anew"
    )]
    Split {
        /// The split the block asks for.
        asked: Split,
        /// The rows of the samples given.
        rows: usize,
        /// The split prepared for.
        prepared: Split,
        /// The rows prepared for.
        prepared_rows: usize,
    },
    /// The block reaches beyond the testing set.
    #[error("block {start}..{end} lies outside the {testing} testing samples")]
    Block {
        /// First position.
        start: u32,
        /// Position after the last.
        end: u32,
        /// How many testing samples there are.
        testing: usize,
    },
    /// Zero neighbours cannot vote, nor can more than there are.
    #[error("k is {k}, but must be from 1 to the {training} training samples")]
    Neighbours {
        /// The k asked for.
        k: u32,
        /// How many training samples there are.
        training: usize,
    },
}

/// What a worker finds out once about a table and a split, and then uses for every block: the rank of each
/// training row among all when sorted by features and class name, which breaks ties between equal distances
/// for free. Eight bytes a training row; the features stay in shared memory.
#[derive(Debug, Clone)]
pub struct Prepared {
    split: Split,
    rows: usize,
    /// The rank of each training position.
    ranks: Vec<u32>,
    /// The class id at each rank.
    class_ids: Vec<u32>,
    classes: usize,
}

impl Prepared {
    /// Ranks the training rows of `samples`.
    #[must_use]
    pub fn new(samples: &Samples<'_>, split: Split) -> Self {
        let names: Vec<&str> = samples.class_names().iter().collect();
        let name = |row: usize| names[samples.class_id(row) as usize];
        let training = split.training_count(samples.len());
        // Row numbers fit: a segment has at most u32::MAX rows.
        let mut order: Vec<u32> = (0..).take(training).collect();
        order.sort_unstable_by(|&one, &other| {
            let (one, other) = (
                split.training_row(one as usize),
                split.training_row(other as usize),
            );
            compare(samples.row(one), samples.row(other)).then_with(|| name(one).cmp(name(other)))
        });
        let mut ranks = vec![0; training];
        for (rank, &position) in (0..).zip(&order) {
            ranks[position as usize] = rank;
        }
        let class_ids = order
            .iter()
            .map(|&position| samples.class_id(split.training_row(position as usize)))
            .collect();
        Self {
            split,
            rows: samples.len(),
            ranks,
            class_ids,
            classes: names.len(),
        }
    }

    /// The split this was prepared for.
    #[must_use]
    pub const fn split(&self) -> Split {
        self.split
    }

    fn check(&self, samples: &Samples<'_>, input: &Input) -> Result<(), ScoreError> {
        let (rows, training) = (samples.len(), self.ranks.len());
        if input.split != self.split || rows != self.rows {
            let (prepared, prepared_rows) = (self.split, self.rows);
            return Err(ScoreError::Split {
                asked: input.split,
                rows,
                prepared,
                prepared_rows,
            });
        }
        let (start, end) = (input.testing.start, input.testing.end);
        let testing = self.split.testing_count(rows);
        if start > end || end as usize > testing {
            return Err(ScoreError::Block {
                start,
                end,
                testing,
            });
        }
        match input.ks.iter().find(|&&k| k == 0 || k as usize > training) {
            Some(&k) => Err(ScoreError::Neighbours { k, training }),
            None => Ok(()),
        }
    }
}

/// Features one after another. Negative zero equals zero, as it does when numbers are compared.
fn compare(one: &[f64], other: &[f64]) -> std::cmp::Ordering {
    one.iter()
        .map(|feature| feature + 0.0)
        .zip(other.iter().map(|feature| feature + 0.0))
        .map(|(one, other)| one.total_cmp(&other))
        .find(|order| order.is_ne())
        .unwrap_or(std::cmp::Ordering::Equal)
}

/// Classifies a block of testing samples once for every distance and k, and counts what was right.
///
/// ```
/// use brigade_protocol::{jobs::tune::{Distance, Input}, shm::{Samples, SamplesBuilder, Split}};
/// use brigade_worker::jobs::tune::{Prepared, score};
///
/// # let builder = SamplesBuilder::new(1, &["near", "far"], None)?;
/// # let rows = [(0.0, 0), (0.5, 0), (9.0, 1)];
/// # let segment = builder.segment("t", 3, |to| rows.iter().try_for_each(|&(x, class)| to.push(&[x], class)))?;
/// let samples = Samples::parse(segment.bytes())?;
/// let split = Split::default();
/// let prepared = Prepared::new(&samples, split);
/// let input = Input { split, distances: vec![Distance::Euclidean], testing: 0..1, ks: vec![1, 2] };
/// assert_eq!(score(&prepared, &samples, &input)?.passed, [1, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ScoreError`] when the input does not fit the samples.
pub fn score(
    prepared: &Prepared,
    samples: &Samples<'_>,
    input: &Input,
) -> Result<Tally, ScoreError> {
    prepared.check(samples, input)?;
    let block = Block {
        prepared,
        samples,
        input,
    };
    let cells = input.distances.len() * input.ks.len();
    let mut tally = Tally {
        tested: input.testing.end - input.testing.start,
        passed: vec![0; cells],
    };
    for pass in Distance::passes(&input.distances) {
        match pass[..] {
            [Distance::Euclidean, ..] => block.pass::<Squares>(&mut tally.passed),
            [Distance::Chebyshev, ..] => block.pass::<Largest>(&mut tally.passed),
            [_] if pass[0] == Distance::Manhattan => block.pass::<Absolute>(&mut tally.passed),
            [_] => block.pass::<Share>(&mut tally.passed),
            _ => block.pass::<AbsoluteAndTotal>(&mut tally.passed),
        }
    }
    Ok(tally)
}

/// A block of work that fits the samples.
struct Block<'a> {
    prepared: &'a Prepared,
    samples: &'a Samples<'a>,
    input: &'a Input,
}

impl Block<'_> {
    /// One pass over the training set for each [`LANES`] testing samples, which are computed side by side.
    fn pass<K: Kernel>(&self, passed: &mut [u32]) {
        let Input {
            split, testing, ks, ..
        } = self.input;
        let most = ks.iter().copied().max().unwrap_or(0) as usize;
        if most == 0 {
            return;
        }
        let mut queries = vec![[0.0; LANES]; self.samples.feature_count()];
        let mut nearest: Vec<[Nearest; LANES]> = K::DISTANCES
            .iter()
            .map(|_| std::array::from_fn(|_| Nearest::new(most)))
            .collect();
        let mut vote = Vote::new(self.prepared.classes, ks);
        for start in testing.clone().step_by(LANES) {
            let rows: [usize; LANES] = std::array::from_fn(|lane| {
                // A tile that is not full repeats its last sample, whose result is then left out.
                let position = (start as usize + lane).min(testing.end as usize - 1);
                split.testing_row(position)
            });
            for (lane, &row) in rows.iter().enumerate() {
                for (query, &feature) in queries.iter_mut().zip(self.samples.row(row)) {
                    query[lane] = feature;
                }
            }
            self.tile::<K>(&queries, &mut nearest);
            let full = (testing.end - start).min(TILE_ROWS) as usize;
            for (distance, nearest) in K::DISTANCES.iter().zip(&mut nearest) {
                for (nearest, &row) in nearest.iter_mut().zip(&rows).take(full) {
                    let neighbours = nearest.ordered();
                    let wins = vote.wins(
                        neighbours,
                        &self.prepared.class_ids,
                        self.samples.class_id(row),
                    );
                    self.count(*distance, wins, passed);
                }
                nearest.iter_mut().for_each(Nearest::clear);
            }
        }
    }

    /// Offers every training row to the testing samples of one tile.
    fn tile<K: Kernel>(&self, queries: &[[f64; LANES]], nearest: &mut [[Nearest; LANES]]) {
        for (position, &rank) in self.prepared.ranks.iter().enumerate() {
            let training = self.samples.row(self.input.split.training_row(position));
            let mut sums = K::Sums::default();
            for (query, &feature) in queries.iter().zip(training) {
                K::add(&mut sums, query, feature);
            }
            for (which, nearest) in nearest.iter_mut().enumerate() {
                let distances = K::distances(&sums, which);
                for (nearest, distance) in nearest.iter_mut().zip(distances) {
                    nearest.offer(distance, rank);
                }
            }
        }
    }

    /// Adds the wins of one testing sample to the cells of a distance, wherever the input asks for it.
    fn count(&self, distance: Distance, wins: &[bool], passed: &mut [u32]) {
        let rows = passed
            .chunks_exact_mut(wins.len())
            .zip(&self.input.distances);
        for (cells, _) in rows.filter(|(_, asked)| **asked == distance) {
            for (cell, &win) in cells.iter_mut().zip(wins) {
                *cell += u32::from(win);
            }
        }
    }
}

#[cfg(test)]
mod tests;
