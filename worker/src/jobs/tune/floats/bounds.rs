//! How far a sum in f32 is from the distance that the plain formula computes in f64.
//!
//! Features are multiplied by a power of two, `scale`, that makes all of them less than 1 in magnitude; that is exact
//! but for underflow. Let u = 2⁻²⁴, n the number of features (at most 2¹⁴, so that nu ≤ 2⁻¹⁰), A and B scaled
//! features, a and b the same rounded to f32.
//!
//! * **Conversion.** |a−A| ≤ 2⁻²⁵, as for all numbers up to 1, so |a−b| is within u of |A−B|. Hence Σ|a−b| is within
//!   nu of Σ|A−B|, max |a−b| within u of max |A−B|, and, by the triangle inequality, √Σ(a−b)² within √n·u of √Σ(A−B)².
//!   That is `conversion` below.
//! * **Arithmetic.** All terms are positive, so that roundings only multiply: a term of Σ|a−b| is rounded once when it
//!   is subtracted and at most n times when it is added, in whatever order; one of Σ(a−b)² twice more and once when
//!   multiplied; one of max |a−b| once. After m roundings, the value V is within a factor of 1 ± mu/(1−mu)
//!   of what it stands for, and with m = n+4, g = 1.01(n+4)u is more than that. That is `rounding`.
//! * **The plain formula** has the same roundings with 2⁻⁵³, and a division or a root: its distance is within a factor
//!   of 1 ± e of the true one, e = (n+16)·2⁻⁵¹, which leaves room for the few operations here. That is `plain`.
//! * **Underflow.** Squares in f32 lose at most n·2⁻¹⁴⁹, of which the root is below 2⁻⁶⁷. In f64, with the largest
//!   feature between 2⁻³⁰⁰ and 2³⁰⁰, products lose n·2⁻¹⁰⁷⁴ before the root and the scale, so below 2⁻²⁰⁰ after
//!   them. All that, and subnormal features, is less than [`TINY`], which is added to `conversion`.
//!
//! So for the distance D of the plain formula, S = D·scale and c = `conversion`:
//!
//! | | upper bound of D·scale | V of a row with a distance up to D is at most |
//! | --- | --- | --- |
//! | MD, CD | (V/(1−g) + c)(1+e) | (S(1+2e) + c)(1+g) |
//! | ED | (√(V/(1−g)) + c)(1+e) | (S(1+2e) + c)²(1+g) |
//! | SD | (V/(1−g) + c)/t · (1+e) | (D·t(1+2e) + c)(1+g) |
//!
//! For SD, t is the sum of all features of both rows, none of them negative, so that D is at most 1+e. It is summed up
//! in f64 and that of the training row rounded to f32; that is a factor of 1 ± u, and what V is compared with is computed
//! in f32 with two roundings more: [`LOOSE`] is more than these.

use brigade_protocol::jobs::tune::Distance;

use super::kernels::{Reach, Sum};

/// 2⁻²⁴, what rounding to f32 may change at most, relative to the result.
const UNIT: f64 = f32::EPSILON as f64 / 2.0;

/// More than underflow can take away.
const TINY: f64 = 1e-18;

/// More than what four roundings to f32 change.
const LOOSE: f64 = 1.0 + 8.0 * UNIT;

/// More than any SD of rows without negative features.
const LARGEST_SHARE: f64 = 2.0;

/// Totals below this say nothing of the share: subnormal numbers may be among what they are made of.
const LEAST_TOTAL: f64 = 1e-9;

/// The distances that are computed this way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Euclidean,
    Manhattan,
    Chebyshev,
    Sorensen,
}

impl Measure {
    pub(super) fn of(distance: Distance) -> Option<Self> {
        match distance {
            Distance::Euclidean => Some(Self::Euclidean),
            Distance::Manhattan => Some(Self::Manhattan),
            Distance::Chebyshev => Some(Self::Chebyshev),
            Distance::Sorensen => Some(Self::Sorensen),
            _ => None,
        }
    }

    /// What is summed up in f32.
    pub(super) fn sum(self) -> Sum {
        match self {
            Self::Euclidean => Sum::Squares,
            Self::Chebyshev => Sum::Largest,
            Self::Manhattan | Self::Sorensen => Sum::Absolute,
        }
    }
}

/// The bounds of one distance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    measure: Measure,
    scale: f64,
    conversion: f64,
    rounding: f64,
    plain: f64,
}

