//! How well each class is recognised, and which are taken for which.

use std::io;

use comfy_table::{Cell, CellAlignment, Table};

use super::TuneReport;
use crate::{
    jobs::tune::Scored,
    report::layout::{fits, hide, printable, right, sheet, terminal_width},
};

/// Of more classes than this, the most confused pairs are shown instead of the matrix.
const MOST_CLASSES: usize = 20;

/// How many pairs.
const PAIRS: usize = 10;

/// Columns that a narrow terminal does without, the first of them first.
const DISPENSABLE: [usize; 3] = [2, 3, 0];

/// For people: precision, recall and F1 of each class of this cell, and the confusion matrix, whose columns are numbered
/// as its rows are; or the most confused pairs, where the matrix is wider than the terminal or has too many classes.
pub(super) fn write(report: &TuneReport, cell: &Scored, out: &mut dyn io::Write) -> io::Result<()> {
    write_within(report, cell, terminal_width(), out)
}

fn write_within(
    report: &TuneReport,
    cell: &Scored,
    width: Option<u16>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    if cell.confusion.classes().len() <= MOST_CLASSES {
        let matrix = table(report, cell, true);
        if fits(&matrix, width) {
            return writeln!(out, "{}\n", matrix.trim_fmt());
        }
    }
    let mut table = table(report, cell, false);
    hide(&mut table, width, &DISPENSABLE);
    writeln!(out, "{}\n", table.trim_fmt())?;
    pairs(report, cell, out)
}

/// A row a class, with a column a class or without.
fn table(report: &TuneReport, cell: &Scored, is_matrix: bool) -> Table {
    let classes = cell.confusion.classes();
    let mut heads: Vec<String> = ["", "class", "precision", "recall", "F1", "samples"]
        .map(str::to_owned)
        .to_vec();
    if is_matrix {
        heads.extend((1..=classes.len()).map(|number| format!("as {number}")));
    }
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let mut table = sheet(&heads);
    for (number, (&id, counts)) in (1..).zip(&classes) {
        let mut row = vec![
            right(number.to_string()),
            Cell::new(printable(report.class(id))).set_alignment(CellAlignment::Left),
            right(format!("{:.3}", counts.precision())),
            right(format!("{:.3}", counts.recall())),
            right(format!("{:.3}", counts.f1())),
            right(counts.support.to_string()),
        ];
        if is_matrix {
            let mut taken = vec![0; classes.len()];
            for (right, predicted, count) in cell.confusion.pairs() {
                if right == id {
                    taken[classes.range(..predicted).count()] = count;
                }
            }
            row.extend(taken.iter().map(|count| match count {
                0 => right("·".to_owned()),
                count => right(count.to_string()),
            }));
        }
        table.add_row(row);
    }
    table
}

/// The classes that are taken for each other most often.
fn pairs(report: &TuneReport, cell: &Scored, out: &mut dyn io::Write) -> io::Result<()> {
    let mut wrong: Vec<(u32, u32, u64)> = cell
        .confusion
        .pairs()
        .filter(|(right, predicted, _)| right != predicted)
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    wrong.sort_by_key(|&(.., count)| std::cmp::Reverse(count));
    let mut table = sheet(&["most confused", "taken for", "times"]);
    for (right_class, predicted, count) in wrong.into_iter().take(PAIRS) {
        table.add_row([
            right(printable(report.class(right_class))),
            right(printable(report.class(predicted))),
            right(count.to_string()),
        ]);
    }
    writeln!(out, "{}\n", table.trim_fmt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::tune::Confusion;

    fn shown(classes: u32, right: &[u32], predicted: &[u32]) -> String {
        shown_within(None, classes, right, predicted)
    }

    fn shown_within(width: Option<u16>, classes: u32, right: &[u32], predicted: &[u32]) -> String {
        let mut report = TuneReport::sample();
        report.class_names = (0..classes).map(|class| format!("class {class}")).collect();
        let mut cell = report.cells[0].clone();
        cell.confusion = Confusion::default();
        cell.confusion.count(right, predicted);
        let mut out = Vec::new();
        write_within(&report, &cell, width, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn few_classes_have_a_matrix() {
        let text = shown(4, &[0, 0, 0, 1, 1, 3], &[0, 0, 1, 1, 1, 0]);
        insta::assert_snapshot!(text, @r"
               class   precision   recall      F1   samples   as 1   as 2   as 3
        ─────────────────────────────────────────────────────────────────────────
         1   class 0       0.667    0.667   0.667         3      2      1      ·
         2   class 1       0.667    1.000   0.800         2      ·      2      ·
         3   class 3       0.000    0.000   0.000         1      1      ·      ·
        ");
    }

    #[test]
    fn a_narrow_terminal_sees_pairs_instead_of_the_matrix() {
        let text = shown_within(Some(40), 4, &[0, 0, 0, 1, 1, 3], &[0, 0, 1, 1, 1, 0]);
        insta::assert_snapshot!(text, @r"
               class      F1   samples
        ───────────────────────────────
         1   class 0   0.667         3
         2   class 1   0.800         2
         3   class 3   0.000         1

         most confused   taken for   times
        ───────────────────────────────────
               class 0     class 1       1
               class 3     class 0       1
        ");
        assert!(text.lines().all(|line| line.chars().count() <= 40));
    }

    #[test]
    fn of_many_classes_the_most_confused_are_shown() {
        let right: Vec<u32> = (0..60).map(|row| row % 30).collect();
        let mut predicted = right.clone();
        for (row, class) in [(3, 4), (33, 4), (5, 6)] {
            predicted[row] = class;
        }
        let text = shown(30, &right, &predicted);
        let (_, pairs) = text.split_once("\n\n").unwrap();
        insta::assert_snapshot!(pairs, @r"
         most confused   taken for   times
        ───────────────────────────────────
               class 3     class 4       2
               class 5     class 6       1
        ");
    }
}
