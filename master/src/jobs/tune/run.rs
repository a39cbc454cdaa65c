//! `master tune`, told from start to end.

use std::{
    io::{self, BufWriter, Write},
    path::Path,
    time::Instant,
};

use anyhow::Context;
use brigade::{Pool, TaskError};
use brigade_protocol::jobs::tune::{Input, SAMPLES, ScoreBlock};

use super::{Gather, Scored, Terms, TuneArgs, plan, save};
use crate::{
    cli::{Common, Done, Narrator, signals},
    model::{Model, ModelError},
    report::{
        Format,
        tune::{TuneReport, plot},
    },
    table::Table,
};

/// Reads the table, scores the grid in worker processes, and writes the report.
pub(crate) fn run(args: &TuneArgs, common: &Common) -> anyhow::Result<Done> {
    let began = Instant::now();
    let narrator = common.narrator();
    args.check()?;
    let (table, terms) = args.read()?;
    let sources = args
        .save
        .as_ref()
        .map(|_| save::Sources::of(args))
        .transpose()?;
    let grid = args.grid();
    let tasks = plan(&grid, &terms, &table, common.workers())?;

    let segment = table.segment()?;
    let builder = common.pool("tune", &narrator);
    let pool = common.start_anywhere(builder.share(SAMPLES, segment.fd())?)?;
    let gather = Gather::new(&grid, args.metric, terms.split, &tasks, &table.class_ids);
    let (gather, failures) = score(&pool, gather, &tasks, &narrator)?;
    let workers = pool.stats().workers;
    pool.join();
    narrator.finish();
    warn(&gather, &table, &terms, &narrator);

    let report = TuneReport {
        data: table.source.clone(),
        test: args.test.as_ref().map(|path| path.display().to_string()),
        rows: table.rows(),
        features: table.width,
        class_names: table.class_names.clone(),
        split: terms.split,
        scale: terms.scale,
        weights: terms.weights,
        metric: args.metric,
        workers,
        elapsed: began.elapsed(),
        // A cell without a complete partition is left out; failures have been told.
        cells: gather.finish(),
    };
    let written = write(&report, common);
    // Files are for later; they come even when nobody reads the report.
    if let Some(file) = &args.plot {
        plot::save(&report, file)?;
    }
    if let (Some(path), Some(sources)) = (&args.save, sources) {
        let model = |best: &Scored| save::model(best, sources, args, &table, &terms);
        save(&report, path, model, &narrator)?;
    }
    written.context("cannot write the report")?;
    Ok(if failures == 0 {
        Done::Well
    } else {
        Done::InPart
    })
}

/// Shows the report.
fn write(report: &TuneReport, common: &Common) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let format = common.format_or(Format::Table);
    report.write(format, common.is_coloured(), &mut out)?;
    out.flush()
}

/// Saves the model of the best cell, unless not all was tried.
fn save(
    report: &TuneReport,
    path: &Path,
    model: impl FnOnce(&Scored) -> Model,
    narrator: &Narrator,
) -> Result<(), ModelError> {
    if signals::caught().is_some() {
        let path = path.display();
        narrator.say(&format!("{path}: not saved, for not all was tried"));
        return Ok(());
    }
    match report.best().first() {
        Some(best) => model(best).save(path),
        None => Ok(()),
    }
}

/// Classes that a warning names.
const NAMED: usize = 3;

/// Tells what the qualities do not show.
fn warn(gather: &Gather, table: &Table, terms: &Terms, narrator: &Narrator) {
    if signals::caught().is_some() {
        narrator.say(&format!(
            "{:.0} % of the work was done; cells of which no partition is complete are left out",
            gather.fraction() * 100.0
        ));
    }
    let unlearnt = gather.unlearnt();
    for (class, &times) in unlearnt.iter().take(NAMED) {
        let name = table.class_names.get(*class as usize);
        let name = name.map_or("", String::as_str);
        let partitions = match terms.split.partitions() {
            1 => String::new(),
            all => format!(" in {times} of {all} partitions"),
        };
        narrator.say(&format!(
            "warning: class `{name}` is tested without one training sample{partitions}; it cannot be recognised"
        ));
    }
    if unlearnt.len() > NAMED {
        let more = unlearnt.len() - NAMED;
        narrator.say(&format!("warning: so it is with {more} more classes"));
    }
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
                narrator.say(&failure(task, &error.without_input_index()));
            }
        }
        narrator.progress(gather.fraction(), gather.done(), "tests");
    }
    Ok((gather, failures))
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
        "error: {} on testing samples {} to {}{of}: {error}",
        names.join(" and "),
        testing.start,
        testing.end
    )
}
