//! How far two samples are apart, and what the distances are called.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How far two samples are apart. With features a and b, summed in the order of the columns, in `f64`:
///
/// | | distance | names |
/// | --- | --- | --- |
/// | ED | √Σ(a−b)² | `euclidean` |
/// | MD | Σ\|a−b\| | `manhattan` |
/// | CD | max \|a−b\| | `chebyshev` |
/// | SD | Σ\|a−b\| ÷ Σ(a+b) | `sorensen`, `braycurtis`, `bray-curtis` (the same where no feature is negative) |
/// | COS | 1 − Σab ÷ √(Σa² Σb²), 1 where one of them is all zeros and 0 where both are | `cosine` |
/// | CAN | Σ\|a−b\| ÷ (\|a\|+\|b\|), without features of which both are 0 | `canberra` |
/// | HAM | share of the features that differ | `hamming` |
/// | L3 | (Σ\|a−b\|³)^⅓, and the same with any number above 0 up to 32 | `minkowski:3` |
///
/// ```
/// use brigade_protocol::jobs::tune::Distance;
///
/// assert_eq!("Bray-Curtis".parse(), Ok(Distance::Sorensen));
/// assert_eq!(Distance::Sorensen.to_string(), "SD");
/// assert_eq!("minkowski:1.5".parse::<Distance>().map(|distance| distance.to_string()), Ok("L1.5".into()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Distance {
    /// The straight line.
    Euclidean,
    /// The city block.
    Manhattan,
    /// The largest difference of any feature.
    Chebyshev,
    /// The city block as a share of what is there.
    Sorensen,
    /// The angle, whatever the lengths.
    Cosine,
    /// Each feature's difference as a share of what is there, summed.
    Canberra,
    /// How many features differ.
    Hamming,
    /// Between and beyond the city block (1), the straight line (2) and the largest difference (∞).
    Minkowski(Exponent),
}

/// The exponent of a Minkowski distance: above 0, up to 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "f64", try_from = "f64")]
pub struct Exponent(u64);

impl From<Exponent> for f64 {
    fn from(exponent: Exponent) -> Self {
        exponent.get()
    }
}

impl TryFrom<f64> for Exponent {
    type Error = &'static str;

    fn try_from(exponent: f64) -> Result<Self, Self::Error> {
        Self::new(exponent).ok_or("an exponent is above 0 and at most 32")
    }
}

impl Exponent {
    /// The largest exponent: the powers of ordinary differences do not leave the range of `f64`.
    pub const MOST: f64 = 32.0;

    /// `None` for what is not above 0 and up to [`MOST`](Self::MOST).
    #[must_use]
    pub fn new(exponent: f64) -> Option<Self> {
        (exponent > 0.0 && exponent <= Self::MOST).then_some(Self(exponent.to_bits()))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// A name that no distance has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "unknown distance `{name}`: expected ED (euclidean), MD (manhattan), CD (chebyshev), SD (sorensen, braycurtis), COS (cosine), CAN (canberra), HAM (hamming) or minkowski:P with P above 0 up to 32, such as minkowski:3"
)]
pub struct DistanceError {
    name: String,
}

impl Distance {
    /// The distances of the default grid, in its order.
    pub const ALL: [Self; 4] = [
        Self::Euclidean,
        Self::Manhattan,
        Self::Chebyshev,
        Self::Sorensen,
    ];

    /// The few letters that reports use.
    #[must_use]
    pub fn code(self) -> Cow<'static, str> {
        match self {
            Self::Euclidean => "ED".into(),
            Self::Manhattan => "MD".into(),
            Self::Chebyshev => "CD".into(),
            Self::Sorensen => "SD".into(),
            Self::Cosine => "COS".into(),
            Self::Canberra => "CAN".into(),
            Self::Hamming => "HAM".into(),
            Self::Minkowski(exponent) => format!("L{}", exponent.get()).into(),
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
        let lower = name.to_ascii_lowercase();
        let distance = match lower.as_str() {
            "ed" | "euclidean" => Some(Self::Euclidean),
            "md" | "manhattan" => Some(Self::Manhattan),
            "cd" | "chebyshev" => Some(Self::Chebyshev),
            "sd" | "sorensen" | "braycurtis" | "bray-curtis" => Some(Self::Sorensen),
            "cos" | "cosine" => Some(Self::Cosine),
            "can" | "canberra" => Some(Self::Canberra),
            "ham" | "hamming" => Some(Self::Hamming),
            other => other
                .strip_prefix("minkowski:")
                .or_else(|| other.strip_prefix('l'))
                .and_then(|exponent| Exponent::new(exponent.parse().ok()?))
                .map(Self::Minkowski),
        };
        distance.ok_or_else(|| DistanceError {
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for Distance {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known_in_any_case() {
        let more = ["cosine", "canberra", "hamming", "minkowski:0.5"];
        let more = more.map(|name| name.parse().unwrap());
        for distance in Distance::ALL.into_iter().chain(more) {
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
        for name in [
            "jaccard",
            "minkowski:0",
            "minkowski:-1",
            "minkowski:inf",
            "minkowski:33",
            "L",
            "Lx",
            "",
        ] {
            let error = name.parse::<Distance>().unwrap_err().to_string();
            assert!(
                error.contains(&format!("`{name}`"))
                    && Distance::ALL
                        .iter()
                        .all(|known| error.contains(&*known.code())),
                "{error}"
            );
        }
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