impl Bounds {
    pub(super) fn new(measure: Measure, width: usize, scale: f64) -> Self {
        let features = width as f64;
        let terms = match measure {
            Measure::Euclidean => features.sqrt(),
            Measure::Manhattan | Measure::Sorensen => features,
            Measure::Chebyshev => 1.0,
        };
        let roundings = match measure {
            Measure::Chebyshev => 1.0,
            _ => features,
        };
        Self {
            measure,
            scale,
            conversion: (terms * UNIT).mul_add(1.0 + 1e-9, TINY),
            rounding: 1.01 * (roundings + 4.0) * UNIT,
            plain: (features + 16.0) * 2.0 * f64::EPSILON,
        }
    }

    pub(super) fn measure(&self) -> Measure {
        self.measure
    }

    /// What the distance is at most; `total` is the sum of all features of both rows, scaled.
    pub(super) fn upper(&self, value: f32, total: f64) -> f64 {
        let value = f64::from(value) / (1.0 - self.rounding);
        let plain = 1.0 + self.plain;
        match self.measure {
            Measure::Euclidean => (value.sqrt() + self.conversion) / self.scale * plain,
            Measure::Manhattan | Measure::Chebyshev => {
                (value + self.conversion) / self.scale * plain
            }
            Measure::Sorensen if total < LEAST_TOTAL => LARGEST_SHARE,
            Measure::Sorensen => (value + self.conversion) / total * plain * LOOSE,
        }
    }

    /// What the value of a row is at most if its distance is at most `limit`; `total` is the sum of the features of
    /// the testing sample, scaled.
    pub(super) fn reach(&self, limit: f64, total: f64) -> Reach {
        let (plain, rounding) = (1.0 + 2.0 * self.plain, 1.0 + self.rounding);
        let scaled = (limit * self.scale).mul_add(plain, self.conversion);
        match self.measure {
            Measure::Euclidean => Reach::constant(scaled * scaled * rounding),
            Measure::Manhattan | Measure::Chebyshev => Reach::constant(scaled * rounding),
            Measure::Sorensen => {
                let factor = limit.min(LARGEST_SHARE) * plain * rounding;
                let constant = total.mul_add(factor, self.conversion * rounding);
                Reach::new(constant * LOOSE, factor * LOOSE)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::super::tile::{Extent, narrowed};
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn the_distance_is_within_its_bounds(
            pairs in vec(prop_oneof![
                (0.0..1.0, 0.0..1.0),
                (0.0..1e9, 0.0..1e-9),
                (0..9_u8, 0..9_u8).prop_map(|(a, b)| (f64::from(a) / 10.0, f64::from(b) / 10.0)),
                (0.0..1.0).prop_map(|a: f64| (a, a.next_up())),
                (0.0..1e-200, 0.0..1e-200),
            ], 1..100),
        ) {
            let (one, other): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
            let Some(scale) = Extent::default().with(&one).with(&other).scale() else { return Ok(()) };
            let narrow = |row: &[f64]| row.iter().map(|x| narrowed(*x, scale)).collect::<Vec<f32>>();
            let (a, b) = (narrow(&one), narrow(&other));
            let apart = || a.iter().zip(&b).map(|(a, b)| (a - b).abs());
            let plain = || pairs.iter().map(|(a, b)| (a - b).abs());
            let absolute = plain().fold(0.0, |sum, x| sum + x);
            let total = pairs.iter().fold(0.0, |sum, (a, b)| sum + (a + b));
            let cases = [
                (Measure::Euclidean, apart().fold(0.0, |sum, x| sum + x * x), plain().fold(0.0, |sum, x| sum + x * x).sqrt()),
                (Measure::Manhattan, apart().fold(0.0, |sum, x| sum + x), absolute),
                (Measure::Chebyshev, apart().fold(0.0, f32::max), plain().fold(0.0, f64::max)),
                (Measure::Sorensen, apart().fold(0.0, |sum, x| sum + x), super::super::super::kernel::sorensen(absolute, total)),
            ];
            let known = narrowed(other.iter().sum(), scale);
            let own = one.iter().sum::<f64>() * scale;
            for (measure, value, distance) in cases {
                let bounds = Bounds::new(measure, one.len(), scale);
                prop_assert!(distance <= bounds.upper(value, own + f64::from(known)), "{measure:?}");
                prop_assert!(bounds.reach(distance, own).holds(value, known), "{measure:?}");
            }
        }
    }
}
