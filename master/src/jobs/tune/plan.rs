//! Cuts a grid into tasks that end at about the same time.

use brigade_protocol::{
    jobs::tune::{Distance, Input, Scale, TILE_ROWS, WIDEST_BYTES, Weights},
    shm::Split,
};
use thiserror::Error;

use super::Grid;
use crate::table::{Features, Table};

/// Why a grid cannot be scored on a table.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum PlanError {
    #[error(
        "{source_name}: no training sample is left ({rows} rows, --split {split}); add samples"
    )]
    NoTraining {
        source_name: String,
        rows: usize,
        split: Split,
    },
    #[error(
        "{source_name}: no testing sample is left ({rows} rows, --split {split}); choose another --split"
    )]
    NoTesting {
        source_name: String,
        rows: usize,
        split: Split,
    },
    #[error(
        "{source_name}: all {rows} rows have the class `{class}`; expected two classes at least, choose their column with --label"
    )]
    OneClass {
        source_name: String,
        rows: usize,
        class: String,
    },
    #[error(
        "k is {k}, but {source_name} has only {training} training samples with --split {split}; give --k of {training} or less"
    )]
    TooManyNeighbours {
        source_name: String,
        k: u32,
        training: usize,
        split: Split,
    },
}

/// One unit is one feature of one training row against one testing row, both in f64: about 0.25 ns at most on the
/// machine of the project's measurements. A task should neither be over before the next can be sent (some 0.1 ms) nor
/// keep the bar from moving and the pool from ending (some 0.25 s).
const LEAST_UNITS: f64 = 1e6;
const MOST_UNITS: f64 = 1e9;
/// What a pair of rows costs beside its features, and a neighbour from first sight to its vote.
const PAIR_UNITS: f64 = 8.0;
/// How much cheaper features and pairs are where all are bytes.
const BYTES_CHEAPER: f64 = 64.0;
/// Testing samples of a block, which share the fetching of training rows from memory: enough to make that cheap.
const MOST_ROWS: u32 = 2048;
const NEIGHBOUR_UNITS: f64 = 600.0;
/// A task takes this share of what is left for each worker: big blocks first, small ones at the end, when it matters
/// that all workers end together.
const SHARE: f64 = 0.5;
/// Blocks of a multiple of this are best for the kernels, where there is enough work for such blocks.
const GOOD_ROWS: u32 = 64;
/// No worker needs more blocks than this for the end to be even.
const BLOCKS_PER_WORKER: f64 = 32.0;
/// Predictions that one result may hold: 16 MB of them.
const MOST_PREDICTIONS: u32 = 1 << 22;

/// How the cells are to be scored.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terms {
    pub(crate) split: Split,
    pub(crate) scale: Scale,
    pub(crate) weights: Weights,
    /// Whether whole distances are computed even where a part shows that they cannot matter.
    pub(crate) is_plain: bool,
}

/// The tasks that score a grid on a table. Each is a block of the testing set of a partition by the distances that
/// share a pass, for every k. Partition by partition, because a worker prepares each anew; in each, dear passes first.
///
/// # Errors
/// [`PlanError`] when there is nothing to learn from or a k is above the number of training samples.
pub(crate) fn plan(
    grid: &Grid,
    terms: &Terms,
    table: &Table,
    workers: usize,
) -> Result<Vec<Input>, PlanError> {
    check(grid, terms.split, table)?;
    let passes = passes(grid, terms, table);
    let partitions = (0..terms.split.partitions())
        .map(|index| (index, terms.split.testing_count(index, table.rows())));
    let partitions: Vec<(u32, u32)> = partitions
        .map(|(index, testing)| (index, u32::try_from(testing).unwrap_or(u32::MAX)))
        .collect();
    let rows: f64 = partitions
        .iter()
        .map(|(_, testing)| f64::from(*testing))
        .sum();
    let mut left: f64 = passes.iter().map(|(units, _)| units * rows).sum();
    let workers = workers.max(1) as f64;
    // Blocks need not become smaller than what makes the end even.
    let least_rows =
        (rows * passes.len() as f64 / workers / BLOCKS_PER_WORKER).min(GOOD_ROWS.into());
    let mut tasks = Vec::new();
    for (partition, testing) in partitions {
        for (units, pass) in &passes {
            let predictions = u32::try_from(grid.ks.len() * pass.len()).unwrap_or(u32::MAX);
            let most_rows = (MOST_PREDICTIONS / predictions.max(1)).min(MOST_ROWS);
            let mut start = 0;
            while start < testing {
                let wanted = (left * SHARE / workers).clamp(LEAST_UNITS, MOST_UNITS) / units;
                let rows =
                    block_rows(wanted.max(least_rows), testing - start).min(most_rows.max(1));
                left -= f64::from(rows) * units;
                tasks.push(Input {
                    split: terms.split,
                    partition,
                    scale: terms.scale,
                    weights: terms.weights,
                    is_pruned: !terms.is_plain,
                    distances: pass.clone(),
                    testing: start..start + rows,
                    ks: grid.ks.clone(),
                });
                start += rows;
            }
        }
    }
    Ok(tasks)
}

