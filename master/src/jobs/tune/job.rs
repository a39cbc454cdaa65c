//! A table with the grid to score on it: the part of a tune that every front shares.

use std::{sync::Arc, time::Duration};

use brigade::{Pool, TaskError};
use brigade_protocol::{
    jobs::tune::{Input, ScoreBlock},
    shm::{BuildError, Segment},
};

use super::{Gather, Grid, Metric, PlanError, Terms, TuneInput, gather::GatherError, layout, plan};
use crate::{report::tune::TuneReport, table::Table};

/// A tune that is planned and can be carried out.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) table: Arc<Table>,
    pub(crate) terms: Terms,
    pub(crate) grid: Grid,
    pub(crate) metric: Metric,
    /// Where the samples that test came from, if from a file of their own.
    test: Option<String>,
    pub(crate) workers: usize,
    tasks: Vec<Input>,
}

/// Why a tune ends without a result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobError {
    #[error(transparent)]
    Gather(#[from] GatherError),
    #[error(transparent)]
    Pool(TaskError),
}

/// What happens while a grid is scored.
pub(crate) enum Told<'a> {
    /// A block of testing samples is done, and this is what is known by now.
    Block(&'a Gather),
    /// A block is lost; which, and why.
    Lost(String),
}

impl Job {
    /// Cuts the grid into tasks for so many workers.
    ///
    /// # Errors
    /// [`PlanError`] when it cannot be scored on this table.
    pub(crate) fn new(
        input: &TuneInput,
        table: impl Into<Arc<Table>>,
        terms: Terms,
        workers: usize,
    ) -> Result<Self, PlanError> {
        let (grid, table) = (input.grid(), table.into());
        let tasks = plan(&grid, &terms, &table, workers)?;
        Ok(Self {
            table,
            terms,
            grid,
            metric: input.metric,
            test: input.test.as_ref().map(|path| path.display().to_string()),
            workers,
            tasks,
        })
    }

    /// Copies the table into shared memory, as the workers want it.
    ///
    /// # Errors
    /// [`BuildError`] when there is not enough memory or the table is too large.
    pub(crate) fn segment(&self) -> Result<Segment, BuildError> {
        layout::segment(&self.table, &self.terms)
    }

    /// How many tasks it is cut into.
    pub(crate) fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// Has all tasks done, in any order, and adds them up. Also returns how many were lost; those that were cancelled
    /// are not among them.
    ///
    /// # Errors
    /// [`JobError`] when the pool has given up, or its workers do not fit this program.
    pub(crate) fn score(
        &self,
        pool: &Pool,
        tell: &mut dyn FnMut(Told<'_>),
    ) -> Result<(Gather, usize), JobError> {
        let mut gather = Gather::new(
            &self.grid,
            self.metric,
            self.terms.split,
            &self.tasks,
            &self.table.class_ids,
        );
        let mut lost = 0;
        let inputs = self.tasks.iter().cloned();
        for (position, outcome) in pool.map_unordered::<ScoreBlock, _>(inputs) {
            let position = usize::try_from(position).ok();
            let Some(task) = position.and_then(|at| self.tasks.get(at)) else {
                continue;
            };
            match outcome {
                Ok(tally) => gather.add(task, &tally)?,
                // What the user cancelled is no failure of the task.
                Err(TaskError::Cancelled) => continue,
                Err(error @ TaskError::PoolBroken(_)) => return Err(JobError::Pool(error)),
                Err(error) => {
                    lost += 1;
                    tell(Told::Lost(failure(task, &error.without_input_index())));
                }
            }
            tell(Told::Block(&gather));
        }
        Ok((gather, lost))
    }

    /// All there is to say about what was gathered. A cell without a complete partition is left out.
    pub(crate) fn report(&self, gather: Gather, elapsed: Duration) -> TuneReport {
        let Self { table, terms, .. } = self;
        TuneReport {
            data: table.source.clone(),
            test: self.test.clone(),
            rows: table.rows(),
            features: table.width,
            class_names: table.class_names.clone(),
            split: terms.split,
            scale: terms.scale,
            weights: terms.weights,
            metric: self.metric,
            workers: self.workers,
            elapsed,
            cells: gather.finish(),
        }
    }
}

/// Which part of the work failed, and why.
fn failure(task: &Input, error: &TaskError) -> String {
    let Input {
        split,
        partition,
        distances,
        testing,
        ..
    } = task;
    let names: Vec<String> = distances.iter().map(ToString::to_string).collect();
    let of = match split.partitions() {
        1 => String::new(),
        all => format!(" of partition {} of {all}", partition + 1),
    };
    format!(
        "{} on testing samples {} to {}{of}: {error}",
        names.join(" and "),
        testing.start,
        testing.end
    )
}
