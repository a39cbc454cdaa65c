//! The kernels with registers of 32 bytes.

use std::arch::x86_64::{
    __m256, _CMP_LE_OQ, _mm256_add_ps, _mm256_andnot_ps, _mm256_cmp_ps, _mm256_max_ps,
    _mm256_movemask_ps, _mm256_mul_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_sub_ps,
};

use super::{
    kernels::{ABSOLUTE, Groups, LANES, LARGEST, Lanes, Reach, SQUARES, Sum},
    portable,
};

#[target_feature(enable = "avx2")]
pub(in super::super) fn sums(
    sum: Sum,
    rows: Groups<'_>,
    queries: [&[f32]; 4],
    out: [&mut [f32]; 4],
) {
    match sum {
        Sum::Squares => sums_of::<SQUARES>(rows, queries, out),
        Sum::Absolute => sums_of::<ABSOLUTE>(rows, queries, out),
        Sum::Largest => sums_of::<LARGEST>(rows, queries, out),
    }
}

#[target_feature(enable = "avx2")]
fn sums_of<const SUM: u8>(rows: Groups<'_>, queries: [&[f32]; 4], out: [&mut [f32]; 4]) {
    let groups = rows.lanes.chunks_exact(rows.width);
    let [out0, out1, out2, out3] = out.map(|out| out.chunks_exact_mut(LANES));
    let [query0, query1, query2, query3] = queries;
    for ((((group, out0), out1), out2), out3) in groups.zip(out0).zip(out1).zip(out2).zip(out3) {
        let mut sums = [[_mm256_setzero_ps(); 2]; 4];
        let features = query0.iter().zip(query1).zip(query2).zip(query3);
        for (lanes, (((x0, x1), x2), x3)) in group.iter().zip(features) {
            let halves = load(lanes);
            for (sums, feature) in sums.iter_mut().zip([x0, x1, x2, x3]) {
                let feature = _mm256_set1_ps(*feature);
                for (sum, half) in sums.iter_mut().zip(halves) {
                    *sum = add::<SUM>(*sum, half, feature);
                }
            }
        }
        for (out, sums) in [out0, out1, out2, out3].into_iter().zip(sums) {
            out.copy_from_slice(&bytemuck::must_cast::<[__m256; 2], [f32; LANES]>(sums));
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn add<const SUM: u8>(sum: __m256, row: __m256, feature: __m256) -> __m256 {
    let apart = _mm256_sub_ps(row, feature);
    let magnitude = || _mm256_andnot_ps(_mm256_set1_ps(-0.0), apart);
    match SUM {
        SQUARES => _mm256_add_ps(sum, _mm256_mul_ps(apart, apart)),
        ABSOLUTE => _mm256_add_ps(sum, magnitude()),
        _ => _mm256_max_ps(sum, magnitude()),
    }
}

#[target_feature(enable = "avx2")]
pub(in super::super) fn within(values: &[f32], totals: &[f32], reach: Reach, out: &mut Vec<u32>) {
    let (blocks, rest) = values.as_chunks::<8>();
    let (block_totals, rest_totals) = totals.as_chunks::<8>();
    let constant = _mm256_set1_ps(reach.constant);
    let factor = _mm256_set1_ps(reach.factor);
    let mut first = 0;
    for (values, totals) in blocks.iter().zip(block_totals) {
        let totals = _mm256_mul_ps(bytemuck::must_cast(*totals), factor);
        let most = _mm256_add_ps(totals, constant);
        let is_within = _mm256_cmp_ps::<_CMP_LE_OQ>(bytemuck::must_cast(*values), most);
        let mut mask = _mm256_movemask_ps(is_within);
        while mask != 0 {
            out.push(first + mask.trailing_zeros());
            mask &= mask - 1;
        }
        first += 8;
    }
    portable::within_from(first, rest, rest_totals, reach, out);
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(lanes: &Lanes) -> [__m256; 2] {
    bytemuck::must_cast(lanes.0)
}
