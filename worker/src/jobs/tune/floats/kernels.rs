//! What the kernels are given, and what all of them must yield: the tests here hold for each level of instructions.
//!
//! Sixteen rows lie side by side, feature after feature, so that each sum grows in a lane of its own.

/// Rows side by side.
pub(in super::super) const LANES: usize = 16;

/// One feature of sixteen rows, on a cache line.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Lanes(pub(in super::super) [f32; LANES]);

impl Lanes {
    pub(super) const ZEROS: Self = Self([0.0; LANES]);
}

/// Rows in groups of sixteen, each group of `width` lanes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Groups<'a> {
    pub(in super::super) lanes: &'a [Lanes],
    pub(in super::super) width: usize,
}

/// What is summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sum {
    /// Σ(a−b)²
    Squares,
    /// Σ|a−b|
    Absolute,
    /// max |a−b|
    Largest,
}

/// The same, known to the compiler.
pub(super) const SQUARES: u8 = 0;
pub(super) const ABSOLUTE: u8 = 1;
pub(super) const LARGEST: u8 = 2;

/// What the value of a row must be at most to matter: a constant, and a part of the row's total.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    pub(super) constant: f32,
    pub(super) factor: f32,
}

impl Reach {
    /// Both are rounded up.
    #[expect(clippy::cast_possible_truncation, reason = "rounded, and then up")]
    pub(super) fn new(constant: f64, factor: f64) -> Self {
        Self {
            constant: (constant as f32).next_up(),
            factor: (factor as f32).next_up(),
        }
    }

    /// Whatever the row's total.
    #[expect(clippy::cast_possible_truncation, reason = "rounded, and then up")]
    pub(super) fn constant(constant: f64) -> Self {
        Self {
            constant: (constant as f32).next_up(),
            factor: 0.0,
        }
    }

    #[inline]
    pub(super) fn holds(self, value: f32, total: f32) -> bool {
        value <= total * self.factor + self.constant
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::super::super::bytes::Level;
    use super::*;

    proptest! {
        #[test]
        fn sums_are_those_of_the_rows(
            (groups, queries) in (1..40_usize, 1..6_usize).prop_flat_map(|(width, groups)| (
                vec(prop::array::uniform16(-1.0..1.0_f32).prop_map(Lanes), width * groups),
                prop::array::uniform4(vec(-1.0..1.0_f32, width)),
            )),
        ) {
            let width = queries[0].len();
            let rows = groups.len() / width * LANES;
            for level in Level::all() {
                for sum in [Sum::Squares, Sum::Absolute, Sum::Largest] {
                    let mut out = vec![vec![7.0; rows]; 4];
                    let [a, b, c, d] = &mut out[..] else { unreachable!() };
                    level.float_sums(sum, Groups { lanes: &groups, width }, queries.each_ref().map(Vec::as_slice), [a, b, c, d]);
                    for (query, out) in queries.iter().zip(&out) {
                        for (row, found) in out.iter().enumerate() {
                            let group = &groups[row / LANES * width..][..width];
                            let apart = group.iter().zip(query).map(|(lanes, x)| f64::from(lanes.0[row % LANES]) - f64::from(*x));
                            let expected = match sum {
                                Sum::Squares => apart.map(|x| x * x).sum::<f64>(),
                                Sum::Absolute => apart.map(f64::abs).sum(),
                                Sum::Largest => apart.map(f64::abs).fold(0.0, f64::max),
                            };
                            prop_assert!((f64::from(*found) - expected).abs() <= expected * 1e-5, "{level:?} {sum:?}");
                        }
                    }
                }
            }
        }

        #[test]
        fn values_within_reach_are_found(
            values in vec((0..90_u8, 0..90_u8), 0..80), constant in 0..60_u8, factor in 0..3_u8,
        ) {
            let (values, totals): (Vec<f32>, Vec<f32>) = values.into_iter().map(|(v, t)| (f32::from(v), f32::from(t))).unzip();
            let reach = Reach { constant: f32::from(constant), factor: f32::from(factor) / 4.0 };
            let expected: Vec<u32> = (0..).zip(values.iter().zip(&totals)).filter(|(_, (v, t))| reach.holds(**v, **t)).map(|(at, _)| at).collect();
            for level in Level::all() {
                let mut out = vec![];
                level.float_within(&values, &totals, reach, &mut out);
                prop_assert_eq!(&out, &expected, "{:?}", level);
            }
        }
    }
}
