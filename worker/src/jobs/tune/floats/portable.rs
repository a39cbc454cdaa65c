//! The kernels in plain code, for every processor.

use super::kernels::{ABSOLUTE, Groups, LANES, LARGEST, Reach, SQUARES, Sum};

pub(in super::super) fn sums(
    sum: Sum,
    rows: Groups<'_>,
    queries: [&[f32]; 4],
    out: [&mut [f32]; 4],
) {
    for (query, out) in queries.into_iter().zip(out) {
        match sum {
            Sum::Squares => sums_of::<SQUARES>(rows, query, out),
            Sum::Absolute => sums_of::<ABSOLUTE>(rows, query, out),
            Sum::Largest => sums_of::<LARGEST>(rows, query, out),
        }
    }
}

fn sums_of<const SUM: u8>(rows: Groups<'_>, query: &[f32], out: &mut [f32]) {
    let groups = rows.lanes.chunks_exact(rows.width);
    for (group, out) in groups.zip(out.chunks_exact_mut(LANES)) {
        let mut sums = [0.0_f32; LANES];
        for (lanes, feature) in group.iter().zip(query) {
            for (sum, row) in sums.iter_mut().zip(lanes.0) {
                let apart = row - feature;
                *sum = match SUM {
                    SQUARES => *sum + apart * apart,
                    ABSOLUTE => *sum + apart.abs(),
                    _ if apart.abs() > *sum => apart.abs(),
                    _ => *sum,
                };
            }
        }
        out.copy_from_slice(&sums);
    }
}

pub(in super::super) fn within(values: &[f32], totals: &[f32], reach: Reach, out: &mut Vec<u32>) {
    within_from(0, values, totals, reach, out);
}

/// Adds `first` + the indices of all values within reach.
pub(super) fn within_from(
    first: u32,
    values: &[f32],
    totals: &[f32],
    reach: Reach,
    out: &mut Vec<u32>,
) {
    let found = (first..).zip(values.iter().zip(totals));
    let found = found.filter(|(_, (value, total))| reach.holds(**value, **total));
    out.extend(found.map(|(index, _)| index));
}
