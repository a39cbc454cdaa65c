//! The arithmetic of the distances. The lanes of a tile are testing samples, so that the compiler computes
//! several at once while each one's sum still grows in the order of the features: the results are those of the
//! plain formula to the last bit.

use brigade_protocol::jobs::tune::TILE_ROWS;

/// Testing samples computed side by side.
pub(super) const LANES: usize = TILE_ROWS as usize;

/// One number for each testing sample of a tile.
pub(super) type Lanes = [f64; LANES];

/// What is summed up in one pass over the features, and the distances that follow from it.
pub(super) trait Kernel {
    /// The sums of a tile, zero at the start.
    type Sums: Default;

    /// How many distances one pass yields.
    const DISTANCES: usize;

    /// Takes one feature of the testing samples and of one training row into the sums.
    fn add(&self, sums: &mut Self::Sums, queries: &Lanes, feature: f64);

    /// The distances of one kind. Neither NaN nor negative zero is among them.
    fn distances(&self, sums: &Self::Sums, which: usize) -> Lanes;
}

/// ED.
pub(super) struct Squares;
/// MD without SD.
pub(super) struct Absolute;
/// CD.
pub(super) struct Largest;
/// SD without MD.
pub(super) struct Share;
/// MD and SD.
pub(super) struct AbsoluteAndTotal;
/// COS.
pub(super) struct Angle;
/// CAN.
pub(super) struct Shares;
/// HAM, of so many features.
pub(super) struct Differing {
    pub(super) features: f64,
}
/// Minkowski.
pub(super) struct Powers {
    pub(super) exponent: f64,
}

/// A kernel of one distance with one sum a testing sample.
trait Single {
    /// The sum with one feature more.
    fn plus(&self, sum: f64, query: f64, feature: f64) -> f64;

    /// The distance that follows from the whole sum.
    #[inline]
    fn distance(&self, sum: f64) -> f64 {
        sum
    }
}

impl<K: Single> Kernel for K {
    type Sums = Lanes;
    const DISTANCES: usize = 1;

    #[inline]
    fn add(&self, sums: &mut Lanes, queries: &Lanes, feature: f64) {
        for (sum, query) in sums.iter_mut().zip(queries) {
            *sum = self.plus(*sum, *query, feature);
        }
    }

    #[inline]
    fn distances(&self, sums: &Lanes, _which: usize) -> Lanes {
        sums.map(|sum| self.distance(sum))
    }
}

impl Single for Squares {
    #[inline]
    fn plus(&self, sum: f64, query: f64, feature: f64) -> f64 {
        let difference = query - feature;
        sum + difference * difference
    }

    /// The root is taken before comparing: different sums may have the same root, and then tie.
    #[inline]
    fn distance(&self, sum: f64) -> f64 {
        sum.sqrt()
    }
}

impl Single for Absolute {
    #[inline]
    fn plus(&self, sum: f64, query: f64, feature: f64) -> f64 {
        sum + (query - feature).abs()
    }
}

impl Single for Largest {
    #[inline]
    fn plus(&self, sum: f64, query: f64, feature: f64) -> f64 {
        let difference = (query - feature).abs();
        // Not f64::max, whose care for NaN costs a comparison: differences of finite numbers are none.
        if difference > sum { difference } else { sum }
    }
}

impl Single for Shares {
    #[inline]
    fn plus(&self, sum: f64, query: f64, feature: f64) -> f64 {
        sum + canberra(query, feature)
    }
}

impl Single for Differing {
    #[inline]
    fn plus(&self, sum: f64, query: f64, feature: f64) -> f64 {
        sum + f64::from(u8::from(query != feature))
    }

    #[inline]
    fn distance(&self, sum: f64) -> f64 {
        sum / self.features
    }
}

impl Single for Powers {
    #[inline]
    fn plus(&self, sum: f64, query: f64, feature: f64) -> f64 {
        sum + (query - feature).abs().powf(self.exponent)
    }

    #[inline]
    fn distance(&self, sum: f64) -> f64 {
        sum.powf(1.0 / self.exponent)
    }
}

impl Kernel for Share {
    type Sums = [Lanes; 2];
    const DISTANCES: usize = 1;

    #[inline]
    fn add(&self, sums: &mut [Lanes; 2], queries: &Lanes, feature: f64) {
        AbsoluteAndTotal.add(sums, queries, feature);
    }

    #[inline]
    fn distances(&self, sums: &[Lanes; 2], _which: usize) -> Lanes {
        std::array::from_fn(|lane| sorensen(sums[0][lane], sums[1][lane]))
    }
}

impl Kernel for AbsoluteAndTotal {
    type Sums = [Lanes; 2];
    const DISTANCES: usize = 2;

    #[inline]
    fn add(&self, [absolute, total]: &mut [Lanes; 2], queries: &Lanes, feature: f64) {
        for ((absolute, total), query) in absolute.iter_mut().zip(total).zip(queries) {
            *absolute += (query - feature).abs();
            *total += query + feature;
        }
    }

    #[inline]
    fn distances(&self, sums: &[Lanes; 2], which: usize) -> Lanes {
        if which == 0 {
            sums[0]
        } else {
            Share.distances(sums, 0)
        }
    }
}

