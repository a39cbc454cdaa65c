//! Which rows test and which train: a rule that everybody works out alike, so that no list of rows is sent.

use std::{fmt, num::NonZeroU32, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::partition::Partition;

/// A rule that parts rows into a training set and a testing set, once or several times.
///
/// | text | partitions |
/// | --- | --- |
/// | `every:5` | 1: row n, counted from 0, tests when n % 5 == 0 |
/// | `holdout:120` | 1: rows from 120 on test |
/// | `kfold:5` | 5: each row tests in one of them; shuffled, each fold with its share of each class |
/// | `kfold:5x3` | 15: the same three times, shuffled anew |
/// | `kfold:5:seed=7:plain` | 5: another shuffle; classes are not looked at |
///
/// ```
/// use brigade_protocol::shm::Split;
///
/// let split: Split = "every:5".parse()?;
/// let partition = split.partition(0, &[0; 150]);
/// assert_eq!((partition.testing_count(), partition.training_count()), (30, 120));
/// assert_eq!((partition.testing_row(2), partition.training_row(4)), (10, 6));
///
/// let split: Split = "kfold:5x3".parse()?;
/// assert_eq!(split.partitions(), 15);
/// # Ok::<(), brigade_protocol::shm::SplitError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Split {
    /// Rows are numbered from 0; row `n` tests when `n % every == 0`, all others train.
    EveryNth(NonZeroU32),
    /// Rows before `training` train, all others test.
    HoldOut {
        /// How many rows train.
        training: u32,
    },
    /// Each row tests in one of the folds and trains in the others.
    KFold(KFold),
}

/// How rows are dealt out to folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KFold {
    /// Number of folds, at least 2.
    pub folds: u32,
    /// How often the whole is done, each time shuffled anew; at least 1.
    pub repeats: u32,
    /// Decides the shuffles.
    pub seed: u64,
    /// Whether each fold has its share of each class.
    pub is_stratified: bool,
}

/// The most partitions that a text may ask for: each is worked out and remembered.
const MOST_PARTITIONS: u32 = 10_000;

/// Why a text is not a split.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "unknown split `{text}`: expected every:N (such as every:5), holdout:ROWS, or kfold:K, kfold:KxREPEATS with :seed=N or :plain after it; N and K of 2 or more, and K times REPEATS of 10,000 at most"
)]
pub struct SplitError {
    text: String,
}

impl Default for Split {
    /// The chapter's: every fifth row tests.
    fn default() -> Self {
        const FIVE: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);
        Self::EveryNth(FIVE)
    }
}

impl Split {
    /// Every `nth` row tests; `None` for 0 and for 1, which would leave no row for training.
    #[must_use]
    pub fn every(nth: u32) -> Option<Self> {
        NonZeroU32::new(nth)
            .filter(|nth| nth.get() > 1)
            .map(Self::EveryNth)
    }

    /// Stratified folds; `None` for fewer than 2.
    #[must_use]
    pub fn kfold(folds: u32) -> Option<Self> {
        (folds > 1).then_some(Self::KFold(KFold {
            folds,
            repeats: 1,
            seed: 0,
            is_stratified: true,
        }))
    }

    /// How many partitions there are.
    #[must_use]
    pub const fn partitions(self) -> u32 {
        match self {
            Self::EveryNth(_) | Self::HoldOut { .. } => 1,
            Self::KFold(kfold) => kfold.folds.saturating_mul(kfold.repeats),
        }
    }

    /// How many of so many rows test in one of the partitions; the classes do not matter for that.
    #[must_use]
    pub fn testing_count(self, index: u32, rows: usize) -> usize {
        match self {
            Self::EveryNth(nth) => rows.div_ceil(nth.get() as usize),
            Self::HoldOut { training } => rows.saturating_sub(training as usize),
            Self::KFold(kfold) => {
                let folds = kfold.folds.max(1) as usize;
                // Rows are dealt out in turn, so the first folds have what is left over.
                rows / folds + usize::from((index as usize) % folds < rows % folds)
            }
        }
    }

    /// One of the partitions of the rows that have these classes.
    #[must_use]
    pub fn partition(self, index: u32, class_ids: &[u32]) -> Partition {
        match self {
            Self::EveryNth(nth) => Partition::every(nth, class_ids.len()),
            Self::HoldOut { training } => Partition::hold_out(training, class_ids.len()),
            Self::KFold(kfold) => Partition::fold(kfold, index, class_ids),
        }
    }
}

impl KFold {
    /// What follows `kfold:`.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let count = parts.next()?;
        let (folds, repeats) = count.split_once('x').unwrap_or((count, "1"));
        let mut kfold = Self {
            folds: folds.parse().ok().filter(|&folds| folds > 1)?,
            repeats: repeats.parse().ok().filter(|&repeats| repeats > 0)?,
            seed: 0,
            is_stratified: true,
        };
        kfold
            .folds
            .checked_mul(kfold.repeats)
            .filter(|&partitions| partitions <= MOST_PARTITIONS)?;
        for part in parts {
            match part.split_once('=') {
                Some(("seed", seed)) => kfold.seed = seed.parse().ok()?,
                None if part == "plain" => kfold.is_stratified = false,
                _ => return None,
            }
        }
        Some(kfold)
    }
}

impl FromStr for Split {
    type Err = SplitError;

    fn from_str(text: &str) -> Result<Self, SplitError> {
        let split = match text.split_once(':') {
            Some(("every", nth)) => nth.parse().ok().and_then(Self::every),
            Some(("holdout", rows)) => rows.parse().ok().map(|training| Self::HoldOut { training }),
            Some(("kfold", rest)) => KFold::parse(rest).map(Self::KFold),
            _ => None,
        };
        split.ok_or_else(|| SplitError {
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for Split {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EveryNth(nth) => write!(out, "every:{nth}"),
            Self::HoldOut { training } => write!(out, "holdout:{training}"),
            Self::KFold(kfold) => {
                write!(out, "kfold:{}", kfold.folds)?;
                if kfold.repeats > 1 {
                    write!(out, "x{}", kfold.repeats)?;
                }
                if kfold.seed > 0 {
                    write!(out, ":seed={}", kfold.seed)?;
                }
                if kfold.is_stratified {
                    Ok(())
                } else {
                    write!(out, ":plain")
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_partitions() {
        for text in [
            "every:3",
            "holdout:7",
            "holdout:90",
            "kfold:4x2",
            "kfold:7:plain",
        ] {
            let split: Split = text.parse().unwrap();
            for rows in 0..40 {
                let class_ids: Vec<u32> = (0..rows).map(|row| row % 3).collect();
                for index in 0..split.partitions() {
                    assert_eq!(
                        split.testing_count(index, class_ids.len()),
                        split.partition(index, &class_ids).testing_count(),
                        "{text}, {index}, {rows}"
                    );
                }
            }
        }
    }

    #[test]
    fn text_round_trips_and_nonsense_is_named() {
        for text in [
            "every:7",
            "holdout:0",
            "holdout:60000",
            "kfold:5",
            "kfold:10x3",
            "kfold:2:seed=9",
            "kfold:5x2:seed=18446744073709551615:plain",
        ] {
            assert_eq!(text.parse::<Split>().unwrap().to_string(), text);
        }
        for text in [
            "every:0",
            "every:1",
            "every:",
            "every:-5",
            "5",
            "",
            "kfold:1",
            "kfold:5x0",
            "kfold:5:x",
            "kfold:5:seed=",
            "holdout:",
            "holdout:-1",
            "kfold:65536x65536",
            "kfold:2x5001",
        ] {
            let error = text.parse::<Split>().unwrap_err();
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }
}
