//! The kernels with registers of 32 bytes.

use std::arch::x86_64::{
    __m256i, _CMP_GT_OQ, _mm256_add_epi32, _mm256_add_epi64, _mm256_and_ps, _mm256_castsi256_ps,
    _mm256_castsi256_si128, _mm256_cmp_ps, _mm256_cmpeq_epi32, _mm256_cvtepi8_epi16,
    _mm256_cvtepi32_ps, _mm256_cvtepu8_epi16, _mm256_extracti128_si256, _mm256_hadd_epi32,
    _mm256_madd_epi16, _mm256_max_epu8, _mm256_max_epu32, _mm256_movemask_ps, _mm256_mul_ps,
    _mm256_mullo_epi32, _mm256_or_si256, _mm256_permute4x64_epi64, _mm256_sad_epu8,
    _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_set1_ps, _mm256_setzero_si256, _mm256_sub_epi32,
    _mm256_subs_epu8, _mm256_testz_si256, _mm256_unpackhi_epi8, _mm256_unpacklo_epi8,
};

use super::{
    avx512::largest_byte,
    kernels::{Interleaved, Limits},
    padded::Block,
    portable,
};

#[target_feature(enable = "avx2")]
pub(super) fn manhattan(rows: Interleaved<'_>, queries: [&[u64]; 4], out: [&mut [u32]; 4]) {
    let groups = rows.blocks.chunks_exact(rows.words);
    let [out0, out1, out2, out3] = out.map(|out| out.chunks_exact_mut(8));
    for ((((group, out0), out1), out2), out3) in groups.zip(out0).zip(out1).zip(out2).zip(out3) {
        let mut sums = [[_mm256_setzero_si256(); 2]; 4];
        let words = queries[0]
            .iter()
            .zip(queries[1])
            .zip(queries[2])
            .zip(queries[3]);
        for (block, (((word0, word1), word2), word3)) in group.iter().zip(words) {
            let halves = load(block);
            for (sums, word) in sums.iter_mut().zip([word0, word1, word2, word3]) {
                let word = _mm256_set1_epi64x(word.cast_signed());
                for (sum, half) in sums.iter_mut().zip(halves) {
                    *sum = _mm256_add_epi64(*sum, _mm256_sad_epu8(half, word));
                }
            }
        }
        for (out, sums) in [out0, out1, out2, out3].into_iter().zip(sums) {
            store(sums, out);
        }
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn sketch(rows: Interleaved<'_>, query: &[u64], out: &mut [u32]) {
    let groups = rows.blocks.chunks_exact(rows.words);
    for (group, out) in groups.zip(out.chunks_exact_mut(8)) {
        let mut sums = [_mm256_setzero_si256(); 2];
        for (block, word) in group.iter().zip(query) {
            let word = _mm256_set1_epi64x(word.cast_signed());
            for (sum, half) in sums.iter_mut().zip(load(block)) {
                *sum = _mm256_add_epi64(*sum, _mm256_sad_epu8(half, word));
            }
        }
        store(sums, out);
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn euclidean(
    rows: Interleaved<'_>,
    offsets: &[i32],
    queries: [(&[u32], i32); 4],
    out: [&mut [u32]; 4],
) {
    let groups = rows.blocks.chunks_exact(rows.words);
    let offsets = offsets.chunks_exact(16);
    let [out0, out1, out2, out3] = out.map(|out| out.chunks_exact_mut(16));
    let own = queries.map(|(_, own)| own);
    let queries = queries.map(|(query, _)| query);
    let tiles = groups.zip(offsets).zip(out0).zip(out1).zip(out2).zip(out3);
    for (((((group, offsets), out0), out1), out2), out3) in tiles {
        // Half of the rows at a time, so that no sum has to leave its register.
        let halves = [products::<0>(group, queries), products::<1>(group, queries)];
        for (query, (out, own)) in [out0, out1, out2, out3].into_iter().zip(own).enumerate() {
            let rows = out.chunks_exact_mut(8).zip(offsets.chunks_exact(8));
            for ((out, offsets), half) in rows.zip(&halves) {
                // Rows 0 1 4 5 2 3 6 7 after adding neighbours within halves.
                let sums = _mm256_hadd_epi32(half[query][0], half[query][1]);
                let sums = _mm256_permute4x64_epi64::<0b11_01_10_00>(sums);
                let sums = bytemuck::must_cast::<__m256i, [i32; 8]>(sums);
                for ((out, offset), sum) in out.iter_mut().zip(offsets).zip(sums) {
                    *out = (own + offset - 2 * sum).cast_unsigned();
                }
            }
        }
    }
}

/// Σab of 8 of 16 rows with each of 4 queries: for each, 4 rows in a register, two lanes a row.
#[inline]
#[target_feature(enable = "avx2")]
fn products<const HALF: usize>(group: &[Block], queries: [&[u32]; 4]) -> [[__m256i; 2]; 4] {
    let mut sums = [[_mm256_setzero_si256(); 2]; 4];
    let [query0, query1, query2, query3] = queries;
    let words = query0.iter().zip(query1).zip(query2).zip(query3);
    for (block, (((word0, word1), word2), word3)) in group.iter().zip(words) {
        let rows = load(block)[HALF];
        let rows = [
            _mm256_cvtepu8_epi16(_mm256_castsi256_si128(rows)),
            _mm256_cvtepu8_epi16(_mm256_extracti128_si256::<1>(rows)),
        ];
        for (sums, word) in sums.iter_mut().zip([word0, word1, word2, word3]) {
            let word = _mm256_set1_epi32(word.cast_signed());
            let word = _mm256_cvtepi8_epi16(_mm256_castsi256_si128(word));
            for (sum, rows) in sums.iter_mut().zip(rows) {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(rows, word));
            }
        }
    }
    sums
}

#[target_feature(enable = "avx2")]
pub(super) fn difference(one: &[Block], other: &[Block]) -> u32 {
    let mut sums = [_mm256_setzero_si256(); 2];
    for (one, other) in one.iter().zip(other) {
        for ((sum, one), other) in sums.iter_mut().zip(load(one)).zip(load(other)) {
            *sum = _mm256_add_epi64(*sum, _mm256_sad_epu8(one, other));
        }
    }
    let sums = bytemuck::must_cast::<[__m256i; 2], [u64; 8]>(sums);
    sums.iter().sum::<u64>() as u32
}

#[target_feature(enable = "avx2")]
pub(super) fn square(one: &[Block], other: &[Block]) -> u32 {
    let zero = _mm256_setzero_si256();
    let mut sums = [zero; 2];
    for (one, other) in one.iter().zip(other) {
        for ((sum, one), other) in sums.iter_mut().zip(load(one)).zip(load(other)) {
            let apart = _mm256_or_si256(_mm256_subs_epu8(one, other), _mm256_subs_epu8(other, one));
            let low = _mm256_unpacklo_epi8(apart, zero);
            let high = _mm256_unpackhi_epi8(apart, zero);
            let squares =
                _mm256_add_epi32(_mm256_madd_epi16(low, low), _mm256_madd_epi16(high, high));
            *sum = _mm256_add_epi32(*sum, squares);
        }
    }
    let sums = bytemuck::must_cast::<__m256i, [u32; 8]>(_mm256_add_epi32(sums[0], sums[1]));
    sums.iter().sum()
}

#[target_feature(enable = "avx2")]
pub(super) fn largest(one: &[Block], other: &[Block]) -> u8 {
    let mut most = _mm256_setzero_si256();
    for (one, other) in one.iter().zip(other) {
        for (one, other) in load(one).into_iter().zip(load(other)) {
            most = _mm256_max_epu8(most, _mm256_subs_epu8(one, other));
            most = _mm256_max_epu8(most, _mm256_subs_epu8(other, one));
        }
    }
    largest_byte(most)
}

#[target_feature(enable = "avx2")]
pub(super) fn within(blocks: &[Block], low: &Block, high: &Block, out: &mut Vec<u32>) {
    let (low, high) = (load(low), load(high));
    // Every index is written, and the next one over those that do not count: no branch to be guessed wrong.
    let mut kept = out.len();
    out.resize(kept + blocks.len(), 0);
    for (index, block) in (0..).zip(blocks) {
        out[kept] = index;
        kept += usize::from(is_within(load(block), low, high));
    }
    out.truncate(kept);
}

#[target_feature(enable = "avx2")]
pub(super) fn keep_within(blocks: &[Block], low: &Block, high: &Block, indices: &mut Vec<u32>) {
    let (low, high) = (load(low), load(high));
    let mut kept = 0;
    for at in 0..indices.len() {
        let index = indices[at];
        indices[kept] = index;
        kept += usize::from(is_within(load(&blocks[index as usize]), low, high));
    }
    indices.truncate(kept);
}

#[inline]
#[target_feature(enable = "avx2")]
fn is_within(block: [__m256i; 2], low: [__m256i; 2], high: [__m256i; 2]) -> bool {
    let mut outside = _mm256_setzero_si256();
    for ((block, low), high) in block.into_iter().zip(low).zip(high) {
        outside = _mm256_or_si256(outside, _mm256_subs_epu8(low, block));
        outside = _mm256_or_si256(outside, _mm256_subs_epu8(block, high));
    }
    _mm256_testz_si256(outside, outside) == 1
}

#[target_feature(enable = "avx2")]
pub(super) fn below(values: &[u32], limit: u32, first: u32, out: &mut Vec<u32>) {
    let (blocks, rest) = values.as_chunks::<8>();
    let limits = _mm256_set1_epi32(limit.cast_signed());
    let mut index = first;
    for block in blocks {
        let values: __m256i = bytemuck::must_cast(*block);
        // Not below: the larger of the two is the value.
        let others = _mm256_cmpeq_epi32(_mm256_max_epu32(values, limits), values);
        let mut mask = !_mm256_movemask_ps(_mm256_castsi256_ps(others)) & 0xff;
        while mask != 0 {
            out.push(index + mask.trailing_zeros());
            mask &= mask - 1;
        }
        index += 8;
    }
    portable::below(rest, limit, index, out);
}

#[target_feature(enable = "avx2")]
pub(super) fn below_share(values: &[u32], totals: &[u32], limits: Limits, out: &mut Vec<u32>) {
    let (blocks, rest) = values.as_chunks::<8>();
    let (other, rest_totals) = totals.as_chunks::<8>();
    let factor = _mm256_set1_epi32(limits.factor.cast_signed());
    let slack = _mm256_set1_epi32(limits.slack.cast_signed());
    let limit = _mm256_set1_epi32(limits.limit.cast_signed());
    let share = _mm256_set1_ps(limits.loosened_share());
    let total = _mm256_set1_epi32(limits.total.cast_signed());
    let mut first = 0;
    for (values, totals) in blocks.iter().zip(other) {
        let values = _mm256_mullo_epi32(bytemuck::must_cast(*values), factor);
        let bounds = _mm256_sub_epi32(_mm256_max_epu32(values, slack), slack);
        let totals = _mm256_add_epi32(bytemuck::must_cast(*totals), total);
        let most = _mm256_mul_ps(share, _mm256_cvtepi32_ps(totals));
        // Beyond the share, and not below the limit: the larger of the two is the bound.
        let beyond = _mm256_cmp_ps::<_CMP_GT_OQ>(_mm256_cvtepi32_ps(bounds), most);
        let above = _mm256_cmpeq_epi32(_mm256_max_epu32(bounds, limit), bounds);
        let others = _mm256_and_ps(beyond, _mm256_castsi256_ps(above));
        let mut mask = !_mm256_movemask_ps(others) & 0xff;
        while mask != 0 {
            out.push(first + mask.trailing_zeros());
            mask &= mask - 1;
        }
        first += 8;
    }
    let start = out.len();
    portable::below_share(rest, rest_totals, limits, out);
    for index in &mut out[start..] {
        *index += first;
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn sums(row: &[u8]) -> (u32, u32) {
    portable::sums(row)
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(block: &Block) -> [__m256i; 2] {
    bytemuck::must_cast(block.0)
}

/// The sums of 8 rows.
#[inline]
#[target_feature(enable = "avx2")]
fn store(sums: [__m256i; 2], out: &mut [u32]) {
    let sums: [u64; 8] = bytemuck::must_cast(sums);
    for (out, sum) in out.iter_mut().zip(sums) {
        *out = sum as u32;
    }
}
