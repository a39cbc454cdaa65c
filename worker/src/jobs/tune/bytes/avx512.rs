//! The kernels with registers of 64 bytes.

use std::arch::x86_64::{
    __m256i, __m512i, _CMP_LE_OQ, _mm_cvtsi128_si32, _mm_max_epu8, _mm_min_epu8, _mm_minpos_epu16,
    _mm_set1_epi8, _mm_srli_epi16, _mm_xor_si128, _mm256_castsi256_si128, _mm256_extracti128_si256,
    _mm256_max_epu8, _mm512_add_epi32, _mm512_add_epi64, _mm512_castsi512_si256,
    _mm512_cmp_ps_mask, _mm512_cmplt_epu32_mask, _mm512_cvtepi64_epi32, _mm512_cvtepu32_ps,
    _mm512_dpbusd_epi32, _mm512_extracti64x4_epi64, _mm512_madd_epi16, _mm512_max_epu8,
    _mm512_max_epu32, _mm512_mul_ps, _mm512_mullo_epi32, _mm512_or_si512, _mm512_reduce_add_epi32,
    _mm512_reduce_add_epi64, _mm512_sad_epu8, _mm512_set1_epi32, _mm512_set1_epi64, _mm512_set1_ps,
    _mm512_setzero_si512, _mm512_sub_epi32, _mm512_subs_epu8, _mm512_test_epi32_mask,
    _mm512_unpackhi_epi8, _mm512_unpacklo_epi8,
};

use super::{
    kernels::{Interleaved, Limits},
    padded::Block,
    portable,
};

