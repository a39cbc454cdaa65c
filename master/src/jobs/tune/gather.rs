//! Adds up what the tasks found, in whatever order they end.

use std::collections::{BTreeMap, HashMap};

use brigade_protocol::{
    jobs::tune::{Input, Tally},
    shm::Split,
};
use thiserror::Error;

use super::{
    Grid,
    metric::{Confusion, Metric},
    scored::{self, Scored},
};

/// A tally that does not answer its task.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum GatherError {
    #[error(
        "a worker named {found} classes for a task of {expected}: rebuild master and worker together"
    )]
    Shape { expected: usize, found: usize },
    #[error("a worker named a class that does not exist: rebuild master and worker together")]
    Class,
}

/// The grid while it fills.
///
/// Counts are kept per cell and partition until the partition is complete, and then become a score.
#[derive(Debug)]
pub(crate) struct Gather {
    grid: Grid,
    metric: Metric,
    split: Split,
    /// The place of each k in the grid.
    places: HashMap<u32, usize>,
    /// The class of each row of the table.
    class_ids: Vec<u32>,
    /// How many rows each class has.
    class_counts: Vec<u64>,
    open: HashMap<u32, Open>,
    /// Of each cell in grid order: k outer, distance inner.
    complete: Vec<Complete>,
    unlearnt: BTreeMap<u32, u32>,
    done: u64,
    all: u64,
}

/// A partition of which a part is missing.
#[derive(Debug)]
struct Open {
    /// The classes of the testing set.
    right: Vec<u32>,
    /// Of each cell.
    counts: Vec<(Confusion, usize)>,
    /// How many cells are not complete.
    missing: usize,
}

/// What is known of a cell from complete partitions.
#[derive(Debug, Clone, Default)]
struct Complete {
    scores: Vec<Option<f64>>,
    confusion: Confusion,
}

/// What is known of a cell while its grid fills.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Known {
    /// The mean of the scores of complete partitions, or else what the metric says of the samples tested so far.
    pub(crate) quality: f64,
    /// Testing samples so far.
    pub(crate) tested: u64,
    /// Whether all partitions are complete.
    pub(crate) is_complete: bool,
}

impl Gather {
    /// An empty grid that these tasks will fill.
    pub(crate) fn new(
        grid: &Grid,
        metric: Metric,
        split: Split,
        tasks: &[Input],
        class_ids: &[u32],
    ) -> Self {
        let classes = class_ids.iter().max().map_or(0, |&most| most as usize + 1);
        let mut class_counts = vec![0; classes];
        for &class in class_ids {
            class_counts[class as usize] += 1;
        }
        let empty = Complete {
            scores: vec![None; split.partitions() as usize],
            confusion: Confusion::default(),
        };
        Self {
            grid: grid.clone(),
            metric,
            split,
            places: grid.ks.iter().copied().zip(0..).collect(),
            class_ids: class_ids.to_vec(),
            class_counts,
            open: HashMap::new(),
            complete: vec![empty; grid.cells()],
            unlearnt: BTreeMap::new(),
            done: 0,
            all: tasks.iter().map(work).sum(),
        }
    }

    /// Takes the tally of one task.
    ///
    /// # Errors
    /// [`GatherError`] when it does not answer the task; the grid is then as before.
    pub(crate) fn add(&mut self, task: &Input, tally: &Tally) -> Result<(), GatherError> {
        let (expected, found) = (task.predictions(), tally.predicted.len());
        if expected != found {
            return Err(GatherError::Shape { expected, found });
        }
        let classes = self.class_counts.len();
        if tally
            .predicted
            .iter()
            .any(|&class| class as usize >= classes)
        {
            return Err(GatherError::Class);
        }
        if !self.open.contains_key(&task.partition) {
            self.begin(task.partition);
        }
        let (columns, rows) = (self.grid.distances.len(), task.testing.len());
        let Some(open) = self.open.get_mut(&task.partition) else {
            return Ok(());
        };
        let block = task.testing.start as usize..task.testing.end as usize;
        let Some(right) = open.right.get(block) else {
            return Ok(());
        };
        let mut predicted = tally.predicted.chunks_exact(rows.max(1));
        for distance in &task.distances {
            let column = self
                .grid
                .distances
                .iter()
                .position(|other| other == distance);
            for k in &task.ks {
                let (Some(predicted), Some(column), Some(row)) =
                    (predicted.next(), column, self.places.get(k))
                else {
                    continue;
                };
                let cell = row * columns + column;
                let (confusion, counted) = &mut open.counts[cell];
                confusion.count(right, predicted);
                *counted += rows;
                if *counted == open.right.len() {
                    open.missing -= 1;
                    let complete = &mut self.complete[cell];
                    complete.scores[task.partition as usize] = Some(self.metric.of(confusion));
                    complete.confusion.merge(confusion);
                }
            }
        }
        if open.missing == 0 {
            self.open.remove(&task.partition);
        }
        self.done += work(task);
        Ok(())
    }

