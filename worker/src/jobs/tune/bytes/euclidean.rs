//! ED: Σ(a−b)² = Σa² + Σb² − 2Σab, and products of bytes are what processors are best at.

use super::{
    super::nearest::Neighbour,
    Bytes, TILE,
    kernels::{Interleaving, lessened_words},
};

/// Rows whose distances are computed side by side.
const LANES: usize = 16;

impl Bytes<'_> {
    pub(super) fn euclidean(&self, mut found: impl FnMut(usize, usize, &[Neighbour])) {
        let rows = self.queries();
        let words: Vec<Vec<u32>> = rows.iter().map(|row| lessened_words(row)).collect();
        let squares: Vec<i32> = rows
            .iter()
            .map(|row| self.level.sums(row).1.cast_signed())
            .collect();
        let mut kept = self.kept(rows.len());
        let mut interleaving = Interleaving::default();
        let mut distances: [Vec<u32>; 4] = std::array::from_fn(|_| vec![0; TILE]);
        let mut candidates = Vec::with_capacity(TILE);
        for tile in self.tiles() {
            let padded = tile.len().next_multiple_of(LANES);
            let offsets = &self.offsets()[tile.start..tile.start + padded];
            interleaving.fill::<4>(tile.clone().map(|rank| self.training(rank)), self.width);
            for first in (0..rows.len()).step_by(4) {
                let queries = std::array::from_fn(|at| {
                    let query = (first + at).min(rows.len() - 1);
                    (&words[query][..], squares[query])
                });
                let out = distances.each_mut().map(|out| &mut out[..padded]);
                self.level
                    .euclidean(interleaving.view(), offsets, queries, out);
                for (kept, distances) in kept[first..].iter_mut().zip(&distances) {
                    candidates.clear();
                    self.level
                        .below(&distances[..tile.len()], kept.limit, 0, &mut candidates);
                    for &candidate in &candidates {
                        let rank = (tile.start + candidate as usize) as u32;
                        kept.offer(distances[candidate as usize], rank);
                    }
                }
            }
        }
        for (position, kept) in kept.iter_mut().enumerate() {
            // Different sums of 32 bits have different roots, so their order stands.
            found(0, position, kept.nearest.ordered_by(f64::sqrt));
        }
    }

    /// Σb² − 256 Σb of each training row: what makes up for the queries having been lessened by 128, and zeros to the
    /// end of the last lanes.
    fn offsets(&self) -> &[i32] {
        self.prepared.lore.offsets.get_or_init(|| {
            let rows = (0..self.training_count()).map(|rank| self.training(rank));
            let offsets = rows.map(|row| {
                let (total, squares) = self.level.sums(row);
                squares.cast_signed() - 256 * total.cast_signed()
            });
            offsets.chain([0; LANES]).collect()
        })
    }
}
