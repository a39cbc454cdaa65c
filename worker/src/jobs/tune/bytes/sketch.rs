//! Sketches: 64 bytes that bound the Manhattan distance of whole rows from below.
//!
//! Features are put into groups. The difference of two rows' sums over a group is at most the sum of their differences
//! there, so the differences of all groups add up to a lower bound. A sum is kept as one byte, divided by the size
//! of the largest group and rounded down, which the bound allows for:
//! |a−b| of two sums is more than `divisor` · (|a'−b'| − 1) of their bytes.

use std::ops::Range;

use brigade_protocol::{jobs::tune::WIDEST_BYTES, shm::Samples};

use super::{
    kernels::{Interleaved, Interleaving, words},
    level::Level,
    padded::{BLOCK, Block},
};

/// Bytes that are kept of a row together.
const WORD: usize = 8;

/// So many rows are looked at to choose the groups.
const SAMPLE: usize = 64;

/// Lines that are added up before their runs are: sums of so many bytes fit into 16 bits.
const MOST_LINES: usize = 257;

/// The side of the largest square image.
const WIDEST_LINE: usize = WIDEST_BYTES.isqrt();

/// How features are grouped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grouping {
    /// What a row consists of; each ends where the next begins.
    bands: Vec<Band>,
    /// Features of a line: a row of pixels, or the whole row of a table.
    line: usize,
    groups: u32,
    divisor: u32,
}

/// Lines one after another whose features are grouped alike.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Band {
    lines: usize,
    /// Neighbouring features of one group: where each run ends in the line, and its group, below 64.
    runs: Vec<(usize, u8)>,
}

impl Grouping {
    /// Groups features as they are listed, in lines of this length.
    fn new(group_of: &[u8], line: usize) -> Self {
        let mut sizes = [0_u32; BLOCK];
        for &group in group_of {
            sizes[usize::from(group)] += 1;
        }
        let used = sizes.iter().filter(|&&size| size > 0).count();
        let lines: Vec<&[u8]> = group_of.chunks(line).collect();
        let bands = lines.chunk_by(|one, other| one == other);
        let bands = bands.flat_map(|band| band.chunks(MOST_LINES)).map(|band| {
            let mut end = 0;
            let runs = band[0].chunk_by(|one, other| one == other).map(|run| {
                end += run.len();
                (end, run[0])
            });
            Band {
                lines: band.len(),
                runs: runs.collect(),
            }
        });
        Self {
            bands: bands.collect(),
            line,
            groups: used as u32,
            divisor: sizes.into_iter().max().unwrap_or(1).max(1),
        }
    }

    /// Neighbouring columns together.
    fn runs(width: usize) -> Self {
        let groups: Vec<u8> = (0..width).map(|at| (at * BLOCK / width) as u8).collect();
        Self::new(&groups, width)
    }

    /// Squares of pixels, if the columns can be a square image of so many planes, one row of pixels after another.
    fn squares(width: usize, planes: usize) -> Option<Self> {
        let side = (width / planes).isqrt();
        if side * side * planes != width || side < 2 {
            return None;
        }
        let across = (1..=side)
            .rev()
            .find(|across| across * across * planes <= BLOCK)?;
        let block = side.div_ceil(across);
        let across = side.div_ceil(block);
        let group = |at: usize| {
            let (plane, pixel) = (at / (side * side), at % (side * side));
            let (row, column) = (pixel / side / block, pixel % side / block);
            ((plane * across + row) * across + column) as u8
        };
        let groups: Vec<u8> = (0..width).map(group).collect();
        Some(Self::new(&groups, side))
    }

