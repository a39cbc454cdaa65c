//! For people: a row for each that was compared, the one to use marked, and what to take from it.

use std::io;

use comfy_table::{Attribute, Cell, Color, Table};

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
        match judged.runs() {
            1 => writeln!(out, "result of one run: {}", answer.said)?,
            runs => writeln!(out, "result of all {runs} runs: {}", answer.said)?,
        }
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
        let mark = if is_chosen { " *" } else { "" };
        let name = Cell::new(format!("{}{mark}", row.config));
        let cells = std::iter::once(name).chain(shown(row).map(right));
        table.add_row(cells.map(|cell| styled(cell, is_chosen && colour)));
    }
    table
}

fn shown(row: &Row) -> [String; 7] {
    let figures = &row.figures;
    let none = || "–".to_owned();
    [
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
        insta::assert_snapshot!(written(&BenchReport::sample(), Format::Table), @r"
        burn: 24 sums of 10000000 odd numbers, on 2 cores

                            median   spread     least       most   start-up   speed-up   efficiency
         ───────────────────────────────────────────────────────────────────────────────────────────
          1 process       100.0 ms   1.5 ms   99.0 ms   102.0 ms      10 µs     1.00 x        100 %
          2 processes *    52.0 ms   741 µs   51.0 ms    52.5 ms      10 µs     1.92 x         96 %
          4 processes      52.0 ms   741 µs   51.0 ms    54.0 ms      10 µs     1.92 x         48 %
          1 thread         99.0 ms   741 µs   98.0 ms   100.0 ms      10 µs     1.00 x        100 %
          2 threads        50.0 ms   741 µs   49.5 ms    51.0 ms      10 µs     1.98 x         99 %
          4 threads        60.5 ms   741 µs   60.0 ms    62.0 ms      10 µs     1.64 x         41 %

        processes: 4.0 % serial by Amdahl's law, from one number of workers: at most 25.0 x, however many cores
        threads: 1.0 % serial by Amdahl's law, from one number of workers: at most 99.0 x, however many cores
        result of all 30 runs: 24 sums, all as they must be
        use 2 processes: 1.92 x as fast as one; 4 bring no more (within the noise); 2 threads are 1.04 x as fast as that, but a crash in one ends all
        ");
    }

    #[test]
    fn no_runs_are_no_panic() {
        let report = BenchReport::of(&[], 2);
        for format in [Format::Table, Format::Lines, Format::Csv, Format::Json] {
            assert!(written(&report, format).lines().count() <= 20);
        }
    }
}
