//! For people: k down, distances across, the best marked, how the best confuses classes, and a summary.

use std::io;

use comfy_table::{Attribute, Cell, CellAlignment, Color, Table};

use brigade_protocol::jobs::tune::Distance;

use super::{TuneReport, classes};
use crate::{
    jobs::tune::Scored,
    report::layout::{AIR, STYLE, terminal_width, time},
};

/// Shades from the least quality to the greatest, of the 256 that terminals have: violet, blue, green, yellow.
const SHADES: [u8; 10] = [54, 60, 61, 67, 31, 36, 35, 71, 113, 185];

/// The first shade on which black is easier to read than white.
const FIRST_LIGHT: usize = 5;

pub(super) fn write(report: &TuneReport, colour: bool, out: &mut dyn io::Write) -> io::Result<()> {
    let distances = report.distances();
    if distances.is_empty() {
        return writeln!(out, "no cells");
    }
    for distances in distances.chunks(side_by_side(report, terminal_width())) {
        writeln!(out, "{}\n", grid(report, distances, colour).trim_fmt())?;
    }
    if let Some(best) = report.best().first() {
        classes::write(report, best, out)?;
    }
    summary(report, out)
}

/// How many distances there is room for beside the ks.
fn side_by_side(report: &TuneReport, width: Option<u16>) -> usize {
    let Some(width) = width.map(usize::from) else {
        return usize::MAX;
    };
    let of_k = report.cells.iter().map(|cell| cell.k.to_string().len());
    let of_cell = report.cells.iter().map(|cell| {
        let name = cell.distance.to_string().len();
        // With the mark, and air beside it.
        name.max(quality(report, cell).chars().count()) + 2 + AIR
    });
    let k = of_k.max().unwrap_or(1) + AIR;
    (width.saturating_sub(k) / of_cell.max().unwrap_or(1)).max(1)
}

/// Some columns of the grid.
fn grid(report: &TuneReport, distances: &[Distance], colour: bool) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).force_no_tty();
    if colour {
        table.enforce_styling();
    }
    let head = |text: &str| {
        Cell::new(text)
            .add_attribute(Attribute::Bold)
            .set_alignment(CellAlignment::Right)
    };
    // Names stand above the digits, not above the mark.
    table.set_header(
        std::iter::once(head("k")).chain(distances.iter().map(|name| head(&format!("{name}  ")))),
    );
    for (k, row) in report.grid(distances) {
        let cells = row.into_iter().map(|cell| match cell {
            Some(cell) => shaded(report, cell, colour),
            None => Cell::new("–  ").set_alignment(CellAlignment::Right),
        });
        table.add_row(std::iter::once(head(&k.to_string())).chain(cells));
    }
    table
}

/// The quality of a cell on a ground that shows how good it is.
fn shaded(report: &TuneReport, cell: &Scored, colour: bool) -> Cell {
    let mark = if cell.rank == 1 { '*' } else { ' ' };
    let shown =
        Cell::new(format!("{} {mark}", quality(report, cell))).set_alignment(CellAlignment::Right);
    if !colour {
        return shown;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place is from 0 to 1"
    )]
    let shade = (report.place(cell.quality) * (SHADES.len() - 1) as f64).round() as usize;
    let text = if shade < FIRST_LIGHT { 231 } else { 16 };
    let shown = shown
        .bg(Color::AnsiValue(
            SHADES.get(shade).copied().unwrap_or(SHADES[0]),
        ))
        .fg(Color::AnsiValue(text));
    if cell.rank == 1 {
        shown.add_attribute(Attribute::Bold)
    } else {
        shown
    }
}

/// With its standard deviation, where there are several scores to deviate.
fn quality(report: &TuneReport, cell: &Scored) -> String {
    if report.split.partitions() > 1 {
        format!("{:.3} ± {:.3}", cell.quality, cell.sd)
    } else {
        format!("{:.3}", cell.quality)
    }
}

fn summary(report: &TuneReport, out: &mut dyn io::Write) -> io::Result<()> {
    let best = report.best();
    if let Some(first) = best.first() {
        writeln!(
            out,
            "best: k {}, {}, {} ({} of {} right)",
            first.k,
            first.distance,
            quality(report, first),
            first.passed(),
            first.tested()
        )?;
    }
    if best.len() > 1 {
        writeln!(
            out,
            "{} cells tie (*); the first in the order of the grid is named",
            best.len()
        )?;
    }
    writeln!(
        out,
        "{}: {}, {}, {}, {}",
        report.data,
        count(report.rows, "row"),
        count(report.features, "feature"),
        count_classes(report.class_names.len()),
        report.choices()
    )?;
    writeln!(
        out,
        "{}, {}, {}",
        count(report.cells.len(), "cell"),
        count(report.workers, "worker"),
        time(report.elapsed)
    )
}

fn count(number: usize, what: &str) -> String {
    if number == 1 {
        format!("1 {what}")
    } else {
        format!("{number} {what}s")
    }
}

fn count_classes(number: usize) -> String {
    if number == 1 {
        "1 class".to_owned()
    } else {
        format!("{number} classes")
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, TuneReport, written};

    #[test]
    fn the_best_are_marked() {
        insta::assert_snapshot!(written(&TuneReport::sample(), Format::Table, false), @r"
            k      ED        CD
         ─────────────────────────
            5   0.967     0.933
           17   1.000 *   0.967
          119   0.300     1.000 *

                        class   precision   recall      F1   samples   as 1   as 2   as 3
         ─────────────────────────────────────────────────────────────────────────────────
          1   Iris-setosa           1.000    1.000   1.000        10     10      ·      ·
          2   Iris-versicolor       1.000    1.000   1.000        10      ·     10      ·
          3   Iris-virginica        1.000    1.000   1.000        10      ·      ·     10

        best: k 17, ED, 1.000 (30 of 30 right)
        2 cells tie (*); the first in the order of the grid is named
        bezdekIris.data: 150 rows, 4 features, 3 classes, split every:5
        6 cells, 2 workers, 12.3 ms
        ");
    }

    #[test]
    fn one_distance_and_one_best() {
        let mut report = TuneReport::sample();
        report.cells.retain(|cell| cell.distance.code() == "ED");
        insta::assert_snapshot!(written(&report, Format::Table, false), @r"
            k      ED
         ───────────────
            5   0.967
           17   1.000 *
          119   0.300

                        class   precision   recall      F1   samples   as 1   as 2   as 3
         ─────────────────────────────────────────────────────────────────────────────────
          1   Iris-setosa           1.000    1.000   1.000        10     10      ·      ·
          2   Iris-versicolor       1.000    1.000   1.000        10      ·     10      ·
          3   Iris-virginica        1.000    1.000   1.000        10      ·      ·     10

        best: k 17, ED, 1.000 (30 of 30 right)
        bezdekIris.data: 150 rows, 4 features, 3 classes, split every:5
        3 cells, 2 workers, 12.3 ms
        ");
    }

    #[test]
    fn colour_only_when_asked_for() {
        let report = TuneReport::sample();
        let coloured = written(&report, Format::Table, true);
        assert!(coloured.contains("\u{1b}["), "{coloured}");
        assert!(!written(&report, Format::Table, false).contains('\u{1b}'));
    }
}
