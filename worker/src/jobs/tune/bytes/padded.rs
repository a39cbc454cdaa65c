//! Rows in blocks of 64 bytes, each on a cache line of its own: a load that crosses lines costs twice as much, and a
//! row's last bytes would need care each time.

use std::ops::{Deref, DerefMut};

use super::level::fetch;

/// Bytes side by side.
pub(super) const BLOCK: usize = 64;

/// Rows that are on their way from memory while one is copied: they lie anywhere, so the processor cannot guess.
const AHEAD: usize = 6;

/// So many bytes, on a cache line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(align(64))]
pub(crate) struct Block(pub(super) [u8; BLOCK]);

impl Block {
    pub(super) const ZEROS: Self = Self([0; BLOCK]);
}

impl Deref for Block {
    type Target = [u8; BLOCK];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Block {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// Rows of one width, filled up with zeros, which add nothing to any distance.
#[derive(Debug, Default)]
pub(super) struct Padded {
    blocks: Vec<Block>,
    /// Blocks of a row.
    per_row: usize,
}

impl Padded {
    /// Takes in rows of `width` bytes, instead of those before.
    pub(super) fn fill<'a>(&mut self, rows: impl Iterator<Item = &'a [u8]> + Clone, width: usize) {
        self.per_row = width.div_ceil(BLOCK);
        self.blocks.clear();
        let mut ahead = rows.clone().skip(AHEAD);
        for row in rows {
            if let Some(row) = ahead.next() {
                fetch(row);
            }
            let (whole, rest) = row.as_chunks::<BLOCK>();
            self.blocks.extend(whole.iter().copied().map(Block));
            if !rest.is_empty() {
                let mut last = Block::ZEROS;
                last[..rest.len()].copy_from_slice(rest);
                self.blocks.push(last);
            }
        }
    }

    pub(super) fn of<'a>(rows: impl Iterator<Item = &'a [u8]> + Clone, width: usize) -> Self {
        let mut padded = Self::default();
        padded.fill(rows, width);
        padded
    }

    /// One of the rows.
    pub(super) fn row(&self, index: usize) -> &[Block] {
        &self.blocks[index * self.per_row..][..self.per_row]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_begin_on_cache_lines_and_end_in_zeros() {
        let rows: Vec<Vec<u8>> = (1..4).map(|byte| vec![byte; 100]).collect();
        let padded = Padded::of(rows.iter().map(Vec::as_slice), 100);
        for (index, byte) in (0..).zip(1..4) {
            let row = padded.row(index);
            assert_eq!(row.as_ptr().addr() % BLOCK, 0);
            assert_eq!(
                (row.len(), row[0][63], row[1][35], row[1][36]),
                (2, byte, byte, 0)
            );
        }
    }
}
