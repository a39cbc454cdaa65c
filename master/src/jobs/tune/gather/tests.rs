use brigade_protocol::jobs::tune::{Scale, Weights};
use brigade_protocol::{
    jobs::tune::Distance,
    shm::{Samples, Split},
};
use brigade_worker::jobs::tune::{Prepared, score};

use super::*;
use crate::{
    jobs::tune::{Distances, Ks, Terms, plan},
    report::{Format, tune::TuneReport},
    table::{Reading, Table, iris},
};

/// The whole job without processes, against the output of the chapter's own program.
#[test]
fn iris_equals_the_chapters_program() {
    let grid = Grid {
        ks: "1:41:2".parse::<Ks>().unwrap().0,
        distances: "ED,MD,CD,SD".parse::<Distances>().unwrap().0,
    };
    let table = Table::parse(iris::NAME, iris::BYTES, &Reading::default()).unwrap();
    let segment = table.segment().unwrap();
    let samples = Samples::parse(segment.bytes()).unwrap();
    let prepared = Prepared::new(&samples, Split::default(), 0, Scale::None).unwrap();
    let tasks = plan(&grid, &Terms::default(), &table, 2).unwrap();
    let mut gather = Gather::new(
        &grid,
        Metric::Accuracy,
        Split::default(),
        &tasks,
        &table.class_ids,
    );
    for task in tasks.iter().rev() {
        assert!(gather.fraction() < 1.0);
        gather
            .add(task, &score(&prepared, &samples, task).unwrap())
            .unwrap();
    }
    assert!((gather.fraction() - 1.0).abs() < 1e-9);
    let report = TuneReport {
        cells: gather.finish(),
        ..TuneReport::sample()
    };
    let mut out = Vec::new();
    report.write(Format::Lines, false, &mut out).unwrap();
    let mut lines: Vec<&str> = std::str::from_utf8(&out).unwrap().lines().collect();
    lines.sort_unstable();
    let expected: Vec<&str> = include_str!("../../../../tests/fixtures/iris-grid.txt")
        .lines()
        .collect();
    assert_eq!(lines, expected);
}

#[test]
fn a_tally_of_another_shape_is_refused() {
    let grid = Grid {
        ks: vec![1, 3],
        distances: vec![Distance::Euclidean],
    };
    let task = Input {
        split: Split::default(),
        partition: 0,
        scale: Scale::None,
        weights: Weights::Uniform,
        distances: grid.distances.clone(),
        testing: 0..4,
        ks: vec![1, 3],
        is_pruned: true,
    };
    let mut gather = Gather::new(
        &grid,
        Metric::Accuracy,
        Split::default(),
        std::slice::from_ref(&task),
        &[0; 20],
    );
    for predicted in [vec![], vec![0; 7], vec![0; 9], vec![1; 8]] {
        assert!(gather.add(&task, &Tally { predicted }).is_err());
    }
    assert_eq!(gather.finish(), []);
}

#[test]
fn a_partition_counts_when_it_is_complete() {
    let grid = Grid {
        ks: vec![1],
        distances: vec![Distance::Manhattan, Distance::Sorensen],
    };
    // Class 1 has one sample only: it is tested in one fold, and trains in the other.
    let class_ids = [0, 0, 0, 0, 0, 0, 0, 1];
    let split = Split::kfold(2).unwrap();
    let task = |partition, distance, testing| Input {
        split,
        partition,
        scale: Scale::None,
        weights: Weights::Uniform,
        distances: vec![distance],
        testing,
        ks: vec![1],
        is_pruned: true,
    };
    let tasks = [
        task(1, Distance::Manhattan, 0..3),
        task(0, Distance::Sorensen, 0..4),
        task(1, Distance::Manhattan, 3..4),
        task(0, Distance::Manhattan, 0..2),
    ];
    let mut gather = Gather::new(&grid, Metric::Accuracy, split, &tasks, &class_ids);
    for task in &tasks {
        let predicted = vec![0; task.testing.len()];
        gather.add(task, &Tally { predicted }).unwrap();
    }
    assert_eq!(gather.unlearnt().iter().collect::<Vec<_>>(), [(&1, &1)]);
    let known: Vec<_> = gather.known();
    let tested: Vec<_> = known
        .iter()
        .map(|cell| (cell.tested, cell.is_complete))
        .collect();
    // Of the other distance, half a partition was tested too.
    assert_eq!(tested, [(6, false), (4, false)]);
    assert!(known.iter().all(|cell| cell.quality >= 0.75));
    let cells = gather.finish();
    let scores: Vec<_> = cells.iter().map(|cell| cell.scores.clone()).collect();
    let rare = usize::from((0..4).any(|at| split.partition(1, &class_ids).testing_row(at) == 7));
    let expected = |fold: usize| Some(if fold == rare { 0.75 } else { 1.0 });
    assert_eq!(scores, [[None, expected(1)], [expected(0), None]]);
    assert_eq!((cells[0].tested(), cells[1].tested()), (4, 4));
}
