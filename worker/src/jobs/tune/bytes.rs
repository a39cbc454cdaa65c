//! The way for tables of bytes: whole-number arithmetic, many bytes an instruction, and distances that cannot matter
//! left out.
//!
//! Training rows are met in the order that breaks ties, so a row at the same distance as the last of the nearest can
//! never be among them: only what is strictly nearer has to be looked at, and lower bounds may be compared so as well.
//!
//! | file | what |
//! | --- | --- |
//! | this one | blocks of testing samples against tiles of training rows |
//! | `manhattan.rs`, `euclidean.rs`, `chebyshev.rs` | a pass for each distance: MD and SD, ED, CD |
//! | `padded.rs` | rows on cache lines |
//! | `sketch.rs` | lower bounds for MD and SD |
//! | `shadows.rs`, `axes.rs` | lower bounds for ED |
//! | `seeds.rs` | rows that set a limit from the start |
//! | `kernels.rs`, `portable.rs`, `avx2.rs`, `avx512.rs` | the arithmetic, for several kinds of processors |
//! | `level.rs` | which of them this processor has |
//! | `bench.rs` | a way in for their benchmark |
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a table has at most u32::MAX rows, and sums over a row of WIDEST_BYTES fit into 31 bits"
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod axes;
#[cfg(feature = "bench")]
pub mod bench;
mod chebyshev;
mod euclidean;
mod kernels;
mod level;
mod manhattan;
mod padded;
mod portable;
mod seeds;
mod shadows;
mod sketch;

use std::{cell::OnceCell, sync::Arc};

use brigade_protocol::{
    jobs::tune::{Distance, Input, WIDEST_BYTES},
    shm::{Matrix, Samples},
};

use super::{
    nearest::{Nearest, Neighbour},
    prepared::Prepared,
};
use chebyshev::Probes;
pub(super) use level::Level;
use shadows::Shadows;
use sketch::Sketches;

/// Training rows that are looked at by all testing samples of a block before the next: what they need stays in the
/// second-level cache.
const TILE: usize = 256;

/// What is found out once about the training rows of a partition, when it is first needed.
#[derive(Debug, Clone, Default)]
pub(super) struct Lore {
    totals: OnceCell<Arc<[u32]>>,
    offsets: OnceCell<Arc<[i32]>>,
    sketches: OnceCell<Arc<Sketches>>,
    probes: OnceCell<Arc<Probes>>,
    shadows: OnceCell<Arc<Shadows>>,
}

/// A block of testing samples of a table of bytes.
pub(super) struct Bytes<'a> {
    prepared: &'a Prepared,
    samples: &'a Samples<'a>,
    input: &'a Input,
    matrix: &'a [u8],
    width: usize,
    most: usize,
    level: Level,
}

impl<'a> Bytes<'a> {
    /// `None` where these are no bytes, or not to be compared as such.
    pub(super) fn new(
        prepared: &'a Prepared,
        samples: &'a Samples<'a>,
        input: &'a Input,
        level: Level,
    ) -> Option<Self> {
        let width = samples.feature_count();
        let Matrix::U8(matrix) = samples.matrix() else {
            return None;
        };
        let most = input.ks.iter().copied().max()? as usize;
        (prepared.scaling.is_none() && width <= WIDEST_BYTES).then_some(Self {
            prepared,
            samples,
            input,
            matrix,
            width,
            most,
            level,
        })
    }

    /// Finds the nearest training rows of every testing sample of the block, as
    /// [`Block::pass`](super::lanes::Block::pass) does; `false` if not for these distances.
    pub(super) fn pass(
        &self,
        distances: &[Distance],
        found: impl FnMut(usize, usize, &[Neighbour]),
    ) -> bool {
        match distances[0] {
            Distance::Euclidean => self.euclidean(found),
            Distance::Chebyshev => self.chebyshev(found),
            Distance::Manhattan | Distance::Sorensen => self.manhattan(distances, found),
            _ => return false,
        }
        true
    }

    fn row(&self, row: usize) -> &'a [u8] {
        &self.matrix[row * self.width..][..self.width]
    }

    /// The training row at a rank.
    fn training(&self, rank: usize) -> &'a [u8] {
        self.row(self.prepared.rows[rank] as usize)
    }

    fn training_count(&self) -> usize {
        self.prepared.rows.len()
    }

    /// The testing samples of the block.
    fn queries(&self) -> Vec<&'a [u8]> {
        let testing = self.input.testing.clone();
        testing
            .map(|position| self.row(self.prepared.partition.testing_row(position as usize)))
            .collect()
    }

    /// The tiles of the training rows.
    fn tiles(&self) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let count = self.training_count();
        (0..count)
            .step_by(TILE)
            .map(move |start| start..(start + TILE).min(count))
    }

    /// The sum of the features of each training row.
    fn totals(&self) -> &'a [u32] {
        self.prepared.lore.totals.get_or_init(|| {
            let rows = 0..self.training_count();
            rows.map(|rank| self.level.sums(self.training(rank)).0)
                .collect()
        })
    }

    fn sketches(&self) -> &'a Sketches {
        self.prepared.lore.sketches.get_or_init(|| {
            Arc::new(Sketches::new(
                self.samples,
                self.matrix,
                &self.prepared.rows,
            ))
        })
    }
}

/// The nearest of one testing sample, and what a row must be below to be among them.
#[derive(Debug)]
struct Kept {
    nearest: Nearest,
    limit: u32,
}

impl Kept {
    fn new(most: usize) -> Self {
        Self {
            nearest: Nearest::new(most),
            limit: u32::MAX,
        }
    }

    /// Takes in the row at a rank. Ranks must ascend.
    fn offer(&mut self, distance: u32, rank: u32) {
        self.nearest.offer(f64::from(distance), rank);
        let last = self.nearest.last_distance();
        if last < f64::from(self.limit) {
            // Whole, as all that was offered.
            self.limit = last as u32;
        }
    }
}
