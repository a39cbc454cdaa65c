//! ED: Σ(a−b)² = Σa² + Σb² − 2Σab, and products of bytes are what processors are best at.

use super::{
    super::nearest::Neighbour,
    Bytes, TILE,
    kernels::{Interleaving, lessened_words},
};

impl Bytes<'_> {
    pub(super) fn euclidean(&self, mut found: impl FnMut(usize, usize, &[Neighbour])) {
        let rows = self.queries();
        let words: Vec<Vec<u32>> = rows.iter().map(|row| lessened_words(row)).collect();
        let squares: Vec<i32> = rows.iter().map(|row| square(row)).collect();
        let mut kept = self.kept(rows.len());
        let mut interleaving = Interleaving::default();
        let mut sums: [Vec<i32>; 4] = std::array::from_fn(|_| vec![0; TILE]);
        let mut distances = vec![0; TILE];
        let mut candidates = Vec::with_capacity(TILE);
        for tile in self.tiles() {
            let offsets = &self.squares()[tile.clone()];
            interleaving.fill(tile.clone().map(|rank| self.training(rank)), self.width, 4);
            let padded = tile.len().next_multiple_of(16);
            for first in (0..rows.len()).step_by(4) {
                let words = std::array::from_fn(|at| &words[(first + at).min(rows.len() - 1)][..]);
                let views = sums.each_mut().map(|sums| &mut sums[..padded]);
                self.level.products(interleaving.view(), words, views);
                let queries = kept.iter_mut().zip(&squares).skip(first);
                for ((kept, square), sums) in queries.zip(&sums) {
                    let distances = &mut distances[..tile.len()];
                    for ((distance, sum), offset) in distances.iter_mut().zip(sums).zip(offsets) {
                        *distance = (square + offset - 2 * sum).cast_unsigned();
                    }
                    candidates.clear();
                    self.level.below(distances, kept.limit, 0, &mut candidates);
                    for &candidate in &candidates {
                        let rank = (tile.start + candidate as usize) as u32;
                        kept.offer(distances[candidate as usize], rank);
                    }
                }
            }
        }
        for (position, kept) in kept.iter_mut().enumerate() {
            // Different sums below 2^53 have different roots, so their order stands.
            found(0, position, kept.nearest.ordered_by(f64::sqrt));
        }
    }

    /// Σb² − 256 Σb of each training row: what makes up for the queries having been lessened by 128.
    fn squares(&self) -> &[i32] {
        self.prepared.lore.squares.get_or_init(|| {
            (0..self.training_count())
                .map(|rank| {
                    let row = self.training(rank);
                    square(row) - 256 * super::total(row).cast_signed()
                })
                .collect()
        })
    }
}

fn square(row: &[u8]) -> i32 {
    row.iter()
        .map(|&byte| i32::from(byte) * i32::from(byte))
        .sum()
}
