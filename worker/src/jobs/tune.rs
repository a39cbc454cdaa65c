//! `tune`: the k-nearest-neighbour classification of a block of testing samples, exact to the last bit.
//!
//! Neighbours are ordered by distance, then by their features compared one after another, then by class name.
//! One pass over the training set serves every k and all distances that share sums.
//!
//! | file | what |
//! | --- | --- |
//! | `task.rs` | the task: samples from shared memory, what is kept between blocks |
//! | `prepared.rs`, `scaling.rs` | the training rows in the order that breaks ties; features on a scale |
//! | `lanes.rs`, `kernel.rs` | any table, any distance, in f64 |
//! | `bytes.rs`, `bytes/` | tables of bytes, the four distances of the default grid |
//! | `floats.rs`, `floats/` | the same four distances on other tables, in f32 where that settles it |
//! | `given.rs` | the same for rows that came with a task: `classify` |
//! | `nearest.rs`, `vote.rs` | the nearest of a stream of distances; the class they elect |
#![expect(
    clippy::float_cmp,
    reason = "results are exact to the last bit, so comparisons are"
)]

mod bytes;
mod floats;
mod given;
mod kernel;
mod lanes;
mod nearest;
mod prepared;
mod scaling;
mod task;
mod vote;

use brigade_protocol::{
    jobs::tune::{Distance, Input, Split, Tally},
    shm::Samples,
};
use thiserror::Error;

pub(super) use given::all_train;
pub use given::classify;
pub use prepared::Prepared;
pub(super) use task::register;

#[cfg(feature = "bench")]
#[doc(hidden)]
pub use bytes::bench;
use bytes::{Bytes, Level};
use floats::{Floats, Least};
use lanes::{Block, Queries};
use nearest::Neighbour;
use vote::Vote;

/// Why a block cannot be scored. None of these arises from what `master tune` plans.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// The context was prepared for another partition or another table.
    #[error(
        "block asks for a partition of split {asked} of {rows} rows, this worker is prepared for one of {prepared} of {prepared_rows} rows: prepare it anew"
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
    /// Rows that came with a task have other features than the samples.
    #[error("{found} numbers are no rows of {width} features each")]
    Width {
        /// How many features the samples have.
        width: usize,
        /// How many numbers came.
        found: usize,
    },
    /// A distance is asked for twice.
    #[error("{distance} is asked for twice")]
    Repeated {
        /// Which one.
        distance: Distance,
    },
    /// Differences of this feature overflow.
    #[error("feature {} is too large to be put on a scale; choose --scale none", feature + 1)]
    Scale {
        /// Which feature, from 0.
        feature: usize,
    },
}

/// Classifies a block of testing samples once for every distance and k.
///
/// ```
/// use brigade_protocol::{jobs::tune::{Distance, Input, Scale, Weights}, shm::{Samples, SamplesBuilder, Split}};
/// use brigade_worker::jobs::tune::{Prepared, score};
///
/// # let builder = SamplesBuilder::new(1, &["near", "far"], None)?;
/// # let rows = [(0.0, 0), (0.5, 0), (9.0, 1)];
/// # let segment = builder.segment("t", 3, |to| rows.iter().try_for_each(|&(x, class)| to.push(&[x], class)))?;
/// let samples = Samples::parse(segment.bytes())?;
/// let split = Split::default();
/// let prepared = Prepared::new(&samples, split, 0, Scale::None)?;
/// let input = Input {
///     split,
///     partition: 0,
///     scale: Scale::None,
///     weights: Weights::Uniform,
///     distances: vec![Distance::Euclidean],
///     testing: 0..1,
///     ks: vec![1, 2],
///     is_pruned: true,
/// };
/// assert_eq!(score(&prepared, &samples, &input)?.predicted, [0, 0]);
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
    let least = Least::WORTHWHILE;
    Ok(score_with(prepared, samples, input, Level::best(), least))
}

fn score_with(
    prepared: &Prepared,
    samples: &Samples<'_>,
    input: &Input,
    level: Level,
    least: Least,
) -> Tally {
    let block = Block {
        prepared,
        samples,
        input,
        queries: Queries::Testing,
    };
    let bytes = Bytes::new(prepared, samples, input, level);
    let floats = Floats::new(prepared, samples, input, level, least);
    let (rows, ks) = (input.testing.len(), input.ks.len());
    let mut vote = Vote::new(prepared.classes, &input.ks, input.weights);
    let mut predicted = vec![0; input.predictions()];
    for pass in Distance::passes(&input.distances) {
        // Where in the input the distances of this pass stand.
        let places: Vec<usize> = pass
            .iter()
            .map(|distance| place(input, *distance))
            .collect();
        let mut found = |which: usize, position: usize, neighbours: &[Neighbour]| {
            let winners = vote.winners(neighbours, &prepared.class_ids);
            for (k, &winner) in winners.iter().enumerate() {
                predicted[(places[which] * ks + k) * rows + position] = winner;
            }
        };
        let is_done = bytes
            .as_ref()
            .is_some_and(|bytes| bytes.pass(&pass, &mut found))
            || floats
                .as_ref()
                .is_some_and(|floats| floats.pass(&pass, &mut found));
        if !is_done {
            block.pass(&pass, found);
        }
    }
    Tally { predicted }
}

/// Where in the input a distance stands.
fn place(input: &Input, distance: Distance) -> usize {
    let mut distances = input.distances.iter();
    distances.position(|other| *other == distance).unwrap_or(0)
}

#[cfg(test)]
mod tests;
