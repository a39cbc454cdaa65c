//! The arithmetic of the distances. The lanes of a tile are testing samples, so that the compiler computes
//! several at once while each one's sum still grows in the order of the features: the results are those of the
//! plain formula to the last bit.

use brigade_protocol::jobs::tune::{Distance, TILE_ROWS};

/// Testing samples computed side by side.
pub(super) const LANES: usize = TILE_ROWS as usize;

/// One number for each testing sample of a tile.
pub(super) type Lanes = [f64; LANES];

/// What is summed up in one pass over the features, and the distances that follow from it.
pub(super) trait Kernel {
    /// The sums of a tile, zero at the start.
    type Sums: Default;
    /// The distances that one pass yields.
    const DISTANCES: &'static [Distance];

    /// Takes one feature of the testing samples and of one training row into the sums.
    fn add(sums: &mut Self::Sums, queries: &Lanes, feature: f64);

    /// The distances of kind `DISTANCES[which]`. Neither NaN nor negative zero is among them.
    fn distances(sums: &Self::Sums, which: usize) -> Lanes;
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

impl Kernel for Squares {
    type Sums = Lanes;
    const DISTANCES: &'static [Distance] = &[Distance::Euclidean];

    #[inline]
    fn add(sums: &mut Lanes, queries: &Lanes, feature: f64) {
        for (sum, query) in sums.iter_mut().zip(queries) {
            let difference = query - feature;
            *sum += difference * difference;
        }
    }

    /// The root is taken before comparing: different sums may have the same root, and then tie.
    #[inline]
    fn distances(sums: &Lanes, _which: usize) -> Lanes {
        sums.map(f64::sqrt)
    }
}

impl Kernel for Absolute {
    type Sums = Lanes;
    const DISTANCES: &'static [Distance] = &[Distance::Manhattan];

    #[inline]
    fn add(sums: &mut Lanes, queries: &Lanes, feature: f64) {
        for (sum, query) in sums.iter_mut().zip(queries) {
            *sum += (query - feature).abs();
        }
    }

    #[inline]
    fn distances(sums: &Lanes, _which: usize) -> Lanes {
        *sums
    }
}

impl Kernel for Largest {
    type Sums = Lanes;
    const DISTANCES: &'static [Distance] = &[Distance::Chebyshev];

    #[inline]
    fn add(sums: &mut Lanes, queries: &Lanes, feature: f64) {
        for (sum, query) in sums.iter_mut().zip(queries) {
            let difference = (query - feature).abs();
            // Not f64::max, whose care for NaN costs a comparison: differences of finite numbers are none.
            *sum = if difference > *sum { difference } else { *sum };
        }
    }

    #[inline]
    fn distances(sums: &Lanes, _which: usize) -> Lanes {
        *sums
    }
}

impl Kernel for Share {
    type Sums = [Lanes; 2];
    const DISTANCES: &'static [Distance] = &[Distance::Sorensen];

    #[inline]
    fn add(sums: &mut [Lanes; 2], queries: &Lanes, feature: f64) {
        AbsoluteAndTotal::add(sums, queries, feature);
    }

    #[inline]
    fn distances(sums: &[Lanes; 2], _which: usize) -> Lanes {
        std::array::from_fn(|lane| sorensen(sums[0][lane], sums[1][lane]))
    }
}

impl Kernel for AbsoluteAndTotal {
    type Sums = [Lanes; 2];
    const DISTANCES: &'static [Distance] = &[Distance::Manhattan, Distance::Sorensen];

    #[inline]
    fn add([absolute, total]: &mut [Lanes; 2], queries: &Lanes, feature: f64) {
        for ((absolute, total), query) in absolute.iter_mut().zip(total).zip(queries) {
            *absolute += (query - feature).abs();
            *total += query + feature;
        }
    }

    #[inline]
    fn distances(sums: &[Lanes; 2], which: usize) -> Lanes {
        if which == 0 {
            sums[0]
        } else {
            Share::distances(sums, 0)
        }
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

    fn distance<K: Kernel>(which: usize) -> f64 {
        let (unknown, known) = ([5.1, 3.5, 1.4, 0.2], [7.9, 3.2, 4.7, 1.4]);
        let mut sums = K::Sums::default();
        for (&query, &feature) in unknown.iter().zip(&known) {
            K::add(&mut sums, &[query; LANES], feature);
        }
        let lanes = K::distances(&sums, which);
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
        near(distance::<Largest>(0), 3.3);
        near(distance::<Squares>(0), 4.501_110_97);
        near(distance::<Absolute>(0), 7.6);
        near(distance::<AbsoluteAndTotal>(0), 7.6);
        near(distance::<Share>(0), 0.277_372_262_7);
        near(distance::<AbsoluteAndTotal>(1), 0.277_372_262_7);
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
