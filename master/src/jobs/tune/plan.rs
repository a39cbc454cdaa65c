//! Cuts a grid into tasks that end at about the same time.

use brigade_protocol::{
    jobs::tune::{Distance, Input, Scale, TILE_ROWS, Weights},
    shm::Split,
};
use thiserror::Error;

use super::Grid;
use crate::table::Table;

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

/// One unit is one feature of one training row against one testing row: about 0.25 ns on the machine of the
/// project's measurements. A task should neither be over before the next can be sent (some 0.1 ms) nor keep the
/// pool from ending (some 0.2 s).
const LEAST_UNITS: f64 = 1e6;
const MOST_UNITS: f64 = 6e8;
/// What a pair of rows costs beside its features, and a neighbour from first sight to its vote.
const PAIR_UNITS: f64 = 8.0;
const NEIGHBOUR_UNITS: f64 = 600.0;
/// How much dearer the second sum of SD makes a feature.
const TWO_SUMS: f64 = 1.5;
/// Tasks for each worker, so that the last to end leaves the others idle for a sixth of the time at most.
const TASKS_PER_WORKER: f64 = 6.0;

/// The tasks that score a grid on a table, dear ones first: each is a block of the testing set by the
/// distances that share a pass, for every k.
///
/// # Errors
/// [`PlanError`] when there is nothing to learn from or a k is above the number of training samples.
pub(crate) fn plan(
    grid: &Grid,
    split: Split,
    table: &Table,
    workers: usize,
) -> Result<Vec<Input>, PlanError> {
    check(grid, split, table)?;
    let testing =
        u32::try_from(split.partition(0, &table.class_ids).testing_count()).unwrap_or(u32::MAX);
    let mut passes: Vec<(f64, Vec<Distance>)> = Distance::passes(&grid.distances)
        .into_iter()
        .map(|pass| (row_units(grid, split, table, &pass), pass))
        .collect();
    passes.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let total: f64 = passes
        .iter()
        .map(|(units, _)| units * f64::from(testing))
        .sum();
    let target =
        (total / (workers.max(1) as f64 * TASKS_PER_WORKER)).clamp(LEAST_UNITS, MOST_UNITS);
    let blocks = passes.into_iter().flat_map(|(units, pass)| {
        let rows = block_rows(target / units, testing);
        (0..testing).step_by(rows as usize).map(move |start| Input {
            split,
            partition: 0,
            scale: Scale::None,
            weights: Weights::Uniform,
            is_pruned: true,
            distances: pass.clone(),
            testing: start..start.saturating_add(rows).min(testing),
            ks: grid.ks.clone(),
        })
    });
    Ok(blocks.collect())
}

fn check(grid: &Grid, split: Split, table: &Table) -> Result<(), PlanError> {
    let source_name = table.source.clone();
    let (rows, training) = (
        table.rows(),
        split.partition(0, &table.class_ids).training_count(),
    );
    if training == 0 {
        return Err(PlanError::NoTraining {
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

/// What one testing row costs in one pass.
fn row_units(grid: &Grid, split: Split, table: &Table, pass: &[Distance]) -> f64 {
    let sums = if pass.contains(&Distance::Sorensen) {
        TWO_SUMS
    } else {
        1.0
    };
    let pair = table.width as f64 * sums + PAIR_UNITS * pass.len() as f64;
    let most = grid.ks.iter().copied().max().unwrap_or(0);
    split.partition(0, &table.class_ids).training_count() as f64 * pair
        + f64::from(most) * NEIGHBOUR_UNITS * pass.len() as f64
}

/// Testing rows of a block: whole tiles, spread evenly over as few blocks as hold them.
fn block_rows(wanted: f64, testing: u32) -> u32 {
    let tiles = testing.div_ceil(TILE_ROWS).max(1);
    // The clamp keeps the number within u32.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and tiles"
    )]
    let most = (wanted / f64::from(TILE_ROWS)).clamp(1.0, f64::from(tiles)) as u32;
    let blocks = tiles.div_ceil(most);
    tiles.div_ceil(blocks).saturating_mul(TILE_ROWS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::jobs::{
        iris,
        tune::{Distances, Ks},
    };
    use crate::table::{Features, Origin, Reading};

    fn grid(ks: &str, distances: &str) -> Grid {
        Grid {
            ks: ks.parse::<Ks>().unwrap().0,
            distances: distances.parse::<Distances>().unwrap().0,
        }
    }

    /// A table whose features are left out: planning asks only for counts.
    fn table(rows: usize, width: usize) -> Table {
        Table {
            source: "t.csv".to_owned(),
            width,
            feature_names: None,
            features: Features::Numbers(Vec::new()),
            class_ids: vec![0; rows],
            class_names: vec!["a".to_owned(), "b".to_owned()],
            origin: Origin::default(),
        }
    }

    #[test]
    fn iris_is_a_handful_of_tasks() {
        let iris = Table::parse(iris::NAME, iris::BYTES, &Reading::default()).unwrap();
        for workers in [1, 2, 8, 64] {
            let tasks = plan(
                &grid("1:41:2", "ED,MD,CD,SD"),
                Split::default(),
                &iris,
                workers,
            )
            .unwrap();
            assert_eq!(tasks.len(), 4, "{workers} workers");
        }
    }

    #[test]
    fn work_is_spread_when_there_is_much() {
        let grid = grid("1:41:2", "ED,MD,CD,SD");
        let middle = plan(&grid, Split::default(), &table(20_000, 16), 4).unwrap();
        assert!((16..=32).contains(&middle.len()), "{}", middle.len());
        let mnist = plan(&grid, Split::default(), &table(70_000, 784), 2).unwrap();
        assert!(
            mnist
                .iter()
                .all(|task| task.testing.len() <= 2 * TILE_ROWS as usize)
        );
    }

    #[test]
    fn what_cannot_be_scored_is_refused() {
        let plan = |ks: &str, table: &Table| {
            plan(&grid(ks, "ED"), Split::default(), table, 2)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            plan("1,121", &table(150, 4)),
            "k is 121, but t.csv has only 120 training samples with --split every:5; give --k of 120 or less"
        );
        assert!(plan("1", &table(1, 4)).starts_with("t.csv: no training sample is left (1 rows"));
        let one_class = Table {
            class_names: vec!["a".to_owned()],
            ..table(10, 4)
        };
        assert!(plan("1", &one_class).starts_with("t.csv: all 10 rows have the class `a`"));
    }

    proptest! {
        #[test]
        fn every_cell_meets_every_testing_row_once(rows in 2..40_000_usize, width in 1..2000_usize, nth in 2..9_u32, workers in 0..70_usize) {
            let (grid, split) = (grid("1", "SD,CD,MD,ED"), Split::every(nth).unwrap());
            let tasks = plan(&grid, split, &table(rows, width), workers).unwrap();
            for distance in &grid.distances {
                let mut blocks: Vec<_> = tasks.iter().filter(|task| task.distances.contains(distance)).map(|task| task.testing.clone()).collect();
                blocks.sort_by_key(|block| block.start);
                let end = blocks.iter().fold(0, |end, block| { assert_eq!(block.start, end); assert!(block.end > end); block.end });
                prop_assert_eq!(end as usize, split.partition(0, &vec![0; rows]).testing_count());
            }
        }
    }
}
