//! Adds up what the tasks found, in whatever order they end.

use std::collections::HashMap;

use brigade_protocol::jobs::tune::{Distance, Hyperparameter, Input, Tally};
use thiserror::Error;

use super::Grid;

/// A tally that does not answer its task.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "a worker named {found} classes for a task of {expected}: rebuild master and worker together"
)]
pub(crate) struct GatherError {
    expected: usize,
    found: usize,
}

/// The grid while it fills.
#[derive(Debug)]
pub(crate) struct Gather {
    /// In grid order: k outer, distance inner.
    cells: Vec<Hyperparameter>,
    /// The first cell of each k, and the distances that follow in its row.
    rows: HashMap<u32, usize>,
    distances: Vec<Distance>,
    /// The class of each row of the table.
    class_ids: Vec<u32>,
    done: u64,
    all: u64,
}

impl Gather {
    /// An empty grid that these tasks will fill.
    pub(crate) fn new(grid: &Grid, tasks: &[Input], class_ids: &[u32]) -> Self {
        let cell = |&k| {
            move |&distance| Hyperparameter {
                k,
                distance,
                passed: 0,
                tested: 0,
            }
        };
        Self {
            cells: grid
                .ks
                .iter()
                .flat_map(|k| grid.distances.iter().map(cell(k)))
                .collect(),
            rows: grid
                .ks
                .iter()
                .copied()
                .zip((0..).step_by(grid.distances.len().max(1)))
                .collect(),
            distances: grid.distances.clone(),
            class_ids: class_ids.to_vec(),
            done: 0,
            all: tasks.iter().map(work).sum(),
        }
    }

    /// Takes the tally of one task.
    ///
    /// # Errors
    /// [`GatherError`] when it has not the task's shape; the grid is then as before.
    pub(crate) fn add(&mut self, task: &Input, tally: &Tally) -> Result<(), GatherError> {
        let (expected, found) = (task.predictions(), tally.predicted.len());
        let rows = task.testing.len();
        if expected != found {
            return Err(GatherError { expected, found });
        }
        let partition = task.split.partition(task.partition, &self.class_ids);
        let right: Vec<u32> = task
            .testing
            .clone()
            .map(|position| self.class_ids[partition.testing_row(position as usize)])
            .collect();
        for (k, row) in task.ks.iter().zip(0..) {
            let Some(first) = self.rows.get(k) else {
                continue;
            };
            for (column, distance) in self.distances.iter().enumerate() {
                let Some(found) = task.distances.iter().position(|other| other == distance) else {
                    continue;
                };
                let cell = &mut self.cells[first + column];
                let first = (found * task.ks.len() + row) * rows;
                let predicted = &tally.predicted[first..][..rows];
                let passed = predicted
                    .iter()
                    .zip(&right)
                    .filter(|(one, other)| one == other);
                cell.passed += passed.count() as u64;
                cell.tested += rows as u64;
            }
        }
        self.done += work(task);
        Ok(())
    }

    /// How much of the work is done, from 0 to 1.
    pub(crate) fn fraction(&self) -> f64 {
        if self.all == 0 {
            1.0
        } else {
            self.done as f64 / self.all as f64
        }
    }

    /// The cells in grid order: ks as given, and for each the distances as given.
    pub(crate) fn finish(self) -> Vec<Hyperparameter> {
        self.cells
    }
}

/// A measure of a task's work: testing samples by distances.
fn work(task: &Input) -> u64 {
    task.testing.len() as u64 * task.distances.len() as u64
}

#[cfg(test)]
mod tests {
    use brigade_protocol::jobs::tune::{Scale, Weights};
    use brigade_protocol::{
        jobs::tune::Distance,
        shm::{Samples, Split},
    };
    use brigade_worker::jobs::tune::{Prepared, score};

    use super::*;
    use crate::{
        jobs::{
            iris,
            tune::{Distances, Ks, plan},
        },
        report::{Format, tune::TuneReport},
        table::{Reading, Table},
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
        let tasks = plan(&grid, Split::default(), &table, 2).unwrap();
        let mut gather = Gather::new(&grid, &tasks, &table.class_ids);
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
        let expected: Vec<&str> = include_str!("../../../tests/fixtures/iris-grid.txt")
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
        let mut gather = Gather::new(&grid, std::slice::from_ref(&task), &[0; 20]);
        for predicted in [vec![], vec![0; 7], vec![0; 9]] {
            assert!(gather.add(&task, &Tally { predicted }).is_err());
        }
        assert_eq!(
            gather.finish().iter().map(|cell| cell.tested).sum::<u64>(),
            0
        );
    }
}
