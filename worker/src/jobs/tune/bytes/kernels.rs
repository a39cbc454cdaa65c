//! What the kernels are given, and what all of them must yield: the tests here hold for each level of instructions.
//!
//! Rows that are compared with many queries are *interleaved*: words of 8 (or 4) bytes of 8 (or 16) rows lie side by
//! side, so that one register of 64 bytes holds as many rows, each sum grows in a lane of its own, and no sum has to be
//! added up across lanes.
//!
//! ```text
//! row 0: aaaaaaaa bbbbbbbb …      aaaaaaaa AAAAAAAA …  (word 0 of rows 0 to 7)
//! row 1: AAAAAAAA BBBBBBBB …  →   bbbbbbbb BBBBBBBB …  (word 1 of rows 0 to 7)
//! ```

use super::padded::{BLOCK, Block};

/// Rows interleaved, group after group: `words` blocks for each group of rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interleaved<'a> {
    pub(super) blocks: &'a [Block],
    /// How many words a row has.
    pub(super) words: usize,
}

/// What a distance, or a bound of it, must be below to matter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The bound is the value by this, less the next.
    pub(super) factor: u32,
    pub(super) slack: u32,
    /// It must be below this,
    pub(super) limit: u32,
    /// or at most this share of the row's total and the query's.
    pub(super) share: f64,
    pub(super) total: u32,
}

impl Limits {
    /// The share, a little more than it is, so that rounding loses nobody: who is found is looked at again.
    pub(super) fn loosened_share(&self) -> f32 {
        (self.share * (1.0 + 1e-6)).min(f64::from(f32::MAX)) as f32
    }
}

/// Rows as they are being interleaved.
#[derive(Debug, Default)]
pub(super) struct Interleaving {
    blocks: Vec<Block>,
    words: usize,
}

impl Interleaving {
    /// Takes in rows of up to `width` bytes, in words of `WORD` bytes. Missing bytes and missing rows are zeros.
    pub(super) fn fill<'a, const WORD: usize>(
        &mut self,
        rows: impl ExactSizeIterator<Item = &'a [u8]>,
        width: usize,
    ) {
        let lanes = BLOCK / WORD;
        self.words = width.div_ceil(WORD);
        self.blocks.clear();
        self.blocks
            .resize(rows.len().div_ceil(lanes) * self.words, Block::ZEROS);
        for (number, row) in rows.enumerate() {
            let group = &mut self.blocks[number / lanes * self.words..][..self.words];
            let at = number % lanes * WORD;
            let (words, rest) = row.as_chunks::<WORD>();
            for (block, word) in group.iter_mut().zip(words) {
                block[at..at + WORD].copy_from_slice(word);
            }
            if let Some(block) = group.get_mut(words.len()) {
                block[at..at + rest.len()].copy_from_slice(rest);
            }
        }
    }

    pub(super) fn view(&self) -> Interleaved<'_> {
        Interleaved {
            blocks: &self.blocks,
            words: self.words,
        }
    }

    /// The groups from one row on, up to another; both are multiples of the rows in a group, or the end.
    pub(super) fn rows(&self, first: usize, end: usize, word: usize) -> Interleaved<'_> {
        let lanes = BLOCK / word;
        let blocks = first / lanes * self.words..end.div_ceil(lanes) * self.words;
        Interleaved {
            blocks: &self.blocks[blocks],
            words: self.words,
        }
    }
}

/// A row as words of 8 bytes, the last filled up with zeros.
pub(super) fn words(row: &[u8]) -> Vec<u64> {
    whole_words(row).map(u64::from_ne_bytes).collect()
}

/// A row as words of 4 bytes, the last filled up with zeros.
pub(super) fn plain_words(row: &[u8]) -> Vec<u32> {
    whole_words(row).map(u32::from_ne_bytes).collect()
}

/// A row lessened by 128, as words of 4 bytes. What fills up the last does not matter: it meets zeros.
pub(super) fn lessened_words(row: &[u8]) -> Vec<u32> {
    let lessened: Vec<u8> = row.iter().map(|byte| byte ^ 0x80).collect();
    whole_words(&lessened).map(u32::from_ne_bytes).collect()
}

