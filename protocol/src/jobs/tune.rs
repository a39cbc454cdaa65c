//! `tune`: score every pair of k and distance of a grid by k-nearest-neighbour classification.
//!
//! The samples lie in shared memory and are never part of a task. One task classifies a block of the testing set
//! for every k and for the distances that share one pass over the training set.

mod distance;
mod rank;

use std::{fmt, ops::Range, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use crate::shm::{KFold, Partition, Split, SplitError};
pub use distance::{Distance, DistanceError, Exponent};
pub use rank::rank;

/// Under this name a pool shares the samples with its workers.
pub const SAMPLES: &str = "samples";

/// Testing samples that a worker computes side by side: a block of a multiple of this leaves no lane empty.
pub const TILE_ROWS: u32 = 8;

/// One cell of the grid, tested: how often a classification by the `k` nearest samples was right.
///
/// ```
/// use brigade_protocol::jobs::tune::{Distance, Hyperparameter};
///
/// let cell = Hyperparameter { k: 5, distance: Distance::Euclidean, passed: 29, tested: 30 };
/// assert_eq!(format!("{:.3}", cell.quality()), "0.967");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hyperparameter {
    /// How many neighbours vote.
    pub k: u32,
    /// What makes them near.
    pub distance: Distance,
    /// Testing samples that were classified correctly.
    pub passed: u64,
    /// Testing samples.
    pub tested: u64,
}

impl Hyperparameter {
    /// The share of testing samples that were classified correctly; 0 when none was tested.
    #[must_use]
    pub fn quality(&self) -> f64 {
        if self.tested == 0 {
            0.0
        } else {
            self.passed as f64 / self.tested as f64
        }
    }
}

/// Tables of bytes with more features than this are compared in `f64`, as other tables are: 32 bits hold the sums of
/// rows twice as wide, and no wider ones.
pub const WIDEST_BYTES: usize = 16_384;

/// How much each neighbour's vote counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weights {
    /// One vote each.
    #[default]
    Uniform,
    /// A neighbour at distance d has 1/d votes; where some are at distance 0, they alone vote, with one vote each.
    Distance,
}

/// How features are put on a scale before they are compared. What it takes is found on the training samples of the
/// partition alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// As they are.
    #[default]
    None,
    /// (x − mean) ÷ standard deviation (of the population, n in the denominator).
    Standard,
    /// (x − min) ÷ (max − min).
    MinMax,
}

/// A word that names no choice.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown {what} `{word}`: expected {expected}")]
pub struct ChoiceError {
    what: &'static str,
    word: String,
    expected: &'static str,
}

impl FromStr for Weights {
    type Err = ChoiceError;

    fn from_str(word: &str) -> Result<Self, ChoiceError> {
        match word {
            "uniform" => Ok(Self::Uniform),
            "distance" => Ok(Self::Distance),
            _ => Err(ChoiceError {
                what: "weights",
                word: word.to_owned(),
                expected: "uniform or distance",
            }),
        }
    }
}

impl fmt::Display for Weights {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Uniform => "uniform",
            Self::Distance => "distance",
        })
    }
}

impl FromStr for Scale {
    type Err = ChoiceError;

    fn from_str(word: &str) -> Result<Self, ChoiceError> {
        match word {
            "none" => Ok(Self::None),
            "standard" => Ok(Self::Standard),
            "minmax" => Ok(Self::MinMax),
            _ => Err(ChoiceError {
                what: "scale",
                word: word.to_owned(),
                expected: "none, standard or minmax",
            }),
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::None => "none",
            Self::Standard => "standard",
            Self::MinMax => "minmax",
        })
    }
}

/// The task: classify a block of the testing set. Its kind is `tune.score`.
#[derive(Debug)]
pub struct ScoreBlock;

impl crate::Task for ScoreBlock {
    const KIND: &'static str = "tune.score";
    type Input = Input;
    type Output = Tally;
}

/// What one task classifies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Which rows test and which train.
    pub split: Split,
    /// Which of the split's partitions.
    pub partition: u32,
    /// How features are put on a scale.
    pub scale: Scale,
    /// How neighbours vote.
    pub weights: Weights,
    /// The distances to score; those of one pass together cost little more than one.
    pub distances: Vec<Distance>,
    /// Positions in the testing set (not row numbers).
    pub testing: Range<u32>,
    /// The ks to score, in any order.
    pub ks: Vec<u32>,
    /// Whether distances that cannot matter may be left uncomputed. Changes nothing but speed.
    pub is_pruned: bool,
}

impl Input {
    /// How many classes the tally has to name.
    #[must_use]
    pub fn predictions(&self) -> usize {
        self.distances.len() * self.ks.len() * self.testing.len()
    }
}

/// How one block was classified.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// The id of the class that won, for each distance of the input (outermost), each of its ks, and each testing
    /// sample of the block (innermost).
    pub predicted: Vec<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_round_trip_and_others_are_named() {
        for word in ["uniform", "distance"] {
            assert_eq!(word.parse::<Weights>().unwrap().to_string(), word);
        }
        for word in ["none", "standard", "minmax"] {
            assert_eq!(word.parse::<Scale>().unwrap().to_string(), word);
        }
        assert_eq!(
            "max".parse::<Scale>().unwrap_err().to_string(),
            "unknown scale `max`: expected none, standard or minmax"
        );
        assert!("".parse::<Weights>().is_err());
    }
}
