use proptest::prelude::*;

use super::*;
use crate::{
    jobs::tune::{Distances, Ks},
    table::{Origin, Reading, iris},
};

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
            &Terms::default(),
            &iris,
            workers,
        )
        .unwrap();
        assert!(
            (3..=12).contains(&tasks.len()),
            "{workers} workers: {}",
            tasks.len()
        );
    }
}

#[test]
fn work_is_spread_when_there_is_much() {
    let grid = grid("1:41:2", "ED,MD,CD,SD");
    let middle = plan(&grid, &Terms::default(), &table(20_000, 16), 4).unwrap();
    assert!((16..=128).contains(&middle.len()), "{}", middle.len());
    let mnist = Table {
        features: Features::Bytes(Vec::new()),
        ..table(70_000, 784)
    };
    let mnist = plan(&grid, &Terms::default(), &mnist, 2).unwrap();
    let rows: Vec<usize> = mnist.iter().map(|task| task.testing.len()).collect();
    assert!(
        rows.iter().all(|rows| (32..=2048).contains(rows)),
        "{rows:?}"
    );
    assert!(rows.len() < 700, "{rows:?}");
}

#[test]
fn what_cannot_be_scored_is_refused() {
    let plan = |ks: &str, table: &Table| {
        plan(&grid(ks, "ED"), &Terms::default(), table, 2)
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

#[test]
fn folds_are_all_checked_and_come_one_after_another() {
    let terms = |split: &str| Terms {
        split: split.parse().unwrap(),
        ..Terms::default()
    };
    let refused = |ks: &str, split: &str, rows: usize| {
        let error = plan(&grid(ks, "ED"), &terms(split), &table(rows, 2), 2);
        error.unwrap_err().to_string()
    };
    // Folds of 4, 4 and 3 rows.
    assert!(refused("8", "kfold:3", 11).contains("only 7 training samples with --split kfold:3"));
    assert!(refused("1", "holdout:9", 9).starts_with("t.csv: no testing sample is left (9 rows"));
    assert!(refused("1", "kfold:5", 4).contains("no testing sample is left"));
    assert!(refused("1", "holdout:0", 9).contains("no training sample is left"));
    let tasks = plan(
        &grid("1,7", "ED,MD,CD,SD"),
        &terms("kfold:3x2"),
        &table(11, 2),
        2,
    )
    .unwrap();
    assert!(tasks.is_sorted_by_key(|task| task.partition));
    assert_eq!(tasks.len(), 6, "one task each, for it is so little");
    assert!(tasks.iter().all(|task| task.distances.len() == 4));
}

proptest! {
    #[test]
    fn every_cell_meets_every_testing_row_once(rows in 2..40_000_usize, width in 1..2000_usize, nth in 2..9_u32, folds in 0..4_u32, workers in 0..70_usize) {
        let split = Split::kfold(folds).unwrap_or_else(|| Split::every(nth).unwrap());
        prop_assume!(rows >= folds as usize);
        let (grid, terms) = (grid("1", "SD,CD,MD,ED"), Terms { split, ..Terms::default() });
        let tasks = plan(&grid, &terms, &table(rows, width), workers).unwrap();
        for (partition, distance) in (0..split.partitions()).flat_map(|index| grid.distances.iter().map(move |distance| (index, distance))) {
            let mut blocks: Vec<_> = tasks.iter().filter(|task| task.partition == partition && task.distances.contains(distance)).map(|task| task.testing.clone()).collect();
            blocks.sort_by_key(|block| block.start);
            let end = blocks.iter().fold(0, |end, block| { assert_eq!(block.start, end); assert!(block.end > end); block.end });
            prop_assert_eq!(end as usize, split.testing_count(partition, rows));
        }
    }
}