fn check(grid: &Grid, split: Split, table: &Table) -> Result<(), PlanError> {
    let (source_name, rows) = (table.source.clone(), table.rows());
    let counts = || (0..split.partitions()).map(|index| split.testing_count(index, rows));
    // Of the partition that has fewest.
    let training = rows - counts().max().unwrap_or(rows);
    if training == 0 {
        return Err(PlanError::NoTraining {
            source_name,
            rows,
            split,
        });
    }
    if counts().any(|testing| testing == 0) {
        return Err(PlanError::NoTesting {
            source_name,
            rows,
            split,
        });
    }
    if let [class] = &table.class_names[..] {
        return Err(PlanError::OneClass {
            source_name,
            rows,
            class: class.clone(),
        });
    }
    match grid.ks.iter().find(|&&k| k as usize > training) {
        Some(&k) => Err(PlanError::TooManyNeighbours {
            source_name,
            k,
            training,
            split,
        }),
        None => Ok(()),
    }
}

/// The passes over the training set and what one testing row costs in each, dear ones first; as one, if that is
/// hardly worth a task.
fn passes(grid: &Grid, terms: &Terms, table: &Table) -> Vec<(f64, Vec<Distance>)> {
    let testing = terms.split.testing_count(0, table.rows());
    let training = table.rows().saturating_sub(testing);
    // What is put on a scale is no byte any more.
    let is_bytes = matches!(table.features, Features::Bytes(_))
        && terms.scale == Scale::None
        && table.width <= WIDEST_BYTES;
    let most = grid.ks.iter().copied().max().unwrap_or(0);
    let units = |pass: &[Distance]| {
        let is_cheap = is_bytes && pass.iter().all(|distance| Distance::ALL.contains(distance));
        let cheaper = if is_cheap { BYTES_CHEAPER } else { 1.0 };
        let sums = pass
            .iter()
            .map(|distance| dearness(*distance))
            .fold(0.0, f64::max);
        let pair = table.width as f64 * sums + PAIR_UNITS * pass.len() as f64;
        training as f64 * pair / cheaper + f64::from(most) * NEIGHBOUR_UNITS * pass.len() as f64
    };
    let mut passes: Vec<(f64, Vec<Distance>)> = Distance::passes(&grid.distances)
        .into_iter()
        .map(|pass| (units(&pass), pass))
        .collect();
    passes.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let whole: f64 = passes.iter().map(|(units, _)| units).sum();
    if whole * (testing as f64) < LEAST_UNITS {
        return vec![(whole, grid.distances.clone())];
    }
    passes
}

/// How much dearer a feature is than a difference and a sum.
fn dearness(distance: Distance) -> f64 {
    match distance {
        Distance::Sorensen | Distance::Cosine => 1.5,
        Distance::Canberra => 4.0,
        Distance::Minkowski(_) => 100.0,
        _ => 1.0,
    }
}

/// Testing rows of the next block, out of those that are left: whole tiles, and many at a time where it may be.
fn block_rows(wanted: f64, left: u32) -> u32 {
    // The clamp keeps the number within u32.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and what is left"
    )]
    let wanted = wanted.clamp(1.0, f64::from(left.max(1))) as u32;
    let unit = if wanted >= GOOD_ROWS {
        GOOD_ROWS
    } else {
        TILE_ROWS
    };
    let rows = (wanted / unit).max(1).saturating_mul(unit);
    // No crumbs.
    if left < rows.saturating_add(unit / 2) {
        left
    } else {
        rows
    }
}

#[cfg(test)]
mod tests;
