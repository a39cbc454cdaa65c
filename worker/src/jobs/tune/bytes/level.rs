//! Which instructions this processor has, and the way to the kernels made of them.
//!
//! A kernel for instructions that not every processor has may only be called where they were found: that promise, and
//! a hint to fetch memory, are all the `unsafe` there is here. The kernels themselves are safe code.
#![expect(
    unsafe_code,
    reason = "calls of functions whose instructions were found to be there, see each SAFETY note"
)]

use super::{
    super::floats::{
        self,
        kernels::{Groups, Reach, Sum},
    },
    kernels::{Interleaved, Limits},
    padded::Block,
    portable,
};

#[cfg(target_arch = "x86_64")]
use super::padded::BLOCK;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};

/// How wide the registers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// What the compiler makes of plain code for the target: SSE2 on x86-64, NEON on aarch64.
    Portable,
    /// 32 bytes.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 64 bytes, with products of bytes (VNNI).
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// Calls the kernel of a level.
macro_rules! dispatch {
    ($level:expr, floats::$kernel:ident($($argument:expr),*)) => {
        match $level {
            Level::Portable => floats::portable::$kernel($($argument),*),
            // SAFETY: `Level::all` gives this level only where AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { floats::avx2::$kernel($($argument),*) },
            // SAFETY: `Level::all` gives this level only where AVX-512 F, BW, DQ, VL and VNNI were detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { floats::avx512::$kernel($($argument),*) },
        }
    };
    ($level:expr, $kernel:ident($($argument:expr),*)) => {
        match $level {
            Level::Portable => portable::$kernel($($argument),*),
            // SAFETY: `Level::all` gives this level only where AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { avx2::$kernel($($argument),*) },
            // SAFETY: `Level::all` gives this level only where AVX-512 F, BW, DQ, VL and VNNI were detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { avx512::$kernel($($argument),*) },
        }
    };
}

/// Asks for the cache lines of a row that will be read soon, and waits for none.
#[cfg_attr(not(target_arch = "x86_64"), expect(unused_variables))]
#[inline]
pub(super) fn fetch(row: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    for line in row.chunks(BLOCK) {
        // SAFETY: a hint about an address does nothing to what is there; every x86-64 processor has it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
}

impl Level {
    /// The levels of this processor, the best one last.
    pub(crate) fn all() -> Vec<Self> {
        #[cfg_attr(not(target_arch = "x86_64"), expect(unused_mut))]
        let mut levels = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                levels.push(Self::Avx2);
            }
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vnni")
            {
                levels.push(Self::Avx512);
            }
        }
        levels
    }

    /// The best level of this processor.
    pub(crate) fn best() -> Self {
        Self::all().pop().unwrap_or(Self::Portable)
    }

    /// Σ|a−b| of 8 interleaved rows with each of 4 queries. See [`kernels`](super::kernels).
    #[inline]
    pub(crate) fn manhattan(
        self,
        rows: Interleaved<'_>,
        queries: [&[u64]; 4],
        out: [&mut [u32]; 4],
    ) {
        dispatch!(self, manhattan(rows, queries, out));
    }

    /// Σ(a−b)² of 16 interleaved rows with each of 4 queries, as the offset of the row and that of the query less
    /// 2 Σab, where the features of queries are lessened by 128.
    #[inline]
    pub(crate) fn euclidean(
        self,
        rows: Interleaved<'_>,
        offsets: &[i32],
        queries: [(&[u32], i32); 4],
        out: [&mut [u32]; 4],
    ) {
        dispatch!(self, euclidean(rows, offsets, queries, out));
    }

    /// Σ|a−b| of 8 interleaved rows with one query.
    #[inline]
    pub(crate) fn sketch(self, rows: Interleaved<'_>, query: &[u64], out: &mut [u32]) {
        dispatch!(self, sketch(rows, query, out));
    }

    /// Σb and Σb² of a row.
    #[inline]
    pub(crate) fn sums(self, row: &[u8]) -> (u32, u32) {
        dispatch!(self, sums(row))
    }

    /// Σ|a−b| of two rows.
    #[inline]
    pub(crate) fn difference(self, one: &[Block], other: &[Block]) -> u32 {
        dispatch!(self, difference(one, other))
    }

    /// Σ(a−b)² of two rows.
    #[inline]
    pub(crate) fn square(self, one: &[Block], other: &[Block]) -> u32 {
        dispatch!(self, square(one, other))
    }

    /// max |a−b| of two rows.
    #[inline]
    pub(crate) fn largest(self, one: &[Block], other: &[Block]) -> u8 {
        dispatch!(self, largest(one, other))
    }

    /// Adds the indices of those blocks of which all bytes lie between those of `low` and `high`.
    #[inline]
    pub(crate) fn within(self, blocks: &[Block], low: &Block, high: &Block, out: &mut Vec<u32>) {
        dispatch!(self, within(blocks, low, high, out));
    }

    /// Keeps those indices whose blocks have all bytes between those of `low` and `high`.
    #[inline]
    pub(crate) fn keep_within(
        self,
        blocks: &[Block],
        low: &Block,
        high: &Block,
        indices: &mut Vec<u32>,
    ) {
        dispatch!(self, keep_within(blocks, low, high, indices));
    }

    /// Adds `first` + the indices of all values below `limit`.
    #[inline]
    pub(crate) fn below(self, values: &[u32], limit: u32, first: u32, out: &mut Vec<u32>) {
        dispatch!(self, below(values, limit, first, out));
    }

    /// Adds the indices of all values that are below `limit`, or at most a share of the row's total and the query's.
    #[inline]
    pub(crate) fn below_share(
        self,
        values: &[u32],
        totals: &[u32],
        limits: Limits,
        out: &mut Vec<u32>,
    ) {
        dispatch!(self, below_share(values, totals, limits, out));
    }

    /// Sums in f32 of 16 rows side by side with each of 4 queries. See [`floats`].
    #[inline]
    pub(crate) fn float_sums(
        self,
        sum: Sum,
        rows: Groups<'_>,
        queries: [&[f32]; 4],
        out: [&mut [f32]; 4],
    ) {
        dispatch!(self, floats::sums(sum, rows, queries, out));
    }

    /// Adds the indices of all values within reach.
    #[inline]
    pub(crate) fn float_within(
        self,
        values: &[f32],
        totals: &[f32],
        reach: Reach,
        out: &mut Vec<u32>,
    ) {
        dispatch!(self, floats::within(values, totals, reach, out));
    }
}
