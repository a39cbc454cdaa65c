//! For people: k down, distances across, the best marked, and a summary.

use std::io;

use comfy_table::{Attribute, Cell, CellAlignment, Color, Table};

use super::TuneReport;
use crate::report::layout::{STYLE, time};

pub(super) fn write(report: &TuneReport, colour: bool, out: &mut dyn io::Write) -> io::Result<()> {
    let distances = report.distances();
    if distances.is_empty() {
        return writeln!(out, "no cells");
    }
    let best = report.best();
    let mut table = Table::new();
    table.load_style(STYLE).force_no_tty();
    if colour {
        table.enforce_styling().style_text_only();
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
    for row in report.cells.chunks(distances.len()) {
        let k = Cell::new(row[0].k)
            .add_attribute(Attribute::Bold)
            .set_alignment(CellAlignment::Right);
        let qualities = row.iter().map(|cell| {
            let quality = format!("{:.3}", cell.quality());
            if best.contains(&cell) {
                Cell::new(format!("{quality} *"))
                    .fg(Color::Green)
                    .add_attribute(Attribute::Bold)
            } else {
                Cell::new(format!("{quality}  "))
            }
        });
        table.add_row(std::iter::once(k).chain(qualities));
    }
    writeln!(out, "{}\n", table.trim_fmt())?;
    summary(report, out)
}

fn summary(report: &TuneReport, out: &mut dyn io::Write) -> io::Result<()> {
    let best = report.best();
    if let Some(first) = best.first() {
        let (k, distance, quality) = (first.k, first.distance, first.quality());
        writeln!(
            out,
            "best: k {k}, {distance}, {quality:.3} ({} of {} right)",
            first.passed, first.tested
        )?;
    }
    if best.len() > 1 {
        writeln!(
            out,
            "{} cells tie (*); the first in the order of the grid is named",
            best.len()
        )?;
    }
    let TuneReport {
        data,
        rows,
        features,
        classes,
        split,
        ..
    } = report;
    writeln!(
        out,
        "{data}: {}, {}, {}, split {split}",
        count(*rows, "row"),
        count(*features, "feature"),
        count_classes(*classes)
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
