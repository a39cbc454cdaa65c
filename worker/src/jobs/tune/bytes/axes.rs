//! Axes: directions along which the rows of a table vary most, and how far a row lies along each.
//!
//! They are found on a sample by subspace iteration, which is principal component analysis without the last digits,
//! and mixed so that each carries about as much as any other. Their numbers are rounded to bytes: then the places of
//! all rows are whole, the same on every processor, and the kernel of ED finds them. What rounding did to the axes is
//! measured, not estimated: two rows lie along all axes at most [`gain`](Axes::gain) times as far apart as they are.

use super::{
    TILE,
    kernels::{Interleaving, plain_words},
    level::Level,
};

/// How many. On MNIST 32 leave 5 % of the rows, 64 leave 1 %, before they are rounded.
pub(super) const AXES: usize = 64;

/// How often the sample pulls the axes towards where it varies most.
const PULLS: usize = 3;
/// Times that the matrix of the axes is squared to bound its largest eigenvalue.
const SQUARINGS: i32 = 5;
/// What f64 may have rounded away there, and much more.
const ROUNDED: f64 = 1e-9;

/// How far a row lies along each axis.
pub(super) type Places = [i32; AXES];

/// The axes, in bytes.
#[derive(Debug, Clone)]
pub(super) struct Axes {
    words: Vec<Vec<u32>>,
    width: usize,
    gain: f64,
}

impl Axes {
    /// Where the rows of a sample vary most.
    pub(super) fn choose(width: usize, sample: &[&[u8]]) -> Self {
        let centred = centred(width, sample);
        let step = (centred.len() / AXES).max(1);
        let mut axes: Vec<Vec<f32>> = centred.iter().step_by(step).take(AXES).cloned().collect();
        axes.resize(AXES, vec![0.0; width]);
        orthonormalise(&mut axes);
        for _ in 0..PULLS {
            for axis in &mut axes {
                *axis = pulled(axis, &centred);
            }
            orthonormalise(&mut axes);
        }
        mix(&mut axes);
        let largest = axes
            .iter()
            .flatten()
            .fold(0.0_f32, |most, x| most.max(x.abs()));
        // Where nothing varies, all stay zero.
        let scale = if largest > 0.0 { 127.0 / largest } else { 0.0 };
        let bytes = |axis: &Vec<f32>| {
            axis.iter()
                .map(|x| (x * scale).round() as i8)
                .collect::<Vec<i8>>()
        };
        let axes: Vec<Vec<i8>> = axes.iter().map(bytes).collect();
        Self {
            words: axes
                .iter()
                .map(|axis| plain_words(bytemuck::cast_slice(axis)))
                .collect(),
            width,
            gain: gain(&axes),
        }
    }

    /// How much farther apart than two rows their places are at most.
    pub(super) fn gain(&self) -> f64 {
        self.gain
    }

    /// The places of some rows.
    pub(super) fn places(&self, level: Level, rows: &[&[u8]]) -> Vec<Places> {
        let mut places = vec![[0; AXES]; rows.len()];
        let mut interleaving = Interleaving::default();
        let mut sums: [Vec<u32>; 4] = std::array::from_fn(|_| vec![0; TILE]);
        let offsets = [0; TILE];
        for (rows, places) in rows.chunks(TILE).zip(places.chunks_mut(TILE)) {
            interleaving.fill::<4>(rows.iter().copied(), self.width);
            let padded = rows.len().next_multiple_of(16);
            for (first, axes) in (0..).step_by(4).zip(self.words.chunks_exact(4)) {
                let axes = std::array::from_fn(|at| (&axes[at][..], 0));
                let out = sums.each_mut().map(|sums| &mut sums[..padded]);
                level.euclidean(interleaving.view(), &offsets[..padded], axes, out);
                for (axis, sums) in (first..).zip(&sums) {
                    for (places, sum) in places.iter_mut().zip(sums) {
                        // The kernel yields −2 Σab.
                        places[axis] = -(sum.cast_signed() / 2);
                    }
                }
            }
        }
        places
    }
}

/// The rows less their mean.
fn centred(width: usize, sample: &[&[u8]]) -> Vec<Vec<f32>> {
    let mut mean = vec![0.0_f32; width];
    for row in sample {
        for (mean, &byte) in mean.iter_mut().zip(*row) {
            *mean += f32::from(byte);
        }
    }
    let count = sample.len().max(1) as f32;
    let less = |row: &&[u8]| {
        let pairs = row.iter().zip(&mean);
        pairs
            .map(|(&byte, mean)| f32::from(byte) - mean / count)
            .collect()
    };
    sample.iter().map(less).collect()
}

/// Pulls an axis towards where the rows vary: each row by how far it lies along the axis.
fn pulled(axis: &[f32], rows: &[Vec<f32>]) -> Vec<f32> {
    let mut pulled = vec![0.0; axis.len()];
    for row in rows {
        add(&mut pulled, dot(row, axis), row);
    }
    pulled
}