/// Which groups of rows are computed together.
const GROUPS: usize = 2;

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn manhattan(rows: Interleaved<'_>, queries: [&[u64]; 4], out: [&mut [u32]; 4]) {
    let pairs = rows.blocks.chunks(GROUPS * rows.words);
    let [out0, out1, out2, out3] = out.map(|out| out.chunks_mut(GROUPS * 8));
    for ((((pair, out0), out1), out2), out3) in pairs.zip(out0).zip(out1).zip(out2).zip(out3) {
        let (one, other) = pair.split_at(rows.words);
        // A last group without a partner is computed twice.
        let other = if other.is_empty() { one } else { other };
        let mut sums = [[_mm512_setzero_si512(); 4]; GROUPS];
        let words = queries[0]
            .iter()
            .zip(queries[1])
            .zip(queries[2])
            .zip(queries[3]);
        for ((one, other), (((word0, word1), word2), word3)) in one.iter().zip(other).zip(words) {
            let (one, other) = (load(one), load(other));
            for (query, word) in [word0, word1, word2, word3].into_iter().enumerate() {
                let word = _mm512_set1_epi64(word.cast_signed());
                sums[0][query] = _mm512_add_epi64(sums[0][query], _mm512_sad_epu8(one, word));
                sums[1][query] = _mm512_add_epi64(sums[1][query], _mm512_sad_epu8(other, word));
            }
        }
        for (query, out) in [out0, out1, out2, out3].into_iter().enumerate() {
            let (first, second) = out.split_at_mut(8);
            first.copy_from_slice(&lanes(sums[0][query]));
            if !second.is_empty() {
                second.copy_from_slice(&lanes(sums[1][query]));
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn sketch(rows: Interleaved<'_>, query: &[u64], out: &mut [u32]) {
    let groups = rows.blocks.chunks_exact(rows.words);
    for (group, out) in groups.zip(out.chunks_exact_mut(8)) {
        let mut sum = _mm512_setzero_si512();
        for (block, word) in group.iter().zip(query) {
            let word = _mm512_set1_epi64(word.cast_signed());
            sum = _mm512_add_epi64(sum, _mm512_sad_epu8(load(block), word));
        }
        out.copy_from_slice(&lanes(sum));
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn euclidean(
    rows: Interleaved<'_>,
    offsets: &[i32],
    queries: [(&[u32], i32); 4],
    out: [&mut [u32]; 4],
) {
    let pairs = rows.blocks.chunks(GROUPS * rows.words);
    let offsets = offsets.chunks(GROUPS * 16);
    let [out0, out1, out2, out3] = out.map(|out| out.chunks_mut(GROUPS * 16));
    let own = queries.map(|(_, own)| _mm512_set1_epi32(own));
    let [query0, query1, query2, query3] = queries.map(|(query, _)| query);
    let tiles = pairs.zip(offsets).zip(out0).zip(out1).zip(out2).zip(out3);
    for (((((pair, offsets), out0), out1), out2), out3) in tiles {
        let (one, other) = pair.split_at(rows.words);
        let other = if other.is_empty() { one } else { other };
        let mut sums = [[_mm512_setzero_si512(); 4]; GROUPS];
        let words = query0.iter().zip(query1).zip(query2).zip(query3);
        for ((one, other), (((word0, word1), word2), word3)) in one.iter().zip(other).zip(words) {
            let (one, other) = (load(one), load(other));
            for (query, word) in [word0, word1, word2, word3].into_iter().enumerate() {
                let word = _mm512_set1_epi32(word.cast_signed());
                sums[0][query] = _mm512_dpbusd_epi32(sums[0][query], one, word);
                sums[1][query] = _mm512_dpbusd_epi32(sums[1][query], other, word);
            }
        }
        for (query, out) in [out0, out1, out2, out3].into_iter().enumerate() {
            let (out, _) = out.as_chunks_mut::<16>();
            let (offsets, _) = offsets.as_chunks::<16>();
            for ((out, offsets), sums) in out.iter_mut().zip(offsets).zip(&sums) {
                let offsets = _mm512_add_epi32(bytemuck::must_cast(*offsets), own[query]);
                let doubled = _mm512_add_epi32(sums[query], sums[query]);
                *out = bytemuck::must_cast(_mm512_sub_epi32(offsets, doubled));
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn difference(one: &[Block], other: &[Block]) -> u32 {
    let mut sum = _mm512_setzero_si512();
    for (one, other) in one.iter().zip(other) {
        sum = _mm512_add_epi64(sum, _mm512_sad_epu8(load(one), load(other)));
    }
    _mm512_reduce_add_epi64(sum) as u32
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn square(one: &[Block], other: &[Block]) -> u32 {
    let zero = _mm512_setzero_si512();
    let mut sums = [zero; 2];
    for (one, other) in one.iter().zip(other) {
        let (one, other) = (load(one), load(other));
        let apart = _mm512_or_si512(_mm512_subs_epu8(one, other), _mm512_subs_epu8(other, one));
        let low = _mm512_unpacklo_epi8(apart, zero);
        let high = _mm512_unpackhi_epi8(apart, zero);
        sums[0] = _mm512_add_epi32(sums[0], _mm512_madd_epi16(low, low));
        sums[1] = _mm512_add_epi32(sums[1], _mm512_madd_epi16(high, high));
    }
    _mm512_reduce_add_epi32(_mm512_add_epi32(sums[0], sums[1])).cast_unsigned()
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn largest(one: &[Block], other: &[Block]) -> u8 {
    let mut most = _mm512_setzero_si512();
    for (one, other) in one.iter().zip(other) {
        let (one, other) = (load(one), load(other));
        most = _mm512_max_epu8(most, _mm512_subs_epu8(one, other));
        most = _mm512_max_epu8(most, _mm512_subs_epu8(other, one));
    }
    largest_byte(_mm256_max_epu8(
        _mm512_castsi512_si256(most),
        _mm512_extracti64x4_epi64::<1>(most),
    ))
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
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

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
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
#[target_feature(enable = "avx512f,avx512bw")]
fn is_within(block: __m512i, low: __m512i, high: __m512i) -> bool {
    let outside = _mm512_or_si512(_mm512_subs_epu8(low, block), _mm512_subs_epu8(block, high));
    _mm512_test_epi32_mask(outside, outside) == 0
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn below(values: &[u32], limit: u32, first: u32, out: &mut Vec<u32>) {
    let (blocks, rest) = values.as_chunks::<16>();
    let limits = _mm512_set1_epi32(limit.cast_signed());
    let mut index = first;
    for block in blocks {
        let mut mask = _mm512_cmplt_epu32_mask(bytemuck::must_cast(*block), limits);
        while mask != 0 {
            out.push(index + mask.trailing_zeros());
            mask &= mask - 1;
        }
        index += 16;
    }
    portable::below(rest, limit, index, out);
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn below_share(values: &[u32], totals: &[u32], limits: Limits, out: &mut Vec<u32>) {
    let (blocks, rest) = values.as_chunks::<16>();
    let (other, rest_totals) = totals.as_chunks::<16>();
    let factor = _mm512_set1_epi32(limits.factor.cast_signed());
    let slack = _mm512_set1_epi32(limits.slack.cast_signed());
    let limit = _mm512_set1_epi32(limits.limit.cast_signed());
    let share = _mm512_set1_ps(limits.loosened_share());
    let total = _mm512_set1_epi32(limits.total.cast_signed());
    let mut first = 0;
    for (values, totals) in blocks.iter().zip(other) {
        let values = _mm512_mullo_epi32(bytemuck::must_cast(*values), factor);
        let bounds = _mm512_sub_epi32(_mm512_max_epu32(values, slack), slack);
        let totals = _mm512_add_epi32(bytemuck::must_cast(*totals), total);
        let most = _mm512_mul_ps(share, _mm512_cvtepu32_ps(totals));
        let mut mask = _mm512_cmplt_epu32_mask(bounds, limit)
            | _mm512_cmp_ps_mask::<_CMP_LE_OQ>(_mm512_cvtepu32_ps(bounds), most);
        while mask != 0 {
            out.push(first + mask.trailing_zeros());
            mask &= mask - 1;
        }
        first += 16;
    }
    let start = out.len();
    portable::below_share(rest, rest_totals, limits, out);
    for index in &mut out[start..] {
        *index += first;
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn sums(row: &[u8]) -> (u32, u32) {
    portable::sums(row)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(block: &Block) -> __m512i {
    bytemuck::must_cast(block.0)
}

/// The sums of 8 rows.
#[inline]
#[target_feature(enable = "avx512f")]
fn lanes(sums: __m512i) -> [u32; 8] {
    bytemuck::must_cast::<__m256i, [u32; 8]>(_mm512_cvtepi64_epi32(sums))
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn largest_byte(bytes: __m256i) -> u8 {
    let half = _mm_max_epu8(
        _mm256_castsi256_si128(bytes),
        _mm256_extracti128_si256::<1>(bytes),
    );
    // The least of the complements, which there is an instruction for.
    let least = _mm_xor_si128(half, _mm_set1_epi8(-1));
    let least = _mm_minpos_epu16(_mm_min_epu8(least, _mm_srli_epi16::<8>(least)));
    let least = _mm_cvtsi128_si32(least) as u8;
    !least
}
