//! Shadows: 64 bytes that bound the Euclidean distance of whole rows from below.
//!
//! The shadow of a row is its places along [the axes](super::axes), each divided by the same step and rounded to a
//! byte. With e the length of what rounding took off a shadow, and g the gain of the axes,
//! ‖a−b‖ · g ≥ step · (‖a'−b'‖ − e(a) − e(b)). The bytes a', b' are compared by the kernel of ED.

use super::{
    axes::{Axes, Places},
    kernels::{Interleaved, Interleaving, lessened_words},
    level::Level,
    padded::{BLOCK, Block},
};

/// Rows that are looked at to choose the axes.
const SAMPLE: usize = 256;
/// Bytes that are kept of a row together, and rows side by side.
const WORD: usize = 4;
const LANES: usize = BLOCK / WORD;
/// What f64 may have rounded away, and much more.
const ROUNDED: f64 = 1e-9;

/// The shadow of a testing sample.
#[derive(Debug, Default)]
pub(super) struct Shadow {
    pub(super) words: Vec<u32>,
    pub(super) square: i32,
    /// How far it is from the places it stands for, in steps.
    error: f64,
}

/// The shadows of all training rows.
#[derive(Debug)]
pub(super) struct Shadows {
    axes: Axes,
    centre: Places,
    step: f64,
    interleaved: Interleaving,
    offsets: Vec<i32>,
    /// The largest of all.
    error: f64,
}

impl Shadows {
    pub(super) fn new(level: Level, rows: &[&[u8]]) -> Self {
        let width = rows.first().map_or(0, |row| row.len());
        let step = rows.len().div_ceil(SAMPLE).max(1);
        let sample: Vec<&[u8]> = rows.iter().step_by(step).copied().collect();
        let axes = Axes::choose(width, &sample);
        let places = axes.places(level, rows);
        let (mut least, mut most) = (places[0], places[0]);
        for row in &places {
            for ((least, most), place) in least.iter_mut().zip(&mut most).zip(row) {
                (*least, *most) = ((*least).min(*place), (*most).max(*place));
            }
        }
        let widest = least.iter().zip(&most).map(|(least, most)| most - least);
        let mut shadows = Self {
            axes,
            centre: std::array::from_fn(|at| i32::midpoint(least[at], most[at])),
            // A little more than it has to be, so that no training row lies beyond the bytes.
            step: (f64::from(widest.max().unwrap_or(0)) / 254.0).max(1.0),
            interleaved: Interleaving::default(),
            offsets: Vec::new(),
            error: 0.0,
        };
        let blocks: Vec<Block> = places
            .iter()
            .map(|places| {
                let (block, error) = shadows.cast(places);
                shadows.error = shadows.error.max(error);
                let (total, square) = level.sums(&*block);
                let offset = square.cast_signed() - 256 * total.cast_signed();
                shadows.offsets.push(offset);
                block
            })
            .collect();
        shadows.offsets.resize(blocks.len() + LANES, 0);
        let rows = blocks.iter().map(|block| block.as_slice());
        shadows.interleaved.fill::<WORD>(rows, BLOCK);
        shadows
    }

    /// The shadow of what lies at these places, and how far it is from them, in steps.
    fn cast(&self, places: &Places) -> (Block, f64) {
        let (mut block, mut squares) = (Block::ZEROS, 0.0);
        for ((byte, place), centre) in block.iter_mut().zip(places).zip(&self.centre) {
            let exact = (f64::from(*place) - f64::from(*centre)) / self.step + 127.5;
            // Cut to a byte, which rounds down: to the nearest. What lies beyond is cut off, and so far from its place.
            *byte = (exact + 0.5) as u8;
            squares += (exact - f64::from(*byte)).powi(2);
        }
        (block, squares.sqrt())
    }

    /// The shadows of rows that are none of these, as queries.
    pub(super) fn queries(&self, level: Level, rows: &[&[u8]]) -> Vec<Shadow> {
        let places = self.axes.places(level, rows);
        let shadow = |places| {
            let (block, error) = self.cast(places);
            Shadow {
                words: lessened_words(&*block),
                square: level.sums(&*block).1.cast_signed(),
                error,
            }
        };
        places.iter().map(shadow).collect()
    }

    /// The shadows of some of the rows, and what the kernel wants to know of each; `first` is a multiple of 16.
    pub(super) fn rows(&self, first: usize, end: usize) -> (Interleaved<'_>, &[i32]) {
        let end = first + (end - first).next_multiple_of(LANES);
        let rows = self.interleaved.rows(first, end, WORD);
        (rows, &self.offsets[first..end])
    }

    /// Shadows whose Σ(a'−b')² is not below this are those of rows whose Σ(a−b)² is not below `limit`.
    pub(super) fn limit(&self, limit: u32, query: &Shadow) -> u32 {
        let apart =
            f64::from(limit).sqrt() * self.axes.gain() / self.step + self.error + query.error;
        // Whole numbers up to this one count, so the next is the limit.
        ((apart * apart * (1.0 + ROUNDED)) as u32).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn rows_below_a_limit_have_shadows_below_its_own(
            (rows, queries) in (1..300_usize, 1..256_usize).prop_flat_map(|(width, most)| {
                let few = 0..=u8::try_from(most).unwrap();
                (vec(vec(few, width), 1..40), vec(vec(any::<u8>(), width), 1..4))
            }),
        ) {
            let known: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
            // Some that are near, some beyond all that is known.
            let queries: Vec<&[u8]> = queries.iter().chain(&rows).map(Vec::as_slice).collect();
            for level in Level::all() {
                let shadows = Shadows::new(level, &known);
                let cast = shadows.queries(level, &queries);
                for (query, shadow) in queries.iter().zip(&cast) {
                    let (rows, offsets) = shadows.rows(0, known.len());
                    let mut out = vec![vec![0; offsets.len()]; 4];
                    let [a, b, c, d] = &mut out[..] else { unreachable!() };
                    level.euclidean(rows, offsets, [(&shadow.words, shadow.square); 4], [a, b, c, d]);
                    for (row, apart) in known.iter().zip(&out[0]) {
                        let exact: u32 = query.iter().zip(*row).map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum();
                        prop_assert!(*apart < shadows.limit(exact + 1, shadow), "{level:?}");
                    }
                }
            }
        }
    }
}
