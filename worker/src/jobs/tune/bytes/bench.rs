//! A tile of rows for the benchmark of the kernels; they themselves stay inside.

use super::{
    TILE,
    kernels::{Interleaving, lessened_words, words},
    level::Level,
    padded::Padded,
};

/// Queries that a kernel compares with a tile at once.
const QUERIES: usize = 4;

/// Which kernel.
#[derive(Debug, Clone, Copy)]
pub enum Kernel {
    /// Σ|a−b| of interleaved rows: MD and SD by brute force.
    Manhattan,
    /// Σ(a−b)² of interleaved rows: ED.
    Euclidean,
    /// Σ|a−b| of two rows: MD and SD of those that bounds leave.
    Difference,
    /// max |a−b| of two rows: CD.
    Largest,
}

impl Kernel {
    /// Each of them.
    pub const ALL: [Self; 4] = [
        Self::Manhattan,
        Self::Euclidean,
        Self::Difference,
        Self::Largest,
    ];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Manhattan => "manhattan",
            Self::Euclidean => "euclidean",
            Self::Difference => "difference",
            Self::Largest => "largest",
        }
    }
}

/// Rows, queries, and room for what is computed of them.
#[derive(Debug)]
pub struct Tile {
    width: usize,
    by_8: Interleaving,
    by_4: Interleaving,
    padded: Padded,
    words: Vec<Vec<u64>>,
    lessened: Vec<Vec<u32>>,
    offsets: Vec<i32>,
    out: [Vec<u32>; QUERIES],
}

impl Tile {
    /// As many rows of this width as `tune` compares at once.
    #[must_use]
    pub fn new(width: usize) -> Self {
        let byte = |row: usize, column: usize| (row * 31 + column * 17 + row * column) as u8;
        let rows: Vec<Vec<u8>> = (0..TILE + QUERIES)
            .map(|row| (0..width).map(|column| byte(row, column)).collect())
            .collect();
        let (queries, known) = rows.split_at(QUERIES);
        let (mut by_8, mut by_4) = (Interleaving::default(), Interleaving::default());
        by_8.fill::<8>(known.iter().map(Vec::as_slice), width);
        by_4.fill::<4>(known.iter().map(Vec::as_slice), width);
        Self {
            width,
            by_8,
            by_4,
            padded: Padded::of(rows.iter().map(Vec::as_slice), width),
            words: queries.iter().map(|query| words(query)).collect(),
            lessened: queries.iter().map(|query| lessened_words(query)).collect(),
            offsets: vec![0; TILE],
            out: std::array::from_fn(|_| vec![0; TILE]),
        }
    }

    /// How many pairs of features one run compares.
    #[must_use]
    pub fn elements(&self) -> u64 {
        (TILE * QUERIES * self.width) as u64
    }

    /// The names of this processor's levels of instructions, the best last.
    #[must_use]
    pub fn levels() -> Vec<String> {
        let levels = Level::all();
        levels.iter().map(|level| format!("{level:?}")).collect()
    }

    /// Compares all rows with all queries, by the kernel of the level at this index. Returns some of the results.
    pub fn run(&mut self, kernel: Kernel, level: usize) -> u32 {
        let level = Level::all()[level];
        let out = self.out.each_mut().map(|out| &mut out[..]);
        match kernel {
            Kernel::Manhattan => {
                let words = std::array::from_fn(|at| &self.words[at][..]);
                level.manhattan(self.by_8.view(), words, out);
            }
            Kernel::Euclidean => {
                let words = std::array::from_fn(|at| (&self.lessened[at][..], 0));
                level.euclidean(self.by_4.view(), &self.offsets, words, out);
            }
            Kernel::Difference => {
                for (query, out) in out.into_iter().enumerate() {
                    for (row, out) in (QUERIES..).zip(out) {
                        *out = level.difference(self.padded.row(query), self.padded.row(row));
                    }
                }
            }
            Kernel::Largest => {
                for (query, out) in out.into_iter().enumerate() {
                    for (row, out) in (QUERIES..).zip(out) {
                        *out = level
                            .largest(self.padded.row(query), self.padded.row(row))
                            .into();
                    }
                }
            }
        }
        self.out[QUERIES - 1][TILE - 1]
    }
}
