//! What `master tune` is told.

use std::path::{Path, PathBuf};

use clap::Args;
use thiserror::Error;

use super::{TuneInput, input::InputError};
use crate::report::PlotFile;

/// Find the k and the distance that classify best
///
/// Classifies every testing sample by its k nearest training samples, for each k and each distance, and
/// shows the share of right answers. Results are exact.
#[derive(Debug, Clone, Args)]
pub(crate) struct TuneArgs {
    #[command(flatten)]
    pub(crate) input: TuneInput,

    /// Draw a heat map of the grid into a file that ends with .svg or .png
    #[arg(long, value_name = "FILE")]
    pub(crate) plot: Option<PlotFile>,

    /// Save the best k and distance, and what it takes to classify with them, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
}

/// Options that do not go together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum ArgsError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("--save needs samples that can be read again, not standard input; give a file")]
    SaveOfInput,
    #[error("{option} {} is read as well, or written twice; give another file", path.display())]
    Overwritten { option: &'static str, path: PathBuf },
    #[error("--save writes a file, not standard output; give its name")]
    SaveToOutput,
}

impl TuneArgs {
    /// Looks for options that do not go together.
    ///
    /// # Errors
    /// [`ArgsError`] naming them.
    pub(crate) fn check(&self) -> Result<(), ArgsError> {
        self.input.check()?;
        if self.save.is_some() && self.input.reads_standard_input() {
            return Err(ArgsError::SaveOfInput);
        }
        if self.save.as_deref() == Some(Path::new("-")) {
            return Err(ArgsError::SaveToOutput);
        }
        self.check_outputs()
    }

    /// Makes sure that nothing that is read is overwritten.
    fn check_outputs(&self) -> Result<(), ArgsError> {
        let absolute = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let TuneInput {
            file, test, labels, ..
        } = &self.input;
        let read = [file, test, labels];
        let mut taken: Vec<PathBuf> = read
            .into_iter()
            .flatten()
            .map(|path| absolute(path))
            .collect();
        let plot = self.plot.as_ref().map(PlotFile::path);
        for (option, path) in [("--save", self.save.as_deref()), ("--plot", plot)] {
            let Some(path) = path else { continue };
            if taken.contains(&absolute(path)) {
                let path = path.to_owned();
                return Err(ArgsError::Overwritten { option, path });
            }
            taken.push(absolute(path));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use brigade_protocol::jobs::tune::Distance;
    use clap::Parser;

    use super::*;
    use crate::{
        jobs::tune::Grid,
        table::{Header, Label},
    };

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
        assert_eq!(args.input.grid().cells(), 80);
        assert_eq!(args.input.split.to_string(), "every:5");
        let (table, _) = args.input.read().unwrap();
        assert_eq!(
            (table.rows(), table.width, table.class_names.len()),
            (150, 4, 3)
        );
    }

    #[test]
    fn options_are_understood() {
        let args =
            parse("x.csv --k 1,7 --distance sd,Euclidean --label -2 --header no --split every:3")
                .unwrap()
                .input;
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
            (
                "--weights x",
                "unknown weights `x`: expected uniform or distance",
            ),
            ("--scale x", "expected none, standard or minmax"),
            ("--metric auc", "unknown metric `auc`"),
            ("--plot x.gif", "found `x.gif`"),
            ("--seed x", "invalid digit"),
            ("--test t.csv --split kfold:5", "cannot be used with"),
            ("--test t.csv --seed 5", "cannot be used with"),
            ("--features 0", "no list of features"),
        ] {
            let error = parse(words).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn options_that_do_not_go_together_are_named() {
        let check = |words: &str| {
            parse(words)
                .unwrap()
                .check()
                .map_err(|error| error.to_string())
        };
        for (words, expected) in [
            ("--seed 3", "--seed has no effect with --split every:5"),
            ("- --test -", "standard input can be read once only"),
            ("- --save m.json", "not standard input"),
            ("x.csv --test - --save m.json", "not standard input"),
            ("--save -", "not standard output"),
            ("x.csv --save x.csv", "--save x.csv is read as well"),
            (
                "x.csv --test t.svg --plot t.svg",
                "--plot t.svg is read as well",
            ),
            (
                "--save a.svg --plot a.svg",
                "--plot a.svg is read as well, or written twice",
            ),
        ] {
            let error = check(words).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(
            check("--split kfold:5 --seed 3 --save m.json --plot x.PNG"),
            Ok(())
        );
        assert_eq!(check("x.csv --test -"), Ok(()));
    }

    #[test]
    fn seeds_and_features_reach_the_table() {
        let args = parse("--split kfold:5x2:seed=1 --seed 7 --features 1,4 --no-prune").unwrap();
        let (table, terms) = args.input.read().unwrap();
        assert_eq!((table.width, table.column(1)), (2, 4));
        assert_eq!(terms.split.to_string(), "kfold:5x2:seed=7");
        assert!(terms.is_plain);
    }
}
