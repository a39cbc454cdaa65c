//! For people: a row for each that was compared, the one to use marked, and what to take from it.

use std::io;

use comfy_table::{Attribute, Cell, CellAlignment, Color, Table};

use super::{BenchReport, words};
use crate::{
    jobs::bench::Row,
    report::layout::{hide, right, seconds, sheet, terminal_width},
};

/// Columns that a narrow terminal does without: start-up, most, least, spread.
const DISPENSABLE: [usize; 4] = [5, 4, 3, 2];

pub(super) fn write(report: &BenchReport, colour: bool, out: &mut dyn io::Write) -> io::Result<()> {
    let judged = &report.judged;
    if judged.rows.is_empty() {
        return writeln!(out, "{}: no runs", report.title);
    }
    let cores = match judged.cores {
        1 => "1 core".to_owned(),
        cores => format!("{cores} cores"),
    };
    writeln!(out, "{}, on {cores}\n", report.title)?;
    let mut table = grid(report, colour);
    hide(&mut table, terminal_width(), &DISPENSABLE);
    writeln!(out, "{}\n", table.trim_fmt())?;
    for law in &judged.laws {
        writeln!(out, "{}", words::law(law.backend, &law.fit))?;
    }
    if let Some(answer) = &report.answer {
        writeln!(out, "result of all {} runs: {}", judged.runs(), answer.said)?;
    }
    match &judged.verdict {
        Some(verdict) => writeln!(out, "{}", words::verdict(verdict)),
        None => Ok(()),
    }
}

fn grid(report: &BenchReport, colour: bool) -> Table {
    let names = [
        "  ",
        "median",
        "spread",
        "least",
        "most",
        "start-up",
        "speed-up",
        "efficiency",
    ];
    let mut table = sheet(&names);
    if colour {
        table.enforce_styling();
    }
    let verdict = report.judged.verdict.as_ref();
    let chosen = verdict.map(|verdict| verdict.config);
    for row in &report.judged.rows {
        let is_chosen = chosen == Some(row.config);
        let cells = shown(row, is_chosen).map(right);
        table.add_row(cells.map(|cell| styled(cell, is_chosen && colour)));
    }
    table
}

fn shown(row: &Row, is_chosen: bool) -> [String; 8] {
    let figures = &row.figures;
    let none = || "–".to_owned();
    let mark = if is_chosen { '*' } else { ' ' };
    [
        format!("{} {mark}", row.config),
        seconds(figures.median),
        seconds(figures.spread()),
        seconds(figures.least),
        seconds(figures.most),
        seconds(row.start.median),
        row.speedup.map_or_else(none, |it| format!("{it:.2} x")),
        row.efficiency
            .map_or_else(none, |it| format!("{:.0} %", it * 100.0)),
    ]
}

fn styled(cell: Cell, is_chosen: bool) -> Cell {
    let cell = cell.set_alignment(CellAlignment::Right);
    if is_chosen {
        cell.add_attribute(Attribute::Bold).fg(Color::Green)
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BenchReport, Format, written};

    #[test]
    fn a_row_each_and_what_to_take_from_them() {
        insta::assert_snapshot!(written(&BenchReport::sample(), Format::Table), @"");
    }

    #[test]
    fn no_runs_are_no_panic() {
        let report = BenchReport::of(&[], 2);
        for format in [Format::Table, Format::Lines, Format::Csv, Format::Json] {
            assert!(written(&report, format).lines().count() <= 20);
        }
    }
}
