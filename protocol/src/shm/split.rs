//! Which rows test and which train: a rule over row numbers, never a list of rows.

use std::{fmt, num::NonZeroU32, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A rule that parts rows into a training set and a testing set. Positions in either set become row numbers,
/// and row numbers are judged, in constant time.
///
/// ```
/// use brigade_protocol::shm::Split;
///
/// let split: Split = "every:5".parse()?;
/// assert_eq!((split.testing_count(150), split.training_count(150)), (30, 120));
/// assert_eq!((split.testing_row(2), split.training_row(4)), (10, 6));
/// # Ok::<(), brigade_protocol::shm::SplitError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Split {
    /// Rows are numbered from 0; row `n` tests when `n % every == 0`, all others train.
    EveryNth(NonZeroU32),
}

/// Why a text is not a split.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown split `{text}`: expected every:N with N of 2 or more, such as every:5")]
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

    /// Whether this row is in the testing set.
    #[must_use]
    pub const fn is_testing(self, row: usize) -> bool {
        match self {
            Self::EveryNth(nth) => row.is_multiple_of(nth.get() as usize),
        }
    }

    /// How many of `rows` rows test.
    #[must_use]
    pub const fn testing_count(self, rows: usize) -> usize {
        match self {
            Self::EveryNth(nth) => rows.div_ceil(nth.get() as usize),
        }
    }

    /// How many of `rows` rows train.
    #[must_use]
    pub const fn training_count(self, rows: usize) -> usize {
        rows - self.testing_count(rows)
    }

    /// The row number of a position in the testing set. Meaningful for positions below
    /// [`testing_count`](Self::testing_count).
    #[must_use]
    pub const fn testing_row(self, position: usize) -> usize {
        match self {
            Self::EveryNth(nth) => position.saturating_mul(nth.get() as usize),
        }
    }

    /// The row number of a position in the training set. Meaningful for positions below
    /// [`training_count`](Self::training_count).
    #[must_use]
    pub const fn training_row(self, position: usize) -> usize {
        match self {
            // With `every:1` there is no training position; the divisor only has to exist.
            Self::EveryNth(nth) => match nth.get() as usize - 1 {
                0 => position,
                run => (position / run)
                    .saturating_mul(run + 1)
                    .saturating_add(1 + position % run),
            },
        }
    }
}

impl FromStr for Split {
    type Err = SplitError;

    fn from_str(text: &str) -> Result<Self, SplitError> {
        text.strip_prefix("every:")
            .and_then(|nth| nth.parse().ok())
            .and_then(Self::every)
            .ok_or_else(|| SplitError {
                text: text.to_owned(),
            })
    }
}

impl fmt::Display for Split {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EveryNth(nth) => write!(out, "every:{nth}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_enumerate_the_rows() {
        for nth in 1..9 {
            let split = Split::EveryNth(NonZeroU32::new(nth).unwrap());
            for rows in 0..50 {
                let testing: Vec<usize> = (0..split.testing_count(rows))
                    .map(|at| split.testing_row(at))
                    .collect();
                let training: Vec<usize> = (0..split.training_count(rows))
                    .map(|at| split.training_row(at))
                    .collect();
                let (expected_testing, expected_training): (Vec<usize>, Vec<usize>) =
                    (0..rows).partition(|row| row % nth as usize == 0);
                assert_eq!(
                    (testing, training),
                    (expected_testing, expected_training),
                    "{split} of {rows}"
                );
                assert!((0..rows).all(|row| split.is_testing(row) == (row % nth as usize == 0)));
            }
        }
    }

    #[test]
    fn text_round_trips_and_nonsense_is_named() {
        let split: Split = "every:7".parse().unwrap();
        assert_eq!(split.to_string(), "every:7");
        for text in [
            "every:0", "every:1", "every:", "every:-5", "5", "", "kfold:3",
        ] {
            let error = text.parse::<Split>().unwrap_err();
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }
}
