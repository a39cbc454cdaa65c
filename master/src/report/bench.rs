//! What `master bench` shows, in each format.

mod csv;
mod json;
mod lines;
mod plot;
mod table;
mod words;

use std::{io, time::Duration};

use super::{
    Format,
    picture::{self, PlotError, PlotFile},
};
use crate::{
    cli::Backend,
    jobs::bench::{Answer, Judged},
};

/// All there is to say about a sweep.
#[derive(Debug, Clone)]
pub(crate) struct BenchReport {
    /// Which job it was.
    pub(crate) title: String,
    /// What all runs came to.
    pub(crate) answer: Option<Answer>,
    /// How often each was done without being measured.
    pub(crate) warmup: u32,
    /// Whether all runs were done that were planned.
    pub(crate) is_whole: bool,
    /// Wall time of everything.
    pub(crate) elapsed: Duration,
    pub(crate) judged: Judged,
}

impl BenchReport {
    /// Writes the report; `colour` matters for [`Format::Table`] alone.
    ///
    /// # Errors
    /// What `out` returns.
    pub(crate) fn write(
        &self,
        format: Format,
        colour: bool,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        match format {
            Format::Table => table::write(self, colour, out),
            Format::Lines => lines::write(self, out),
            Format::Json => json::write(self, out),
            Format::Csv => csv::write(self, out),
        }
    }

    /// Draws speed-ups beside the ideal line.
    ///
    /// # Errors
    /// [`PlotError`].
    pub(crate) fn plot(&self, file: &PlotFile) -> Result<(), PlotError> {
        picture::save(&plot::Layout::new(self), file)
    }
}

/// As `--backend` takes it.
fn name(backend: Backend) -> &'static str {
    match backend {
        Backend::Processes => "processes",
        Backend::Threads => "threads",
    }
}

#[cfg(test)]
impl BenchReport {
    /// A report about so many workers with these times in milliseconds.
    fn of(cells: &[(Backend, u32, &[f64])], cores: u32) -> Self {
        Self {
            title: "burn: 24 sums of 10000000 odd numbers".to_owned(),
            answer: Some(Answer {
                said: "24 sums, all as they must be".to_owned(),
                digest: 0xfeed_beef,
            }),
            warmup: 1,
            is_whole: true,
            elapsed: Duration::from_millis(1500),
            judged: crate::jobs::bench::judged(cells, cores),
        }
    }

    /// Processes and threads on two cores.
    fn sample() -> Self {
        use Backend::{Processes, Threads};
        Self::of(
            &[
                (Processes, 1, &[100.0, 101.0, 99.0, 102.0, 100.0]),
                (Processes, 2, &[51.0, 52.0, 51.5, 52.5, 52.0]),
                (Processes, 4, &[51.5, 52.0, 51.0, 54.0, 52.0]),
                (Threads, 1, &[99.0, 99.5, 100.0, 99.0, 98.0]),
                (Threads, 2, &[50.0, 50.5, 50.0, 51.0, 49.5]),
                (Threads, 4, &[60.0, 61.0, 60.0, 62.0, 60.5]),
            ],
            2,
        )
    }
}

#[cfg(test)]
fn written(report: &BenchReport, format: Format) -> String {
    let mut out = Vec::new();
    report.write(format, false, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
