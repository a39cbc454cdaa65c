//! How well each class is recognised, and which are taken for which.

use std::io;

use comfy_table::{Cell, CellAlignment};

use super::TuneReport;
use crate::{
    jobs::tune::Scored,
    report::layout::{printable, right, sheet},
};

/// Of more classes than this, the most confused pairs are shown instead of the matrix.
const MOST_CLASSES: usize = 20;

/// How many pairs.
const PAIRS: usize = 10;

/// For people: precision, recall and F1 of each class of this cell, and the confusion matrix, whose columns are numbered
/// as its rows are.
pub(super) fn write(report: &TuneReport, cell: &Scored, out: &mut dyn io::Write) -> io::Result<()> {
    let classes = cell.confusion.classes();
    let is_matrix = classes.len() <= MOST_CLASSES;
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
    writeln!(out, "{}\n", table.trim_fmt())?;
    if is_matrix {
        Ok(())
    } else {
        pairs(report, cell, out)
    }
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
        let mut report = TuneReport::sample();
        report.class_names = (0..classes).map(|class| format!("class {class}")).collect();
        let mut cell = report.cells[0].clone();
        cell.confusion = Confusion::default();
        cell.confusion.count(right, predicted);
        let mut out = Vec::new();
        write(&report, &cell, &mut out).unwrap();
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
