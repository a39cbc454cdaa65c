//! The kernels in plain code, for every processor.

use super::{
    kernels::{Interleaved, Limits},
    padded::{BLOCK, Block},
};

pub(super) fn manhattan(rows: Interleaved<'_>, queries: [&[u64]; 4], out: [&mut [u32]; 4]) {
    for (query, out) in queries.into_iter().zip(out) {
        sketch(rows, query, out);
    }
}

pub(super) fn sketch(rows: Interleaved<'_>, query: &[u64], out: &mut [u32]) {
    let groups = rows.blocks.chunks_exact(rows.words);
    for (group, out) in groups.zip(out.chunks_exact_mut(8)) {
        let mut sums = [0_u32; BLOCK];
        for (block, word) in group.iter().zip(query) {
            let word = word.to_ne_bytes();
            for (at, (sum, byte)) in sums.iter_mut().zip(block.iter()).enumerate() {
                *sum += u32::from(byte.abs_diff(word[at % 8]));
            }
        }
        for (out, sums) in out.iter_mut().zip(sums.chunks_exact(8)) {
            *out = sums.iter().sum();
        }
    }
}

pub(super) fn euclidean(
    rows: Interleaved<'_>,
    offsets: &[i32],
    queries: [(&[u32], i32); 4],
    out: [&mut [u32]; 4],
) {
    for ((query, own), out) in queries.into_iter().zip(out) {
        let groups = rows.blocks.chunks_exact(rows.words);
        let out = out.chunks_exact_mut(16).zip(offsets.chunks_exact(16));
        for (group, (out, offsets)) in groups.zip(out) {
            let mut sums = [0_i32; BLOCK];
            for (block, word) in group.iter().zip(query) {
                let word = word.to_ne_bytes().map(u8::cast_signed);
                for (at, (sum, byte)) in sums.iter_mut().zip(block.iter()).enumerate() {
                    *sum += i32::from(*byte) * i32::from(word[at % 4]);
                }
            }
            for ((out, sums), offset) in out.iter_mut().zip(sums.chunks_exact(4)).zip(offsets) {
                *out = (own + offset - 2 * sums.iter().sum::<i32>()).cast_unsigned();
            }
        }
    }
}

pub(super) fn difference(one: &[Block], other: &[Block]) -> u32 {
    let blocks = one.iter().zip(other);
    let pairs = blocks.flat_map(|(one, other)| one.iter().zip(other.iter()));
    pairs.map(|(a, b)| u32::from(a.abs_diff(*b))).sum()
}

pub(super) fn square(one: &[Block], other: &[Block]) -> u32 {
    let blocks = one.iter().zip(other);
    let pairs = blocks.flat_map(|(one, other)| one.iter().zip(other.iter()));
    pairs.map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum()
}

pub(super) fn largest(one: &[Block], other: &[Block]) -> u8 {
    let blocks = one.iter().zip(other);
    let pairs = blocks.flat_map(|(one, other)| one.iter().zip(other.iter()));
    pairs.fold(0, |most, (a, b)| most.max(a.abs_diff(*b)))
}

pub(super) fn within(blocks: &[Block], low: &Block, high: &Block, out: &mut Vec<u32>) {
    for (index, block) in (0..).zip(blocks) {
        if is_within(block, low, high) {
            out.push(index);
        }
    }
}

pub(super) fn keep_within(blocks: &[Block], low: &Block, high: &Block, indices: &mut Vec<u32>) {
    indices.retain(|&index| is_within(&blocks[index as usize], low, high));
}

fn is_within(block: &Block, low: &Block, high: &Block) -> bool {
    let limits = low.iter().zip(high.iter());
    let outside = block
        .iter()
        .zip(limits)
        .fold(0, |outside, (byte, (low, high))| {
            outside | low.saturating_sub(*byte) | byte.saturating_sub(*high)
        });
    outside == 0
}

pub(super) fn below(values: &[u32], limit: u32, first: u32, out: &mut Vec<u32>) {
    let mut first = first;
    for values in values.chunks(16) {
        // Nearly always there is none, which the compiler finds out for all sixteen at once.
        if values
            .iter()
            .fold(0, |any, value| any | u8::from(*value < limit))
            != 0
        {
            let found = (first..).zip(values).filter(|(_, value)| **value < limit);
            out.extend(found.map(|(index, _)| index));
        }
        first += 16;
    }
}

#[expect(
    clippy::inline_always,
    reason = "compiled anew for the instructions of each caller"
)]
#[inline(always)]
pub(super) fn below_share(values: &[u32], totals: &[u32], limits: Limits, out: &mut Vec<u32>) {
    let Limits {
        factor,
        slack,
        limit,
        total,
        ..
    } = limits;
    let share = limits.loosened_share();
    let is_below = |value: u32, other: u32| {
        let bound = (value * factor).saturating_sub(slack);
        // Below 2^24, which f32 holds.
        bound < limit || bound as f32 <= share * (total + other) as f32
    };
    let mut first = 0;
    for (values, totals) in values.chunks(16).zip(totals.chunks(16)) {
        let pairs = || values.iter().zip(totals);
        if pairs().fold(0, |any, (value, other)| {
            any | u8::from(is_below(*value, *other))
        }) != 0
        {
            let found = (first..).zip(pairs());
            let found = found.filter(|(_, (value, other))| is_below(**value, **other));
            out.extend(found.map(|(index, _)| index));
        }
        first += 16;
    }
}

/// Σb and Σb² of a row.
#[expect(
    clippy::inline_always,
    reason = "compiled anew for the instructions of each caller"
)]
#[inline(always)]
pub(super) fn sums(row: &[u8]) -> (u32, u32) {
    let total = row.iter().map(|&byte| u32::from(byte)).sum();
    let squares = row
        .iter()
        .map(|&byte| u32::from(byte) * u32::from(byte))
        .sum();
    (total, squares)
}
