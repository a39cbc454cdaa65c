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
mod tests;
