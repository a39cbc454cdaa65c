//! Training rows in f32, sixteen side by side, and what scale makes them fit.

use brigade_protocol::shm::Samples;

use super::{
    super::prepared::Prepared,
    kernels::{Groups, LANES, Lanes},
};

/// Beyond 2 to the power of ± this, squares might overflow or vanish.
const MOST_EXPONENT: u64 = 300;
/// What is added to the exponent of an f64.
const BIAS: u64 = 1023;

/// The largest magnitude of some numbers, and whether one is below zero.
#[derive(Debug, Clone, Copy, Default)]
pub(in super::super) struct Extent {
    largest: f64,
    is_any_negative: bool,
}

impl Extent {
    /// Takes in a row.
    pub(super) fn with(self, row: &[f64]) -> Self {
        row.iter().fold(self, |extent, number| Self {
            // What is no number is too large.
            largest: if number.is_nan() {
                f64::INFINITY
            } else {
                extent.largest.max(number.abs())
            },
            is_any_negative: extent.is_any_negative || *number < 0.0,
        })
    }

    pub(super) fn is_any_negative(&self) -> bool {
        self.is_any_negative
    }

    /// The power of two that makes the largest less than 1 and no less than ½; `None` for what is too large or too
    /// small for the bounds.
    pub(super) fn scale(&self) -> Option<f64> {
        let exponent = self.largest.to_bits() >> 52;
        let is_usable = (BIAS - MOST_EXPONENT..BIAS + MOST_EXPONENT).contains(&exponent);
        is_usable.then(|| f64::from_bits((2 * BIAS - 1 - exponent) << 52))
    }
}

/// A feature on the scale, in f32.
#[expect(
    clippy::cast_possible_truncation,
    reason = "rounded, which the bounds allow for"
)]
pub(super) fn narrowed(feature: f64, scale: f64) -> f32 {
    (feature * scale) as f32
}

/// How many rows make a tile of about so many numbers: whole pairs of groups, and not too many.
pub(super) fn rows_for(numbers: usize, width: usize) -> usize {
    let groups = numbers / width.max(1) / (2 * LANES);
    groups.clamp(1, 16) * 2 * LANES
}

/// Some training rows.
#[derive(Debug)]
pub(super) struct Tile {
    width: usize,
    row: Vec<f64>,
    lanes: Vec<Lanes>,
    totals: Vec<f32>,
}

impl Tile {
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            row: vec![0.0; width],
            lanes: Vec::new(),
            totals: Vec::new(),
        }
    }

    /// Takes in the rows with these numbers, instead of those before.
    pub(super) fn fill(
        &mut self,
        prepared: &Prepared,
        samples: &Samples<'_>,
        numbers: &[u32],
        scale: f64,
    ) {
        let groups = numbers.len().div_ceil(LANES);
        // What is left of other rows in the lanes of missing ones is not looked at.
        self.lanes.resize(groups * self.width, Lanes::ZEROS);
        self.totals.clear();
        for (group, numbers) in self.lanes.chunks_mut(self.width).zip(numbers.chunks(LANES)) {
            for (lane, &number) in numbers.iter().enumerate() {
                prepared.fetch(samples, number as usize, &mut self.row);
                for (lanes, feature) in group.iter_mut().zip(&self.row) {
                    lanes.0[lane] = narrowed(*feature, scale);
                }
                self.totals
                    .push(narrowed(self.row.iter().sum::<f64>(), scale));
            }
        }
    }

    pub(super) fn groups(&self) -> Groups<'_> {
        Groups {
            lanes: &self.lanes,
            width: self.width,
        }
    }

    /// The sum of the features of each row, on the scale.
    pub(super) fn totals(&self) -> &[f32] {
        &self.totals
    }

    pub(super) fn len(&self) -> u32 {
        // A tile has few rows.
        u32::try_from(self.totals.len()).unwrap_or(u32::MAX)
    }

    /// The same up to whole groups.
    pub(super) fn padded(&self) -> usize {
        self.totals.len().next_multiple_of(LANES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_becomes_less_than_one() {
        for largest in [1.0, 0.999, 2.0, 255.0, -3.5, 1e80, 1e-80] {
            let scale = Extent::default().with(&[0.0, largest]).scale().unwrap();
            assert!((0.5..1.0).contains(&(largest * scale).abs()), "{largest}");
        }
        for unusable in [
            0.0,
            1e-100,
            1e100,
            f64::MAX,
            f64::INFINITY,
            f64::NAN,
            4e-323,
        ] {
            assert_eq!(Extent::default().with(&[unusable, 0.0]).scale(), None);
        }
    }
}