    /// Works a partition out, once.
    fn begin(&mut self, index: u32) {
        let partition = self.split.partition(index, &self.class_ids);
        let right: Vec<u32> = (0..partition.testing_count())
            .map(|position| self.class_ids[partition.testing_row(position)])
            .collect();
        let mut tested: BTreeMap<u32, u64> = BTreeMap::new();
        for &class in &right {
            *tested.entry(class).or_default() += 1;
        }
        for (class, count) in tested {
            if count == self.class_counts[class as usize] {
                *self.unlearnt.entry(class).or_default() += 1;
            }
        }
        let cells = self.grid.cells();
        let open = Open {
            right,
            counts: vec![(Confusion::default(), 0); cells],
            missing: cells,
        };
        self.open.insert(index, open);
    }

    /// How many testing samples were classified so far, each distance counted.
    pub(crate) fn done(&self) -> u64 {
        self.done
    }

    /// How much of the work is done, from 0 to 1.
    pub(crate) fn fraction(&self) -> f64 {
        if self.all == 0 {
            1.0
        } else {
            self.done as f64 / self.all as f64
        }
    }

    /// Classes that were tested without one training sample, each with the number of partitions where that is so.
    pub(crate) fn unlearnt(&self) -> &BTreeMap<u32, u32> {
        &self.unlearnt
    }

    /// What is known of each cell by now, in grid order: k outer, distance inner.
    pub(crate) fn known(&self) -> Vec<Known> {
        let cells = self.complete.iter().enumerate();
        cells
            .map(|(at, complete)| self.known_of(at, complete))
            .collect()
    }

    fn known_of(&self, cell: usize, complete: &Complete) -> Known {
        let mean = scored::mean(&complete.scores);
        // A partition stays open until all its cells are complete; those that are have been counted.
        let open = self.open.values().filter_map(|open| {
            let (confusion, counted) = open.counts.get(cell)?;
            (*counted < open.right.len()).then_some((confusion, *counted))
        });
        let mut provisional = Confusion::default();
        let mut tested = complete.confusion.tested();
        for (confusion, counted) in open {
            tested += counted as u64;
            if mean.is_none() {
                provisional.merge(confusion);
            }
        }
        let quality = mean.unwrap_or_else(|| match provisional.tested() {
            0 => 0.0,
            _ => self.metric.of(&provisional),
        });
        Known {
            quality,
            tested,
            is_complete: complete.scores.iter().all(Option::is_some),
        }
    }

    /// The cells of which a partition is complete, ranked, in grid order: ks as given, and for each the distances as
    /// given.
    pub(crate) fn finish(self) -> Vec<Scored> {
        let Grid { ks, distances } = &self.grid;
        let names = ks
            .iter()
            .flat_map(|&k| distances.iter().map(move |&distance| (k, distance)));
        let mut cells: Vec<Scored> = names
            .zip(self.complete)
            .filter_map(|((k, distance), complete)| {
                Scored::new(k, distance, complete.scores, complete.confusion)
            })
            .collect();
        scored::rank(&mut cells);
        cells
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
            tune::{Distances, Ks, Terms, plan},
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
        let rare =
            usize::from((0..4).any(|at| split.partition(1, &class_ids).testing_row(at) == 7));
        let expected = |fold: usize| Some(if fold == rare { 0.75 } else { 1.0 });
        assert_eq!(scores, [[None, expected(1)], [expected(0), None]]);
        assert_eq!((cells[0].tested(), cells[1].tested()), (4, 4));
    }
}
