//! `master tune`, told from start to end.

use std::{
    io::{self, BufWriter, Write},
    time::Instant,
};

use anyhow::Context;
use brigade::{Pool, TaskError};
use brigade_protocol::jobs::tune::{Input, SAMPLES, ScoreBlock};

use super::{Gather, TuneArgs, plan};
use crate::{
    cli::{Common, Done, Narrator, signals},
    report::{Format, tune::TuneReport},
};

/// Reads the table, scores the grid in worker processes, and writes the report.
pub(crate) fn run(args: &TuneArgs, common: &Common) -> anyhow::Result<Done> {
    let began = Instant::now();
    let narrator = common.narrator();
    let table = args.table()?;
    let grid = args.grid();
    let workers = common.workers();
    let tasks = plan(&grid, args.split, &table, workers)?;

    let segment = table.segment()?;
    let builder = common.pool("tune", &narrator);
    let pool = Common::start(builder.share(SAMPLES, segment.fd())?)?;
    let gather = Gather::new(&grid, &tasks, &table.class_ids);
    let (gather, failures) = score(&pool, gather, &tasks, &narrator)?;
    let fraction = gather.fraction();
    pool.join();
    narrator.finish();
    if signals::caught().is_some() {
        narrator.say(&format!(
            "{:.0} % of the work was done; distances of which a part is missing are left out",
            fraction * 100.0
        ));
    }

    let tested = args.split.partition(0, &table.class_ids).testing_count() as u64;
    let report = TuneReport {
        data: table.source.clone(),
        rows: table.rows(),
        features: table.width,
        classes: table.class_names.len(),
        split: args.split,
        workers,
        elapsed: began.elapsed(),
        // A distance of which a block is missing is left out as a whole; failures have been told.
        cells: gather
            .finish()
            .into_iter()
            .filter(|cell| cell.tested == tested)
            .collect(),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    report
        .write(
            common.format_or(Format::Table),
            common.is_coloured(),
            &mut out,
        )
        .and_then(|()| out.flush())
        .context("cannot write the report")?;
    Ok(if failures == 0 {
        Done::Well
    } else {
        Done::InPart
    })
}

/// Has all tasks done, in any order, and adds them up. Also returns how many failed.
fn score(
    pool: &Pool,
    mut gather: Gather,
    tasks: &[Input],
    narrator: &Narrator,
) -> anyhow::Result<(Gather, usize)> {
    let mut failures = 0;
    for (position, outcome) in pool.map_unordered::<ScoreBlock, _>(tasks.iter().cloned()) {
        let Some(task) = usize::try_from(position).ok().and_then(|at| tasks.get(at)) else {
            continue;
        };
        match outcome {
            Ok(tally) => gather.add(task, &tally)?,
            // What the user cancelled is no failure of the task.
            Err(TaskError::Cancelled) if signals::caught().is_some() => {}
            Err(error @ TaskError::PoolBroken(_)) => return Err(error.into()),
            Err(error) => {
                failures += 1;
                let Input {
                    distances, testing, ..
                } = task;
                let error = error.without_input_index();
                let names: Vec<String> = distances.iter().map(ToString::to_string).collect();
                narrator.say(&format!(
                    "error: {} on testing samples {} to {}: {error}",
                    names.join(" and "),
                    testing.start,
                    testing.end
                ));
            }
        }
        narrator.progress(gather.fraction());
    }
    Ok((gather, failures))
}
