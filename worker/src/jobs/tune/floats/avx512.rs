//! The kernels with registers of 64 bytes.

use std::arch::x86_64::{
    __m512, _CMP_LE_OQ, _mm512_abs_ps, _mm512_add_ps, _mm512_cmp_ps_mask, _mm512_fmadd_ps,
    _mm512_max_ps, _mm512_mul_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_sub_ps,
};

use super::{
    kernels::{ABSOLUTE, Groups, LANES, LARGEST, Lanes, Reach, SQUARES, Sum},
    portable,
};

/// Which groups of rows are computed together.
const GROUPS: usize = 2;

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
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

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn sums_of<const SUM: u8>(rows: Groups<'_>, queries: [&[f32]; 4], out: [&mut [f32]; 4]) {
    let pairs = rows.lanes.chunks(GROUPS * rows.width);
    let [out0, out1, out2, out3] = out.map(|out| out.chunks_mut(GROUPS * LANES));
    let [query0, query1, query2, query3] = queries;
    for ((((pair, out0), out1), out2), out3) in pairs.zip(out0).zip(out1).zip(out2).zip(out3) {
        let (one, other) = pair.split_at(rows.width);
        // A last group without a partner is computed twice.
        let other = if other.is_empty() { one } else { other };
        let mut sums = [[_mm512_setzero_ps(); 4]; GROUPS];
        let features = query0.iter().zip(query1).zip(query2).zip(query3);
        for ((one, other), (((x0, x1), x2), x3)) in one.iter().zip(other).zip(features) {
            let (one, other) = (load(one), load(other));
            for (query, feature) in [x0, x1, x2, x3].into_iter().enumerate() {
                let feature = _mm512_set1_ps(*feature);
                sums[0][query] = add::<SUM>(sums[0][query], one, feature);
                sums[1][query] = add::<SUM>(sums[1][query], other, feature);
            }
        }
        for (query, out) in [out0, out1, out2, out3].into_iter().enumerate() {
            let (out, _) = out.as_chunks_mut::<LANES>();
            for (out, sums) in out.iter_mut().zip(&sums) {
                *out = bytemuck::must_cast(sums[query]);
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add<const SUM: u8>(sum: __m512, row: __m512, feature: __m512) -> __m512 {
    let apart = _mm512_sub_ps(row, feature);
    match SUM {
        SQUARES => _mm512_fmadd_ps(apart, apart, sum),
        ABSOLUTE => _mm512_add_ps(sum, _mm512_abs_ps(apart)),
        _ => _mm512_max_ps(sum, _mm512_abs_ps(apart)),
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(in super::super) fn within(values: &[f32], totals: &[f32], reach: Reach, out: &mut Vec<u32>) {
    let (blocks, rest) = values.as_chunks::<LANES>();
    let (block_totals, rest_totals) = totals.as_chunks::<LANES>();
    let constant = _mm512_set1_ps(reach.constant);
    let factor = _mm512_set1_ps(reach.factor);
    let mut first = 0;
    for (values, totals) in blocks.iter().zip(block_totals) {
        let most = _mm512_add_ps(
            _mm512_mul_ps(bytemuck::must_cast(*totals), factor),
            constant,
        );
        let mut mask = _mm512_cmp_ps_mask::<_CMP_LE_OQ>(bytemuck::must_cast(*values), most);
        while mask != 0 {
            out.push(first + mask.trailing_zeros());
            mask &= mask - 1;
        }
        first += 16;
    }
    portable::within_from(first, rest, rest_totals, reach, out);
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(lanes: &Lanes) -> __m512 {
    bytemuck::must_cast(lanes.0)
}
