//! `master stats`: what the features of a table are like, and which of them carry the class.
//!
//! Two passes over memory take less time than reading the table, so there are no workers here.

mod measure;

use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use anyhow::Context;
use clap::Args;

use crate::{
    cli::Done,
    report::{Format, stats::StatsReport},
    table::{Header, Label, Reading, Table, iris},
};
pub(crate) use measure::{Measures, measure};

/// Show what each feature of a table is like, and which features carry the class
///
/// Minimum, maximum, mean, standard deviation (n - 1 in the denominator), and two measures of what a feature has to
/// do with the class: the correlation with the number of the class (Pearson; classes are numbered in the order in
/// which they appear, so with more than two it depends on that order), and eta squared, the share of the feature's
/// variance that lies between the classes, which does not.
#[derive(Debug, Clone, Args)]
pub(crate) struct StatsArgs {
    /// Table of samples, one a line; - reads standard input [default: the shipped Iris samples]
    file: Option<PathBuf>,

    /// Column of the class, by name or by number: 1 is the first, -1 the last
    #[arg(
        long,
        value_name = "COLUMN",
        default_value = "-1",
        allow_negative_numbers = true
    )]
    label: Label,

    /// Whether the first row names the columns
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    header: Header,

    /// File of the classes, for IDX and NumPy samples [default: found beside them]
    #[arg(long, value_name = "FILE", requires = "file")]
    labels: Option<PathBuf>,

    /// How results are written to standard output
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,

    /// Show every feature in the table, not only the 20 that say most about the class
    #[arg(long)]
    all: bool,
}

/// Reads the table, measures it, and writes the report.
pub(crate) fn run(args: &StatsArgs) -> anyhow::Result<Done> {
    let reading = Reading {
        header: args.header,
        label: args.label.clone(),
        labels: args.labels.clone(),
    };
    let table = match &args.file {
        Some(path) => Table::read(path, &reading)?,
        None => Table::parse(iris::NAME, iris::BYTES, &reading)?,
    };
    let names = match &table.feature_names {
        Some(names) => names.clone(),
        // The shipped samples have no header, but everybody knows what they are.
        None if args.file.is_none() && args.label == Label::default() => {
            iris::FEATURES.map(str::to_owned).to_vec()
        }
        None => columns(table.width, &args.label),
    };
    let measures = measure(&table);
    let report = StatsReport::new(table, names, measures, args.all);
    let mut out = BufWriter::new(io::stdout().lock());
    report
        .write(args.format, &mut out)
        .and_then(|()| out.flush())
        .context("cannot write the report")?;
    Ok(Done::Well)
}

/// Names for features without a name: their columns in the file, in which the class has one too.
fn columns(width: usize, label: &Label) -> Vec<String> {
    let class = label.column(width + 1).unwrap_or(width);
    (0..=width)
        .filter(|column| *column != class)
        .map(|column| format!("column {}", column + 1))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_without_names_are_called_by_their_columns() {
        assert_eq!(columns(2, &Label::Number(-1)), ["column 1", "column 2"]);
        assert_eq!(columns(2, &Label::Number(1)), ["column 2", "column 3"]);
        assert_eq!(columns(2, &Label::Number(-2)), ["column 1", "column 3"]);
    }
}
