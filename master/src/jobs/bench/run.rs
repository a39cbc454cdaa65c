//! `master bench`, told from start to end.

use std::{
    io::{self, BufWriter, Write},
    time::Instant,
};

use anyhow::Context;

use super::{
    BenchArgs, Judged,
    args::cores,
    sweep::{Swept, sweep},
    work,
};
use crate::{
    cli::{Done, Narrator, signals},
    report::{Format, bench::BenchReport},
};

/// Measures, and says how many workers to use.
pub(crate) fn run(args: &BenchArgs) -> anyhow::Result<Done> {
    let began = Instant::now();
    let options = args.job.sweep();
    let narrator = options.options.narrator();
    let work = work::prepare(&args.job)?;
    if let Some(file) = &options.plot {
        file.check()?;
    }
    let Swept {
        cells,
        answer,
        mismatch,
    } = sweep(work.as_ref(), &options.configs(), options, &narrator)?;
    narrator.finish();
    if let Some(mismatch) = mismatch {
        narrator.say(&format!("error: {mismatch}"));
        return Ok(Done::Short);
    }
    let judged = Judged::new(&cells, cores());
    let is_whole = cells.iter().all(|cell| cell.given_up == 0);
    tell(&judged, &narrator);
    let report = BenchReport {
        title: work.title(),
        answer,
        warmup: options.warmup,
        is_whole: is_whole && signals::caught().is_none(),
        elapsed: began.elapsed(),
        judged,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let written = report
        .write(
            options.options.format_or(Format::Table),
            options.options.is_coloured(),
            &mut out,
        )
        .and_then(|()| out.flush());
    // A file is for later; it comes even when nobody reads the report.
    match &options.plot {
        Some(file) if report.judged.runs() == 0 => {
            narrator.say(&format!("{file}: not written, for nothing was measured"));
        }
        Some(file) => report.plot(file)?,
        None => {}
    }
    written.context("cannot write the report")?;
    Ok(if is_whole { Done::Well } else { Done::InPart })
}

/// Says on the side what to be careful about.
fn tell(judged: &Judged, narrator: &Narrator) {
    if signals::caught().is_some() {
        let runs = judged.runs();
        narrator.say(&format!("{runs} runs were done; the report is about these"));
    }
    for advice in &judged.advice {
        let label = if advice.is_note() { "note" } else { "warning" };
        narrator.say(&format!("{label}: {advice}"));
    }
}
