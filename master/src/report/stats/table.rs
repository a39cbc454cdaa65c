//! For people: a row a feature, the classes, and which features carry them.

use std::io;

use super::{Feature, NAMED, StatsReport, figure, four, nothing, printable, short};
use crate::report::layout::{hide, right, sheet, terminal_width};

/// More features are shown only if all are asked for.
const SHOWN: usize = 20;

/// Columns that a narrow terminal does without, the first of them first: those before a feature's say about the class.
const DISPENSABLE: [usize; 5] = [1, 2, 4, 3, 5];

/// More classes are not named.
const CLASSES: usize = 20;

pub(super) fn write(report: &StatsReport, out: &mut dyn io::Write) -> io::Result<()> {
    let mut table = sheet(&[
        "feature",
        "min",
        "max",
        "mean",
        "sd",
        "class correlation",
        "eta²",
        "rank",
    ]);
    let is_whole = report.is_whole || report.features.len() <= SHOWN;
    if is_whole {
        for feature in &report.features {
            table.add_row(row(feature).map(right));
        }
    } else {
        for &at in report.ranking.iter().take(SHOWN) {
            table.add_row(row(&report.features[at]).map(right));
        }
    }
    hide(&mut table, terminal_width(), &DISPENSABLE);
    writeln!(out, "{}\n", table.trim_fmt())?;
    if !is_whole {
        let left = report.features.len() - report.ranking.len().min(SHOWN);
        writeln!(
            out,
            "these say most about the class; {left} more features with --all"
        )?;
    }
    writeln!(out, "{}", report.hint())?;
    constant(report, out)?;
    summary(report, out)
}

fn row(feature: &Feature) -> [String; 8] {
    let Feature {
        name,
        measures,
        rank,
    } = feature;
    [
        printable(name),
        short(measures.min),
        short(measures.max),
        figure(measures.mean),
        measures.sd.map_or_else(nothing, figure),
        measures.correlation.map_or_else(nothing, four),
        measures.eta_squared.map_or_else(nothing, four),
        rank.map_or_else(nothing, |rank| rank.to_string()),
    ]
}

/// Names what never varies.
fn constant(report: &StatsReport, out: &mut dyn io::Write) -> io::Result<()> {
    let names = report.constant();
    if names.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = names
        .iter()
        .take(NAMED)
        .map(|name| printable(name))
        .collect();
    let more = match names.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    writeln!(out, "the same in all rows: {}{more}", shown.join(", "))
}

fn summary(report: &StatsReport, out: &mut dyn io::Write) -> io::Result<()> {
    let classes = report.classes.iter().take(CLASSES);
    let mut named: Vec<String> = classes
        .map(|(name, rows)| format!("{} {rows}", printable(name)))
        .collect();
    if report.classes.len() > CLASSES {
        named.push("…".to_owned());
    }
    writeln!(
        out,
        "{}: rows: {}, features: {}, classes: {} ({})",
        printable(&report.data),
        report.rows,
        report.features.len(),
        report.classes.len(),
        named.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::super::{
        Format,
        tests::{of, written},
    };
    use crate::table::iris;

    #[test]
    fn a_row_a_feature() {
        let report = of(iris::BYTES, &iris::FEATURES, false);
        insta::assert_snapshot!(written(&report, Format::Table), @r"
               feature   min   max    mean       sd   class correlation     eta²   rank
         ───────────────────────────────────────────────────────────────────────────────
          sepal length   4.3   7.9   5.843   0.8281              0.7826   0.6187      3
           sepal width     2   4.4   3.057   0.4359             -0.4267   0.4008      4
          petal length     1   6.9   3.758    1.765              0.9490   0.9414      1
           petal width   0.1   2.5   1.199   0.7622              0.9565   0.9289      2

        petal length and petal width carry the class (eta² 0.94, 0.93)
        t.csv: rows: 150, features: 4, classes: 3 (Iris-setosa 50, Iris-versicolor 50, Iris-virginica 50)
        ");
    }

    #[test]
    fn of_many_features_the_best_are_shown() {
        let row = |class: usize| {
            let numbers = (0..30).map(|at| if at < 5 { 7 } else { class * (at % 7) });
            let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
            format!("{},{}", numbers.join(","), class % 2)
        };
        let text = (0..9).map(row).collect::<Vec<_>>().join(
            "
",
        );
        let names: Vec<String> = (1..=30).map(|column| format!("column {column}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let few = written(&of(text.as_bytes(), &names, false), Format::Table);
        assert_eq!(few.matches("column ").count(), 20 + 1 + 5, "{few}");
        assert!(
            few.contains("these say most about the class; 10 more features with --all"),
            "{few}"
        );
        assert!(
            few.contains(
                "the same in all rows: column 1, column 2, column 3, column 4, column 5 and "
            ),
            "{few}"
        );
        let all = written(&of(text.as_bytes(), &names, true), Format::Table);
        assert!(!all.contains("--all") && all.contains("column 30"), "{all}");
    }
}