/// Makes axes of length 1 that are at right angles. One that lies in the space of those before it becomes zero.
fn orthonormalise(axes: &mut [Vec<f32>]) {
    for at in 0..axes.len() {
        let (before, rest) = axes.split_at_mut(at);
        let this = &mut rest[0];
        let length = dot(this, this).sqrt();
        // Once more for what rounding has left.
        for other in before.iter().chain(before.iter()) {
            let along = dot(this, other);
            add(this, -along, other);
        }
        let left = dot(this, this).sqrt();
        let by = if left > length * 1e-4 {
            1.0 / left
        } else {
            0.0
        };
        for x in this.iter_mut() {
            *x *= by;
        }
    }
}

/// Turns the axes within their space, by Hadamard's matrix: rows of plus and minus ones, all at right angles.
fn mix(axes: &mut [Vec<f32>]) {
    let mut half = 1;
    while half < axes.len() {
        for pairs in axes.chunks_exact_mut(2 * half) {
            let (ones, others) = pairs.split_at_mut(half);
            for (one, other) in ones.iter_mut().zip(others) {
                for (a, b) in one.iter_mut().zip(other) {
                    (*a, *b) = (*a + *b, *a - *b);
                }
            }
        }
        half *= 2;
    }
}

/// The square root of at least the largest eigenvalue of the products of all axes: no eigenvalue is above the largest
/// sum of a row's magnitudes, and squaring the matrix squares the eigenvalues.
fn gain(axes: &[Vec<i8>]) -> f64 {
    let product = |one: &[i8], other: &[i8]| {
        let pairs = one.iter().zip(other);
        let sum: i64 = pairs.map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
        sum as f64
    };
    let mut matrix: Vec<Vec<f64>> = axes
        .iter()
        .map(|one| axes.iter().map(|other| product(one, other)).collect())
        .collect();
    let (mut bound, mut power) = (1.0, 1.0);
    for squaring in 0..=SQUARINGS {
        let sums = matrix
            .iter()
            .map(|row| row.iter().map(|x| x.abs()).sum::<f64>());
        let most = sums.fold(0.0, f64::max);
        if most <= 0.0 {
            return 0.0;
        }
        bound *= most.powf(1.0 / power);
        if squaring < SQUARINGS {
            for x in matrix.iter_mut().flatten() {
                *x /= most;
            }
            matrix = squared(&matrix);
            power *= 2.0;
        }
    }
    (bound * (1.0 + ROUNDED)).sqrt()
}

/// A symmetric matrix times itself.
fn squared(matrix: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let product = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(a, b)| a * b).sum();
    matrix
        .iter()
        .map(|one| matrix.iter().map(|other| product(one, other)).collect())
        .collect()
}

/// Σab, in sixteen sums, which the compiler computes side by side.
fn dot(one: &[f32], other: &[f32]) -> f32 {
    let (ones, rest) = one.as_chunks::<16>();
    let (others, other_rest) = other.as_chunks::<16>();
    let mut sums = [0.0; 16];
    for (one, other) in ones.iter().zip(others) {
        for ((sum, a), b) in sums.iter_mut().zip(one).zip(other) {
            *sum += a * b;
        }
    }
    let rest = rest.iter().zip(other_rest).map(|(a, b)| a * b);
    sums.iter().sum::<f32>() + rest.sum::<f32>()
}

/// Adds a multiple of a vector.
fn add(to: &mut [f32], times: f32, vector: &[f32]) {
    for (to, x) in to.iter_mut().zip(vector) {
        *to += times * x;
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn places_are_never_farther_apart_than_the_gain_allows(
            rows in (1..300_usize).prop_flat_map(|width| vec(vec(prop_oneof![any::<u8>(), Just(0), Just(255)], width), 2..40)),
        ) {
            let rows: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
            let axes = Axes::choose(rows[0].len(), &rows[..rows.len().div_ceil(2)]);
            let places = axes.places(Level::Portable, &rows);
            for level in Level::all() {
                prop_assert_eq!(&axes.places(level, &rows), &places, "{:?}", level);
            }
            for (one, place) in rows.iter().zip(&places) {
                let apart: f64 = rows[0].iter().zip(*one).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
                let along: f64 = places[0].iter().zip(place).map(|(a, b)| f64::from(a - b).powi(2)).sum();
                prop_assert!(along.sqrt() <= axes.gain() * apart.sqrt() + 1e-6);
            }
        }
    }

    #[test]
    fn the_gain_is_hardly_more_than_the_longest_axis_where_all_are_at_right_angles() {
        let axes: Vec<Vec<i8>> = (0..AXES)
            .map(|at| {
                (0..AXES)
                    .map(|column| if column == at { 100 } else { 0 })
                    .collect()
            })
            .collect();
        assert!((gain(&axes) - 100.0).abs() < 1e-4);
        // Two times the same axis: √2 times as long.
        assert!((gain(&[axes[0].clone(), axes[0].clone()]) - 100.0 * 2_f64.sqrt()).abs() < 1e-4);
        assert!(gain(&[vec![0; 3]]).abs() < 1e-9);
    }
}
