//! What `master tune` is told.

use std::path::{Path, PathBuf};

use brigade_protocol::{
    jobs::tune::{Scale, Weights},
    shm::Split,
};
use clap::Args;
use thiserror::Error;

use super::{Distances, Grid, Ks, Metric, Terms};
use crate::{
    jobs::iris,
    report::tune::PlotFile,
    table::{FeatureList, Header, Label, Reading, Table, TableError},
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

    /// What makes them near: ED (euclidean), MD (manhattan), CD (chebyshev), SD (sorensen, braycurtis), COS (cosine),
    /// CAN (canberra), HAM (hamming), minkowski:P such as minkowski:3
    #[arg(long, value_name = "LIST", default_value = "ED,MD,CD,SD")]
    pub(crate) distance: Distances,

    /// How neighbours vote: one vote each, or 1/distance votes (uniform or distance)
    #[arg(long, value_name = "HOW", default_value_t)]
    pub(crate) weights: Weights,

    /// How features are put on a scale, which is found on training samples only: none, standard (mean 0, deviation 1)
    /// or minmax (0 to 1)
    #[arg(long, value_name = "HOW", default_value_t)]
    pub(crate) scale: Scale,

    /// What is best: the greatest accuracy, balanced-accuracy (mean recall of the classes) or f1-macro
    #[arg(long, value_name = "METRIC", default_value_t)]
    pub(crate) metric: Metric,

    /// Which samples test, the others train: every:N for each N-th from the first on, kfold:K for K stratified folds in
    /// turn, kfold:KxREPEATS, holdout:ROWS for all after so many rows
    ///
    /// After kfold:K, `:plain` deals samples out whatever their class, and `:seed=N` shuffles them in another way.
    #[arg(long, value_name = "RULE", default_value_t)]
    pub(crate) split: Split,

    /// Decides how kfold shuffles; the same seed gives the same folds
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Table of the samples that test; those of FILE all train
    #[arg(long, value_name = "FILE", conflicts_with_all = ["split", "seed"])]
    pub(crate) test: Option<PathBuf>,

    /// Columns to compare, by name or by number, such as 1,3-5,width; the file's first is 1, and the class's column
    /// counts too, in the order of the file whatever that of the list [default: all but the class]
    #[arg(long, value_name = "LIST")]
    pub(crate) features: Option<FeatureList>,

    /// Columns to leave out, by name or by number, as for --features
    #[arg(long, value_name = "LIST")]
    pub(crate) drop: Option<FeatureList>,

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

    /// Draw a heat map of the grid into a file that ends with .svg or .png
    #[arg(long, value_name = "FILE")]
    pub(crate) plot: Option<PlotFile>,

    /// Save the best k and distance, and what it takes to classify with them, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,

    /// Compute every distance, even where a lower bound shows that it cannot matter: slower, with the same results
    #[arg(long)]
    pub(crate) no_prune: bool,
}

/// Options that do not go together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum ArgsError {
    #[error("--seed has no effect with --split {split}; give --split kfold:K, or leave it out")]
    Seed { split: Split },
    #[error("standard input can be read once only; give a file for FILE or for --test")]
    OneInput,
    #[error("--save needs samples that can be read again, not standard input; give a file")]
    SaveOfInput,
    #[error("{option} {} is read as well, or written twice; give another file", path.display())]
    Overwritten { option: &'static str, path: PathBuf },
    #[error("--save writes a file, not standard output; give its name")]
    SaveToOutput,
}

impl TuneArgs {
    /// The cells to score.
    pub(crate) fn grid(&self) -> Grid {
        Grid {
            ks: self.k.0.clone(),
            distances: self.distance.0.clone(),
        }
    }

    /// Looks for options that do not go together.
    ///
    /// # Errors
    /// [`ArgsError`] naming them.
    pub(crate) fn check(&self) -> Result<(), ArgsError> {
        let is_input = |path: &Option<PathBuf>| path.as_deref() == Some(Path::new("-"));
        match self.split {
            Split::KFold(_) => {}
            split if self.seed.is_some() => return Err(ArgsError::Seed { split }),
            _ => {}
        }
        if is_input(&self.file) && is_input(&self.test) {
            return Err(ArgsError::OneInput);
        }
        if self.save.is_some() && (is_input(&self.file) || is_input(&self.test)) {
            return Err(ArgsError::SaveOfInput);
        }
        if is_input(&self.save) {
            return Err(ArgsError::SaveToOutput);
        }
        self.check_outputs()
    }

    /// Makes sure that nothing that is read is overwritten.
    fn check_outputs(&self) -> Result<(), ArgsError> {
        let absolute = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let read = [&self.file, &self.test, &self.labels];
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

    /// Reads the table that was named, or the shipped one, with the features that were chosen; and how its cells are
    /// to be scored.
    ///
    /// # Errors
    /// [`TableError`] naming the place and what was expected.
    pub(crate) fn read(&self) -> anyhow::Result<(Table, Terms)> {
        let reading = self.reading();
        let table = match &self.file {
            Some(path) => Table::read(path, &reading)?,
            None if self.labels.is_some() => return Err(TableError::NoSamples.into()),
            None => Table::parse(iris::NAME, iris::BYTES, &reading)?,
        };
        let Some(path) = &self.test else {
            return self.choose(table, self.seeded());
        };
        let reading = Reading {
            // Those given are the training samples' own.
            labels: None,
            ..reading
        };
        let (both, training) = table.append(Table::read(path, &reading)?)?;
        let training = u32::try_from(training).unwrap_or(u32::MAX);
        self.choose(both, Split::HoldOut { training })
    }

    /// The same of a table that did not come from a file.
    ///
    /// # Errors
    /// [`TableError`] as for [`read`](Self::read).
    pub(crate) fn read_text(&self, name: &str, text: &[u8]) -> anyhow::Result<(Table, Terms)> {
        let table = Table::parse(name, text, &self.reading())?;
        self.choose(table, self.seeded())
    }

    fn reading(&self) -> Reading {
        Reading {
            header: self.header,
            label: self.label.clone(),
            labels: self.labels.clone(),
        }
    }

    fn seeded(&self) -> Split {
        let mut split = self.split;
        if let (Split::KFold(kfold), Some(seed)) = (&mut split, self.seed) {
            kfold.seed = seed;
        }
        split
    }

    fn choose(&self, table: Table, split: Split) -> anyhow::Result<(Table, Terms)> {
        let table = table.select(self.features.as_ref(), self.drop.as_ref())?;
        let terms = Terms {
            split,
            scale: self.scale,
            weights: self.weights,
            is_plain: self.no_prune,
        };
        Ok((table, terms))
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
        let (table, _) = args.read().unwrap();
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
        let (table, terms) = args.read().unwrap();
        assert_eq!((table.width, table.column(1)), (2, 4));
        assert_eq!(terms.split.to_string(), "kfold:5x2:seed=7");
        assert!(terms.is_plain);
    }
}
