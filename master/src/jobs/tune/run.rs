//! `master tune`, told from start to end.

use std::{
    io::{self, BufWriter, Write},
    path::Path,
    time::Instant,
};

use anyhow::Context;
use brigade_protocol::jobs::tune::SAMPLES;

use super::{Gather, Job, Scored, Told, TuneArgs, save};
use crate::{
    cli::{Common, Done, Narrator, signals},
    model::{Model, ModelError},
    report::{
        Format,
        tune::{TuneReport, plot},
    },
};

/// Reads the table, scores the grid in worker processes, and writes the report.
pub(crate) fn run(args: &TuneArgs, common: &Common) -> anyhow::Result<Done> {
    let began = Instant::now();
    let narrator = common.narrator();
    args.check()?;
    // Before long work is done for them.
    if let Some(file) = &args.plot {
        file.check()?;
    }
    if let Some(path) = &args.save {
        Model::check(path)?;
    }
    let input = &args.input;
    if input.reads_standard_input() {
        narrator.tell_of_terminal("a table");
    }
    let (table, terms) = input.read()?;
    let sources = args
        .save
        .as_ref()
        .map(|_| save::Sources::of(input))
        .transpose()?;
    let mut job = Job::new(input, table, terms, common.workers())?;
    let Outcome {
        gather,
        failures,
        workers,
    } = score(&job, common, &narrator)?;
    job.workers = workers;
    narrator.finish();
    warn(&gather, &job, &narrator);

    let report = job.report(gather, began.elapsed());
    let written = write(&report, common);
    // Files are for later; they come even when nobody reads the report.
    if let Some(file) = &args.plot {
        plot::save(&report, file)?;
    }
    if let (Some(path), Some(sources)) = (&args.save, sources) {
        let model = |best: &Scored| save::model(best, sources, input, &job.table, &job.terms);
        save(&report, path, model, &narrator)?;
    }
    written.context("cannot write the report")?;
    Ok(if failures == 0 {
        Done::Well
    } else {
        Done::InPart
    })
}

/// What came of a grid.
pub(crate) struct Outcome {
    pub(crate) gather: Gather,
    /// How many tasks were lost.
    pub(crate) failures: usize,
    /// Who did the work in the end.
    pub(crate) workers: usize,
}

/// Has the cells scored by a pool of its own.
pub(crate) fn score(job: &Job, common: &Common, narrator: &Narrator) -> anyhow::Result<Outcome> {
    let segment = job.segment()?;
    let builder = common.pool("tune", narrator);
    let pool = common.start_anywhere(builder.share(SAMPLES, segment.fd())?)?;
    let (gather, failures) = job.score(&pool, &mut |told| tell(&told, narrator))?;
    let workers = pool.stats().workers;
    pool.join();
    Ok(Outcome {
        gather,
        failures,
        workers,
    })
}

/// Tells how far the work is, and what was lost of it.
fn tell(told: &Told<'_>, narrator: &Narrator) {
    match told {
        Told::Block(gather) => narrator.progress(gather.fraction(), gather.done(), "tests"),
        Told::Lost(what) => narrator.say(&format!("error: {what}")),
    }
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
fn warn(gather: &Gather, job: &Job, narrator: &Narrator) {
    if signals::caught().is_some() {
        narrator.say(&format!(
            "{:.0} % of the work was done; cells of which no partition is complete are left out",
            gather.fraction() * 100.0
        ));
    }
    let unlearnt = gather.unlearnt();
    for (class, &times) in unlearnt.iter().take(NAMED) {
        let name = job.table.class_names.get(*class as usize);
        let name = name.map_or("", String::as_str);
        let partitions = match job.terms.split.partitions() {
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