impl Kernel for Angle {
    /// Σab, Σa², Σb².
    type Sums = [Lanes; 3];
    const DISTANCES: usize = 1;

    #[inline]
    fn add(&self, [product, query_square, square]: &mut [Lanes; 3], queries: &Lanes, feature: f64) {
        for lane in 0..LANES {
            product[lane] += queries[lane] * feature;
            query_square[lane] += queries[lane] * queries[lane];
            square[lane] += feature * feature;
        }
    }

    #[inline]
    fn distances(&self, sums: &[Lanes; 3], _which: usize) -> Lanes {
        std::array::from_fn(|lane| cosine(sums[0][lane], sums[1][lane], sums[2][lane]))
    }
}

/// |a−b| ÷ (|a|+|b|), 0 where both are 0.
#[inline]
pub(super) fn canberra(one: f64, other: f64) -> f64 {
    let total = one.abs() + other.abs();
    if one == other {
        0.0
    } else if total.is_finite() {
        (one - other).abs() / total
    } else {
        (one * 0.5 - other * 0.5).abs() / (one.abs() * 0.5 + other.abs() * 0.5)
    }
}

/// 1 − Σab ÷ √(Σa² Σb²). Rounding may not make it negative, and where the sums overflow so that nothing is known, the
/// samples are as far apart as can be. Squares that vanish (of numbers below 1e-154) count as zeros.
#[inline]
pub(super) fn cosine(product: f64, square: f64, other_square: f64) -> f64 {
    if square == 0.0 || other_square == 0.0 {
        return if square == other_square { 0.0 } else { 1.0 };
    }
    // One root of the product, so that parallel rows of whole numbers are at 0 exactly; two where that would leave
    // the range of numbers.
    let squares = square * other_square;
    let lengths = if squares.is_normal() {
        squares.sqrt()
    } else {
        square.sqrt() * other_square.sqrt()
    };
    let angle = 1.0 - product / lengths;
    if angle.is_nan() {
        f64::INFINITY
    } else if angle > 0.0 {
        angle
    } else {
        0.0
    }
}

/// Σ|a−b| ÷ Σ(a+b). Two samples of zeros alone are the same, so 0 ÷ 0 is 0; where sums overflow and their
/// ratio is unknown, the samples are as far apart as can be. With a denominator of zero alone it is infinite,
/// and where negative features make the denominator negative, so is the distance: the formula as it stands.
#[inline]
pub(super) fn sorensen(absolute: f64, total: f64) -> f64 {
    if absolute == 0.0 {
        return 0.0;
    }
    let share = absolute / total;
    // Adding zero turns -0.0 (a finite sum over a negative infinity) into 0.0.
    if share.is_nan() {
        f64::INFINITY
    } else {
        share + 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance<K: Kernel>(kernel: &K, which: usize) -> f64 {
        let (unknown, known) = ([5.1, 3.5, 1.4, 0.2], [7.9, 3.2, 4.7, 1.4]);
        let mut sums = K::Sums::default();
        for (&query, &feature) in unknown.iter().zip(&known) {
            kernel.add(&mut sums, &[query; LANES], feature);
        }
        let lanes = kernel.distances(&sums, which);
        assert!(
            lanes
                .iter()
                .all(|lane| lane.to_bits() == lanes[0].to_bits())
        );
        lanes[0]
    }

    #[test]
    fn the_chapters_check_values() {
        let near = |found: f64, expected: f64| {
            assert!((found - expected).abs() < 1e-8, "{found} {expected}");
        };
        near(distance(&Largest, 0), 3.3);
        near(distance(&Squares, 0), 4.501_110_97);
        near(distance(&Absolute, 0), 7.6);
        near(distance(&AbsoluteAndTotal, 0), 7.6);
        near(distance(&Share, 0), 0.277_372_262_7);
        near(distance(&AbsoluteAndTotal, 1), 0.277_372_262_7);
    }

    #[test]
    fn the_other_distances_are_those_of_their_formulas() {
        let near = |found: f64, expected: f64| {
            assert!((found - expected).abs() < 1e-8, "{found} {expected}");
        };
        near(distance(&Angle, 0), 0.064_829_630_2);
        near(distance(&Shares, 0), 1.551_144_341_3);
        near(distance(&Differing { features: 4.0 }, 0), 1.0);
        near(distance(&Powers { exponent: 3.0 }, 0), 3.907_109_538_9);
        assert_eq!(
            [
                cosine(0.0, 0.0, 0.0),
                cosine(0.0, 0.0, 2.0),
                cosine(6.0, 2.0, 18.0)
            ],
            [0.0, 1.0, 0.0]
        );
        assert_eq!(cosine(f64::INFINITY, f64::INFINITY, 1.0), f64::INFINITY);
    }

    #[test]
    fn sorensen_is_never_nan() {
        for absolute in [0.0, 1.0, f64::INFINITY] {
            for total in [0.0, 1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
                let share = sorensen(absolute, total);
                assert!(
                    !share.is_nan() && (share != 0.0 || share.is_sign_positive()),
                    "{absolute} {total}"
                );
            }
        }
        assert_eq!(sorensen(0.0, 0.0).to_bits(), 0);
    }
}
