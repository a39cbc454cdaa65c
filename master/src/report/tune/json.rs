//! One object with everything, for programs.

use std::io;

use brigade_protocol::jobs::tune::Hyperparameter;
use serde::Serialize;

use super::TuneReport;

#[derive(Serialize)]
struct Report<'a> {
    data: &'a str,
    rows: usize,
    features: usize,
    classes: usize,
    split: String,
    workers: usize,
    seconds: f64,
    /// The first of the best cells in grid order.
    best: Option<Cell>,
    /// How many cells are as good as the best, itself included.
    best_cells: usize,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    k: u32,
    distance: String,
    quality: f64,
    passed: u64,
    tested: u64,
}

impl From<&Hyperparameter> for Cell {
    fn from(cell: &Hyperparameter) -> Self {
        let Hyperparameter {
            k,
            distance,
            passed,
            tested,
        } = *cell;
        Self {
            k,
            distance: distance.to_string(),
            quality: cell.quality(),
            passed,
            tested,
        }
    }
}

pub(super) fn write(report: &TuneReport, out: &mut dyn io::Write) -> io::Result<()> {
    let best = report.best();
    let whole = Report {
        data: &report.data,
        rows: report.rows,
        features: report.features,
        classes: report.classes,
        split: report.split.to_string(),
        workers: report.workers,
        seconds: report.elapsed.as_secs_f64(),
        best: best.first().copied().map(Cell::from),
        best_cells: best.len(),
        cells: report.cells.iter().map(Cell::from).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &whole)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::super::{Format, TuneReport, written};

    #[test]
    fn everything_in_one_object() {
        let mut report = TuneReport::sample();
        report.cells.truncate(1);
        insta::assert_snapshot!(written(&report, Format::Json, true), @r#"
        {
          "data": "bezdekIris.data",
          "rows": 150,
          "features": 4,
          "classes": 3,
          "split": "every:5",
          "workers": 2,
          "seconds": 0.012345,
          "best": {
            "k": 5,
            "distance": "ED",
            "quality": 0.9666666666666667,
            "passed": 29,
            "tested": 30
          },
          "best_cells": 1,
          "cells": [
            {
              "k": 5,
              "distance": "ED",
              "quality": 0.9666666666666667,
              "passed": 29,
              "tested": 30
            }
          ]
        }
        "#);
    }
}