/// The words of a row, the last filled up with zeros.
fn whole_words<const WORD: usize>(row: &[u8]) -> impl Iterator<Item = [u8; WORD]> {
    let (words, rest) = row.as_chunks::<WORD>();
    let mut last = [0; WORD];
    last[..rest.len()].copy_from_slice(rest);
    words
        .iter()
        .copied()
        .chain((!rest.is_empty()).then_some(last))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::super::{level::Level, padded::Padded};
    use super::*;

    /// Rows of one width, with many equal and extreme bytes among them.
    fn rows() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let byte = prop_oneof![any::<u8>(), Just(0), Just(255), 127..130_u8];
        (1..200_usize).prop_flat_map(move |width| vec(vec(byte.clone(), width), 5..40))
    }

    fn pairs<'a>(one: &'a [u8], other: &'a [u8]) -> impl Iterator<Item = (i64, i64)> + 'a {
        one.iter()
            .zip(other)
            .map(|(a, b)| (i64::from(*a), i64::from(*b)))
    }

    fn manhattan(one: &[u8], other: &[u8]) -> u32 {
        u32::try_from(pairs(one, other).map(|(a, b)| (a - b).abs()).sum::<i64>()).unwrap()
    }

    proptest! {
        #[test]
        fn sums_of_interleaved_rows_are_those_of_the_rows(rows in rows()) {
            let width = rows[0].len();
            let (queries, known) = rows.split_at(4);
            let mut interleaving = Interleaving::default();
            for level in Level::all() {
                interleaving.fill::<8>(known.iter().map(Vec::as_slice), width);
                let words: Vec<Vec<u64>> = queries.iter().map(|query| words(query)).collect();
                let count = known.len().next_multiple_of(8);
                let mut out = vec![vec![7; count]; 4];
                let [a, b, c, d] = &mut out[..] else { unreachable!() };
                level.manhattan(interleaving.view(), [&words[0], &words[1], &words[2], &words[3]], [a, b, c, d]);
                let mut one = vec![7; count];
                level.sketch(interleaving.view(), &words[2], &mut one);
                prop_assert_eq!(&one, &out[2]);
                for (query, out) in queries.iter().zip(&out) {
                    for (row, found) in known.iter().zip(out) {
                        prop_assert_eq!(*found, manhattan(query, row), "{:?}", level);
                    }
                }

                interleaving.fill::<4>(known.iter().map(Vec::as_slice), width);
                let words: Vec<Vec<u32>> = queries.iter().map(|query| lessened_words(query)).collect();
                let square = |row: &[u8]| pairs(row, row).map(|(a, b)| i32::try_from(a * b).unwrap()).sum::<i32>();
                let total = |row: &[u8]| row.iter().map(|byte| i32::from(*byte)).sum::<i32>();
                let mut offsets: Vec<i32> = known.iter().map(|row| square(row) - 256 * total(row)).collect();
                offsets.resize(known.len().next_multiple_of(16), 0);
                let mut out = vec![vec![7; offsets.len()]; 4];
                let [a, b, c, d] = &mut out[..] else { unreachable!() };
                let given = std::array::from_fn(|at| (&words[at][..], square(&queries[at])));
                level.euclidean(interleaving.view(), &offsets, given, [a, b, c, d]);
                for (query, out) in queries.iter().zip(&out) {
                    for (row, found) in known.iter().zip(out) {
                        let expected: i64 = pairs(query, row).map(|(a, b)| (a - b) * (a - b)).sum();
                        prop_assert_eq!(i64::from(*found), expected, "{:?}", level);
                    }
                }
            }
        }

        #[test]
        fn comparisons_of_two_rows_are_exact(rows in rows()) {
            let (one, other) = (&rows[0], &rows[1]);
            let expected = one.iter().zip(other).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            let padded = Padded::of([&one[..], other].into_iter(), one.len());
            for level in Level::all() {
                let (one, other) = (padded.row(0), padded.row(1));
                let manhattan = |_: &[Block], _: &[Block]| manhattan(&rows[0], &rows[1]);
                prop_assert_eq!(level.difference(one, other), manhattan(one, other), "{:?}", level);
                prop_assert_eq!(level.largest(one, other), expected, "{:?}", level);
                let square: i64 = pairs(&rows[0], &rows[1]).map(|(a, b)| (a - b) * (a - b)).sum();
                prop_assert_eq!(i64::from(level.square(one, other)), square, "{:?}", level);
            }
        }

        #[test]
        fn blocks_within_reach_are_found(
            blocks in vec(prop::array::uniform(0..9_u8).prop_map(Block), 1..20),
            low in prop::array::uniform(0..3_u8).prop_map(Block),
            high in prop::array::uniform(6..9_u8).prop_map(Block),
        ) {
            let is_within = |block: &Block| (0..BLOCK).all(|at| (low[at]..=high[at]).contains(&block[at]));
            let mut blocks = blocks;
            blocks.extend([low, high]);
            let expected: Vec<u32> = (0..).zip(&blocks).filter(|(_, block)| is_within(block)).map(|(at, _)| at).collect();
            for level in Level::all() {
                let mut out = vec![];
                level.within(&blocks, &low, &high, &mut out);
                prop_assert_eq!(&out, &expected, "{:?}", level);
                let mut kept = (0..).take(blocks.len()).collect();
                level.keep_within(&blocks, &low, &high, &mut kept);
                prop_assert_eq!(&kept, &expected, "{:?}", level);
            }
        }

        #[test]
        fn values_below_a_share_are_found(
            values in vec((0..400_u32, 0..400_u32), 0..80),
            (factor, slack, limit, total) in (1..5_u32, 0..90_u32, 0..60_u32, 0..300_u32),
            share in prop_oneof![0.0..1.0, Just(f64::MAX)],
        ) {
            let limits = Limits { factor, slack, limit, share, total };
            let (values, totals): (Vec<u32>, Vec<u32>) = values.into_iter().unzip();
            let must = |at: usize| {
                let bound = (values[at] * factor).saturating_sub(slack);
                bound < limit || f64::from(bound) <= share * f64::from(totals[at] + total)
            };
            let may = |at: usize| {
                let bound = (values[at] * factor).saturating_sub(slack);
                bound < limit || f64::from(bound) <= share * 1.00001 * f64::from(totals[at] + total)
            };
            for level in Level::all() {
                let mut out = vec![];
                level.below_share(&values, &totals, limits, &mut out);
                let found = |at: usize| out.contains(&u32::try_from(at).unwrap());
                prop_assert!((0..values.len()).all(|at| found(at) >= must(at) && found(at) <= may(at)), "{:?}", level);
                prop_assert!(out.is_sorted_by(|one, other| one < other));
            }
        }

        #[test]
        fn values_below_a_limit_are_found(values in vec(0..50_u32, 0..80), limit in 0..60_u32) {
            let expected: Vec<u32> = (100..).zip(&values).filter(|(_, value)| **value < limit).map(|(at, _)| at).collect();
            for level in Level::all() {
                let mut out = vec![];
                level.below(&values, limit, 100, &mut out);
                prop_assert_eq!(&out, &expected, "{:?}", level);
            }
        }
    }
}
