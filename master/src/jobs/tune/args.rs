//! What `master tune` is told.

use std::path::PathBuf;

use brigade_protocol::shm::Split;
use clap::Args;

use super::{Distances, Grid, Ks};
use crate::{
    jobs::iris,
    table::{Header, Label, Reading, Table, TableError},
};

/// Find the k and the distance that classify best
///
/// Classifies every testing sample by its k nearest training samples, for each k and each distance, and
/// shows the share of right answers. Results are exact.
#[derive(Debug, Clone, Args)]
pub(crate) struct TuneArgs {
    /// Table of samples; - reads standard input [default: the shipped Iris samples]
    ///
    /// The format is told by content, and each may be compressed by gzip: text with one sample a line, any number of
    /// numeric features and one class, separated by comma, tab or semicolon; IDX, such as MNIST's, beside
    /// its labels (images-idx3 and labels-idx1); NumPy, beside its labels (X.npy and y.npy).
    pub(crate) file: Option<PathBuf>,

    /// How many neighbours vote: START:STOP:STEP as Python's range, or a list such as 1,3,5
    #[arg(
        long,
        value_name = "KS",
        default_value = "1:41:2",
        allow_hyphen_values = true
    )]
    pub(crate) k: Ks,

    /// What makes them near: ED (euclidean), MD (manhattan), CD (chebyshev), SD (sorensen, braycurtis)
    #[arg(long, value_name = "LIST", default_value = "ED,MD,CD,SD")]
    pub(crate) distance: Distances,

    /// Which samples test: every:N for each N-th, from the first on; the others train
    #[arg(long, value_name = "RULE", default_value_t)]
    pub(crate) split: Split,

    /// Column of the class, by name or by number: 1 is the first, -1 the last
    #[arg(
        long,
        value_name = "COLUMN",
        default_value = "-1",
        allow_negative_numbers = true
    )]
    pub(crate) label: Label,

    /// File of the classes of an IDX or NumPy file: IDX, NumPy, or text with one a line [default: found beside it]
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,

    /// Whether the first row names the columns
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) header: Header,
}

impl TuneArgs {
    /// The cells to score.
    pub(crate) fn grid(&self) -> Grid {
        Grid {
            ks: self.k.0.clone(),
            distances: self.distance.0.clone(),
        }
    }

    /// Reads the table that was named, or the shipped one.
    ///
    /// # Errors
    /// [`TableError`] naming the place and what was expected.
    pub(crate) fn table(&self) -> Result<Table, TableError> {
        let reading = Reading {
            header: self.header,
            label: self.label.clone(),
            labels: self.labels.clone(),
        };
        match &self.file {
            Some(path) => Table::read(path, &reading),
            None if self.labels.is_some() => Err(TableError::NoSamples),
            None => Table::parse(iris::NAME, iris::BYTES, &reading),
        }
    }
}

#[cfg(test)]
mod tests {
    use brigade_protocol::jobs::tune::Distance;
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        tune: TuneArgs,
    }

    fn parse(words: &str) -> Result<TuneArgs, String> {
        let words = std::iter::once("tune").chain(words.split_whitespace());
        Command::try_parse_from(words)
            .map(|command| command.tune)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_default_is_the_chapters_grid_over_iris() {
        let args = parse("").unwrap();
        assert_eq!(args.grid().cells(), 80);
        assert_eq!(args.split.to_string(), "every:5");
        let table = args.table().unwrap();
        assert_eq!(
            (table.rows(), table.width, table.class_names.len()),
            (150, 4, 3)
        );
    }

    #[test]
    fn options_are_understood() {
        let args =
            parse("x.csv --k 1,7 --distance sd,Euclidean --label -2 --header no --split every:3")
                .unwrap();
        assert_eq!(
            args.grid(),
            Grid {
                ks: vec![1, 7],
                distances: vec![Distance::Sorensen, Distance::Euclidean]
            }
        );
        assert_eq!((args.label, args.header), (Label::Number(-2), Header::No));
    }

    #[test]
    fn wrong_values_are_named() {
        for (words, expected) in [
            ("--distance XX", "unknown distance `XX`: expected ED"),
            ("--distance ED,euclidean", "ED is repeated"),
            ("--k 0", "k must be from 1 to 4294967295, found 0"),
            ("--split every:1", "unknown split `every:1`"),
        ] {
            let error = parse(words).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
