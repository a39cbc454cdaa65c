//! `tune`: score every pair of k and distance of a grid by k-nearest-neighbour classification.
//!
//! The samples lie in shared memory and are never part of a task. One task scores a block of the testing set
//! for every k and for the distances that share one pass over the training set.

use std::{fmt, ops::Range, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use crate::shm::{Split, SplitError};

/// Under this name a pool shares the samples with its workers.
pub const SAMPLES: &str = "samples";

/// How far two samples are apart. With features a and b, summed in the order of the columns, in `f64`:
///
/// | | distance | names |
/// | --- | --- | --- |
/// | ED | √Σ(a−b)² | `euclidean` |
/// | MD | Σ\|a−b\| | `manhattan` |
/// | CD | max \|a−b\| | `chebyshev` |
/// | SD | Σ\|a−b\| ÷ Σ(a+b) | `sorensen`, `braycurtis`, `bray-curtis` (the same where no feature is negative) |
///
/// ```
/// use brigade_protocol::jobs::tune::Distance;
///
/// assert_eq!("Bray-Curtis".parse(), Ok(Distance::Sorensen));
/// assert_eq!(Distance::Sorensen.to_string(), "SD");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Distance {
    /// The straight line.
    #[serde(rename = "ED")]
    Euclidean,
    /// The city block.
    #[serde(rename = "MD")]
    Manhattan,
    /// The largest difference of any feature.
    #[serde(rename = "CD")]
    Chebyshev,
    /// The city block as a share of what is there.
    #[serde(rename = "SD")]
    Sorensen,
}

/// A name that no distance has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "unknown distance `{name}`: expected ED (euclidean), MD (manhattan), CD (chebyshev) or SD (sorensen, braycurtis)"
)]
pub struct DistanceError {
    name: String,
}

impl Distance {
    /// All distances, in the order of the default grid.
    pub const ALL: [Self; 4] = [
        Self::Euclidean,
        Self::Manhattan,
        Self::Chebyshev,
        Self::Sorensen,
    ];

    /// The two letters that reports use.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Euclidean => "ED",
            Self::Manhattan => "MD",
            Self::Chebyshev => "CD",
            Self::Sorensen => "SD",
        }
    }

    /// Groups distances by the pass over the training set that computes them: MD and SD need the same sums.
    ///
    /// ```
    /// use brigade_protocol::jobs::tune::Distance::{self, *};
    ///
    /// assert_eq!(Distance::passes(&[Sorensen, Euclidean, Manhattan]), [vec![Sorensen, Manhattan], vec![Euclidean]]);
    /// ```
    #[must_use]
    pub fn passes(distances: &[Self]) -> Vec<Vec<Self>> {
        let pass = |distance: Self| match distance {
            Self::Sorensen => Self::Manhattan,
            other => other,
        };
        let mut passes: Vec<Vec<Self>> = Vec::new();
        for &distance in distances {
            match passes
                .iter_mut()
                .find(|group| pass(group[0]) == pass(distance))
            {
                Some(group) => group.push(distance),
                None => passes.push(vec![distance]),
            }
        }
        passes
    }
}

impl FromStr for Distance {
    type Err = DistanceError;

    fn from_str(name: &str) -> Result<Self, DistanceError> {
        match name.to_ascii_lowercase().as_str() {
            "ed" | "euclidean" => Ok(Self::Euclidean),
            "md" | "manhattan" => Ok(Self::Manhattan),
            "cd" | "chebyshev" => Ok(Self::Chebyshev),
            "sd" | "sorensen" | "braycurtis" | "bray-curtis" => Ok(Self::Sorensen),
            _ => Err(DistanceError {
                name: name.to_owned(),
            }),
        }
    }
}

impl fmt::Display for Distance {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.code())
    }
}

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

/// The task: score a block of the testing set. Its kind is `tune.score`.
#[derive(Debug)]
pub struct ScoreBlock;

impl crate::Task for ScoreBlock {
    const KIND: &'static str = "tune.score";
    type Input = Input;
    type Output = Tally;
}

/// Testing samples that a worker computes side by side: a block of a multiple of this leaves no lane empty.
pub const TILE_ROWS: u32 = 8;

/// What one task scores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Which rows test and which train.
    pub split: Split,
    /// The distances to score; those of one pass together cost little more than one.
    pub distances: Vec<Distance>,
    /// Positions in the testing set (not row numbers).
    pub testing: Range<u32>,
    /// The ks to score, in any order.
    pub ks: Vec<u32>,
}

/// How one block did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Testing samples in the block.
    pub tested: u32,
    /// Testing samples that passed, for each distance of the input (outer) and each of its ks (inner).
    pub passed: Vec<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known_in_any_case() {
        for distance in Distance::ALL {
            assert_eq!(distance.code().parse(), Ok(distance));
            assert_eq!(distance.code().to_lowercase().parse(), Ok(distance));
        }
        for (name, distance) in [
            ("EUCLIDEAN", Distance::Euclidean),
            ("Manhattan", Distance::Manhattan),
            ("chebyshev", Distance::Chebyshev),
            ("sorensen", Distance::Sorensen),
            ("BrayCurtis", Distance::Sorensen),
            ("bray-curtis", Distance::Sorensen),
        ] {
            assert_eq!(name.parse(), Ok(distance), "{name}");
        }
        let error = "cosine".parse::<Distance>().unwrap_err().to_string();
        assert!(
            error.contains("`cosine`")
                && Distance::ALL
                    .iter()
                    .all(|known| error.contains(known.code())),
            "{error}"
        );
    }

    #[test]
    fn the_default_grid_takes_three_passes() {
        let passes = Distance::passes(&Distance::ALL);
        assert_eq!(
            passes,
            [
                vec![Distance::Euclidean],
                vec![Distance::Manhattan, Distance::Sorensen],
                vec![Distance::Chebyshev]
            ]
        );
    }
}
