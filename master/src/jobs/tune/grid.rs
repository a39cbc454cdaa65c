//! The cells to score, and how people write them.

use std::{collections::HashSet, str::FromStr};

use brigade_protocol::jobs::tune::{Distance, DistanceError};
use thiserror::Error;

/// More values than anybody means.
const MOST_VALUES: usize = 1_000_000;

/// Every k with every distance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grid {
    /// The ks in the order given, none twice, none 0.
    pub(crate) ks: Vec<u32>,
    /// The distances in the order given, none twice.
    pub(crate) distances: Vec<Distance>,
}

impl Grid {
    /// Number of cells.
    pub(crate) fn cells(&self) -> usize {
        self.ks.len() * self.distances.len()
    }
}

/// Why a text is no list of ks or distances.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum GridError {
    #[error("expected a number, or START:STOP or START:STOP:STEP as in 1:41:2, found `{text}`")]
    NotARange { text: String },
    #[error("the step in `{text}` is 0; give one that leads from START to STOP")]
    NoStep { text: String },
    #[error("`{text}` holds no number: it starts at or beyond its stop, which is exclusive")]
    EmptyRange { text: String },
    #[error("k must be from 1 to 4294967295, found {k}")]
    OutOfRange { k: i64 },
    #[error("more than {MOST_VALUES} values for k; give a larger step")]
    TooMany,
    #[error("{value} is repeated; give each value once")]
    Repeated { value: String },
    #[error(transparent)]
    Distance(#[from] DistanceError),
}

/// The ks of a grid: numbers and ranges, separated by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ks(pub(crate) Vec<u32>);

impl FromStr for Ks {
    type Err = GridError;

    fn from_str(text: &str) -> Result<Self, GridError> {
        let (mut ks, mut seen) = (Vec::new(), HashSet::new());
        for part in text.split(',') {
            for k in Range::parse(part.trim())?.values() {
                let k = u32::try_from(k)
                    .ok()
                    .filter(|&k| k > 0)
                    .ok_or(GridError::OutOfRange { k })?;
                if !seen.insert(k) {
                    return Err(GridError::Repeated {
                        value: format!("k {k}"),
                    });
                }
                if ks.len() == MOST_VALUES {
                    return Err(GridError::TooMany);
                }
                ks.push(k);
            }
        }
        Ok(Self(ks))
    }
}

/// Python's `range(start, stop, step)`.
struct Range {
    start: i64,
    end: i64,
    step: i64,
}

impl Range {
    fn parse(text: &str) -> Result<Self, GridError> {
        let wrong = || GridError::NotARange {
            text: text.to_owned(),
        };
        let numbers: Vec<i64> = text
            .split(':')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|_| wrong())?;
        let (start, end, step) = match numbers[..] {
            [only] => {
                return Ok(Self {
                    start: only,
                    end: only.saturating_add(1),
                    step: 1,
                });
            }
            [start, end] => (start, end, 1),
            [start, end, step] => (start, end, step),
            _ => return Err(wrong()),
        };
        match step {
            0 => Err(GridError::NoStep {
                text: text.to_owned(),
            }),
            1.. if start < end => Ok(Self { start, end, step }),
            ..0 if start > end => Ok(Self { start, end, step }),
            _ => Err(GridError::EmptyRange {
                text: text.to_owned(),
            }),
        }
    }

    fn values(&self) -> impl Iterator<Item = i64> {
        let Self { start, end, step } = *self;
        let before_stop = move |value: &i64| {
            if step > 0 { *value < end } else { *value > end }
        };
        std::iter::successors(Some(start), move |value| value.checked_add(step))
            .take_while(before_stop)
    }
}

/// The distances of a grid, separated by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Distances(pub(crate) Vec<Distance>);

impl FromStr for Distances {
    type Err = GridError;

    fn from_str(text: &str) -> Result<Self, GridError> {
        let mut distances = Vec::new();
        for name in text.split(',') {
            let distance: Distance = name.trim().parse()?;
            if distances.contains(&distance) {
                return Err(GridError::Repeated {
                    value: format!("distance {distance}"),
                });
            }
            distances.push(distance);
        }
        Ok(Self(distances))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ks_are_read_as_python_ranges_and_lists() {
        let ks = |text: &str| text.parse::<Ks>().unwrap().0;
        assert_eq!(ks("1:41:2"), (1..41).step_by(2).collect::<Vec<_>>());
        assert_eq!(ks("1:4"), [1, 2, 3]);
        assert_eq!(ks("9:1:-4"), [9, 5]);
        assert_eq!(ks("5, 1,3"), [5, 1, 3]);
        assert_eq!(ks("1:6:2,20"), [1, 3, 5, 20]);
    }

    #[test]
    fn nonsense_is_named() {
        for (text, expected) in [
            ("", "found ``"),
            ("x", "found `x`"),
            ("1:2:3:4", "found `1:2:3:4`"),
            ("1:9:0", "the step in `1:9:0` is 0"),
            ("9:1", "`9:1` holds no number"),
            ("0:5", "k must be from 1 to 4294967295, found 0"),
            ("-3", "k must be from 1 to 4294967295, found -3"),
            (
                "4294967296",
                "k must be from 1 to 4294967295, found 4294967296",
            ),
            ("1,3,1", "k 1 is repeated"),
            ("1:5,4", "k 4 is repeated"),
            ("1:9223372036854775807", "more than 1000000 values"),
        ] {
            let error = text.parse::<Ks>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let repeated = "SD,braycurtis".parse::<Distances>().unwrap_err();
        assert_eq!(
            repeated.to_string(),
            "distance SD is repeated; give each value once"
        );
    }
}
