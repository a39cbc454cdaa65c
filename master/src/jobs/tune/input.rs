//! What is tuned, and how it is scored: all that decides about the result.

use std::{
    fs,
    panic::resume_unwind,
    path::{Path, PathBuf},
    thread,
};

use brigade_protocol::{
    jobs::tune::{Scale, Weights},
    shm::Split,
};
use clap::Args;
use thiserror::Error;

use super::{Distances, Grid, Ks, Metric, Terms};
use crate::table::{FeatureList, Header, Label, Reading, Table, TableError, iris};

// No doc comment: clap would take it for that of the command.
#[derive(Debug, Clone, Args)]
pub(crate) struct TuneInput {
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

    /// Compute every distance, even where a lower bound shows that it cannot matter: slower, with the same results
    #[arg(long)]
    pub(crate) no_prune: bool,
}

/// Options that do not go together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum InputError {
    #[error("--seed has no effect with --split {split}; give --split kfold:K, or leave it out")]
    Seed { split: Split },
    #[error("standard input can be read once only; give a file for FILE or for --test")]
    OneInput,
}

impl TuneInput {
    /// Looks for options that do not go together.
    ///
    /// # Errors
    /// [`InputError`] naming them.
    pub(crate) fn check(&self) -> Result<(), InputError> {
        match self.split {
            Split::KFold(_) => {}
            split if self.seed.is_some() => return Err(InputError::Seed { split }),
            _ => {}
        }
        if is_input(self.file.as_deref()) && is_input(self.test.as_deref()) {
            return Err(InputError::OneInput);
        }
        Ok(())
    }

    /// Whether samples come from standard input.
    pub(crate) fn reads_standard_input(&self) -> bool {
        is_input(self.file.as_deref()) || is_input(self.test.as_deref())
    }

    /// The cells to score.
    pub(crate) fn grid(&self) -> Grid {
        Grid {
            ks: self.k.0.clone(),
            distances: self.distance.0.clone(),
        }
    }

    /// Reads the table that was named, or the shipped one, with the features that were chosen; and how its cells are
    /// to be scored.
    ///
    /// # Errors
    /// [`TableError`] naming the place and what was expected.
    pub(crate) fn read(&self) -> anyhow::Result<(Table, Terms)> {
        let reading = self.reading();
        let Some(path) = &self.test else {
            return self.choose(self.read_main(&reading)?, self.seeded());
        };
        let of_test = Reading {
            // Those given are the training samples' own.
            labels: None,
            ..reading.clone()
        };
        // Files are read at the same time; what may never end is not begun before the other is there.
        let is_file = |path: &Path| fs::metadata(path).is_ok_and(|about| about.is_file());
        let (table, test) = if self.file.as_deref().is_none_or(is_file) && is_file(path) {
            thread::scope(|scope| {
                let read_test = || Table::read(path, &of_test);
                let helper = thread::Builder::new().spawn_scoped(scope, read_test);
                let table = self.read_main(&reading);
                let test = match helper {
                    Ok(helper) => helper.join().unwrap_or_else(|cause| resume_unwind(cause)),
                    // The system has no thread left.
                    Err(_) => read_test(),
                };
                (table, test)
            })
        } else {
            let table = self.read_main(&reading)?;
            (Ok(table), Table::read(path, &of_test))
        };
        let (both, training) = table?.append(test?)?;
        let training = u32::try_from(training).unwrap_or(u32::MAX);
        self.choose(both, Split::HoldOut { training })
    }

    fn read_main(&self, reading: &Reading) -> Result<Table, TableError> {
        match &self.file {
            Some(path) => Table::read(path, reading),
            None if self.labels.is_some() => Err(TableError::NoSamples),
            None => Table::parse(iris::NAME, iris::BYTES, reading),
        }
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

fn is_input(path: Option<&Path>) -> bool {
    path == Some(Path::new("-"))
}