    /// The grouping that bounds best on a few rows of a sample.
    pub(super) fn choose<'a>(width: usize, sample: impl Iterator<Item = &'a [u8]>) -> Self {
        let rows: Vec<&[u8]> = sample.take(SAMPLE).collect();
        let candidates = [
            Some(Self::runs(width)),
            Self::squares(width, 1),
            Self::squares(width, 3),
        ];
        let best = candidates.into_iter().flatten().max_by_key(|grouping| {
            let sketches: Vec<_> = rows.iter().map(|row| grouping.sketch(row)).collect();
            let pairs = sketches.windows(2);
            pairs
                .map(|pair| {
                    u64::from(grouping.bound(Level::Portable.difference(&pair[..1], &pair[1..])))
                })
                .sum::<u64>()
        });
        best.unwrap_or_else(|| Self::runs(width))
    }

    /// The sketch of a row.
    fn sketch(&self, row: &[u8]) -> Block {
        let mut sums = [0_u32; BLOCK];
        let mut added = [0_u16; WIDEST_LINE];
        let mut rest = row;
        for band in &self.bands {
            let lines;
            (lines, rest) = rest.split_at(band.lines * self.line);
            if band.lines == 1 || self.line > WIDEST_LINE {
                for line in lines.chunks_exact(self.line) {
                    band.add(&mut sums, |run| run_sum(&line[run]));
                }
                continue;
            }
            // Down first, which is many columns an instruction.
            let added = &mut added[..self.line];
            added.fill(0);
            for line in lines.chunks_exact(self.line) {
                for (sum, &byte) in added.iter_mut().zip(line) {
                    *sum += u16::from(byte);
                }
            }
            band.add(&mut sums, |run| {
                added[run].iter().map(|&sum| u32::from(sum)).sum()
            });
        }
        Block(sums.map(|sum| self.quotient(sum)))
    }

    /// A sum of a group, at most 255 times the divisor, divided by it and rounded down. Of numbers this small a quotient in
    /// f32 never reaches the next whole one, and the compiler finds several at once.
    #[inline]
    fn quotient(&self, sum: u32) -> u8 {
        (sum as f32 / self.divisor as f32) as u8
    }

    /// What the distance of two rows is at least, by that of their sketches.
    fn bound(&self, apart: u32) -> u32 {
        (self.divisor * apart).saturating_sub(self.slack())
    }

    /// What one unit of difference between sketches stands for.
    pub(super) fn divisor(&self) -> u32 {
        self.divisor
    }

    /// What rounding may have added to the difference of two sketches, in units of the rows.
    pub(super) fn slack(&self) -> u32 {
        (self.divisor - 1) * self.groups
    }

    /// Sketches that are not less apart than this are those of rows that are not less apart than `limit`.
    pub(super) fn limit(&self, limit: u32) -> u32 {
        limit.saturating_add(self.slack()).div_ceil(self.divisor)
    }
}

impl Band {
    /// Adds the sum of each run to that of its group.
    #[inline]
    fn add(&self, sums: &mut [u32; BLOCK], sum: impl Fn(Range<usize>) -> u32) {
        let mut start = 0;
        for &(end, group) in &self.runs {
            sums[usize::from(group) % BLOCK] += sum(start..end);
            start = end;
        }
    }
}

/// The sum of a run of bytes, four at a time.
fn run_sum(run: &[u8]) -> u32 {
    const EVERY_OTHER: u32 = 0x00ff_00ff;
    let (fours, rest) = run.as_chunks::<4>();
    let fours = fours.iter().map(|four| {
        let four = u32::from_le_bytes(*four);
        let pairs = (four & EVERY_OTHER) + (four >> 8 & EVERY_OTHER);
        (pairs + (pairs >> 16)) & 0xffff
    });
    fours.sum::<u32>() + rest.iter().map(|&byte| u32::from(byte)).sum::<u32>()
}

/// The sketches of all training rows.
#[derive(Debug)]
pub(super) struct Sketches {
    pub(super) grouping: Grouping,
    interleaved: Interleaving,
}

impl Sketches {
    /// Sketches the rows with these numbers, in this order.
    pub(super) fn new(samples: &Samples<'_>, bytes: &[u8], rows: &[u32]) -> Self {
        let width = samples.feature_count();
        let row = |number: u32| &bytes[number as usize * width..][..width];
        let step = (rows.len() / SAMPLE).max(1);
        let sample = rows.iter().step_by(step).map(|&number| row(number));
        let grouping = Grouping::choose(width, sample);
        let sketches: Vec<Block> = rows
            .iter()
            .map(|&number| grouping.sketch(row(number)))
            .collect();
        let mut interleaved = Interleaving::default();
        interleaved.fill::<WORD>(sketches.iter().map(|sketch| sketch.as_slice()), BLOCK);
        Self {
            grouping,
            interleaved,
        }
    }

    /// The sketch of a row that is none of these, as a query.
    pub(super) fn query(&self, row: &[u8]) -> Vec<u64> {
        words(&*self.grouping.sketch(row))
    }

    /// The sketches of some of the rows; `first` is a multiple of 8.
    pub(super) fn rows(&self, first: usize, end: usize) -> Interleaved<'_> {
        self.interleaved.rows(first, end, WORD)
    }
}

#[cfg(test)]
mod tests;
