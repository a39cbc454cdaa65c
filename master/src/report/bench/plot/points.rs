//! What was measured, as points of the picture, and the colours of its kinds.

use super::super::BenchReport;
use crate::{cli::Backend, jobs::bench::Row, report::canvas::Rgb};

/// Blue and vermilion of Okabe and Ito, which people with any eyes tell apart; and lighter, for what is less certain.
const PROCESSES: (Rgb, Rgb) = ([0, 114, 178], [137, 188, 219]);
const THREADS: (Rgb, Rgb) = ([213, 94, 0], [237, 179, 136]);

/// A measured point: its row, its speed-up, and those of the slowest and the fastest run.
pub(super) struct Point<'a> {
    pub(super) row: &'a Row,
    pub(super) speedup: f64,
    pub(super) range: (f64, f64),
}

/// The points of a kind of workers, if there is one worker to compare them with.
pub(super) fn points(report: &BenchReport, backend: Backend) -> Vec<Point<'_>> {
    let rows = report.judged.of(backend);
    rows.filter_map(|row| {
        let speedup = row.speedup.filter(|speedup| *speedup > 0.0)?;
        let one = speedup * row.figures.median;
        Some(Point {
            row,
            speedup,
            range: (one / row.figures.most, one / row.figures.least),
        })
    })
    .filter(|point| point.range.1.is_finite())
    .collect()
}

/// The colour of a kind of workers, and a lighter one.
pub(super) fn colours(backend: Backend) -> (Rgb, Rgb) {
    match backend {
        Backend::Processes => PROCESSES,
        Backend::Threads => THREADS,
    }
}
