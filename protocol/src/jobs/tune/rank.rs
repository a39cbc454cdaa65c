//! The order of training rows, which breaks ties between equal distances: by the features one after another, then by the
//! name of the class.

use std::cmp::Ordering;

use crate::shm::Row;

/// Bytes of a row that its sorting key holds, beside the number of zeros before them.
const KEY_BYTES: usize = 6;

/// Sorts numbers of rows by the rows' features, then by the names of their classes.
///
/// ```
/// use brigade_protocol::{jobs::tune::rank, shm::Row};
///
/// let table: [[u8; 2]; 4] = [[3, 1], [0, 9], [3, 0], [0, 9]];
/// let names = ["b", "b", "a", "a"];
/// let mut rows = [0, 1, 2, 3];
/// rank(&mut rows, |row| Row::U8(&table[row as usize]), |row| names[row as usize]);
/// assert_eq!(rows, [3, 1, 2, 0]);
/// ```
pub fn rank<'a, 'b>(
    rows: &mut [u32],
    features: impl Fn(u32) -> Row<'a>,
    class_name: impl Fn(u32) -> &'b str,
) {
    let full = |one: u32, other: u32| {
        compare(features(one), features(other)).then_with(|| class_name(one).cmp(class_name(other)))
    };
    let mut keyed: Vec<(u64, u32)> = rows
        .iter()
        .map(|&row| (sorting_key(features(row)), row))
        .collect();
    keyed.sort_by(|one, other| one.0.cmp(&other.0).then_with(|| full(one.1, other.1)));
    for (row, (_, ranked)) in rows.iter_mut().zip(keyed) {
        *row = ranked;
    }
}

/// A number that is less for a row that comes before another, or the same: most rows need not be fetched to be compared.
/// In rows of bytes it is how soon the zeros at the beginning end, which most pictures have, and the six bytes there.
fn sorting_key(row: Row<'_>) -> u64 {
    let Row::U8(bytes) = row else { return 0 };
    // What is wider than this is compared in full.
    let Ok(width) = u16::try_from(bytes.len()) else {
        return 0;
    };
    let zeros = leading_zeros(bytes);
    let soon = u64::from(width) - zeros as u64;
    let next = bytes[zeros..].iter().copied().chain([0; KEY_BYTES]);
    next.take(KEY_BYTES)
        .fold(soon, |key, byte| key << 8 | u64::from(byte))
}

/// How many bytes at the beginning are zero.
fn leading_zeros(bytes: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    // A whole block at a time: without a branch inside, it takes an instruction or two.
    let is_zero = |block: &&[u8; BLOCK]| block.iter().fold(0, |all, byte| all | byte) == 0;
    let start = BLOCK * blocks.iter().take_while(is_zero).count();
    let rest = bytes[start..].iter().take_while(|byte| **byte == 0);
    start + rest.count()
}

/// Features one after another. Negative zero equals zero, as it does when numbers are compared.
fn compare(one: Row<'_>, other: Row<'_>) -> Ordering {
    if let (Row::U8(one), Row::U8(other)) = (one, other) {
        return one.cmp(other);
    }
    one.iter()
        .zip(other.iter())
        .map(|(one, other)| (one + 0.0).total_cmp(&(other + 0.0)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    #[test]
    fn zeros_are_counted_up_to_the_first_other_byte() {
        for width in [0, 1, 31, 32, 33, 100] {
            assert_eq!(leading_zeros(&vec![0; width]), width, "{width}");
            for at in 0..width {
                let mut row = vec![0; width];
                row[at..].fill(7);
                assert_eq!(leading_zeros(&row), at, "{width}");
            }
        }
    }

    proptest! {
        #[test]
        fn keys_never_contradict_the_order_of_rows(
            (one, other) in (1..20_usize).prop_flat_map(|width| {
                let row = || vec(prop_oneof![3 => Just(0_u8), 1 => Just(1), 1 => any::<u8>()], width);
                (row(), row())
            }),
        ) {
            let by_key = sorting_key(Row::U8(&one)).cmp(&sorting_key(Row::U8(&other)));
            prop_assert!(by_key.is_eq() || by_key == one.cmp(&other), "{one:?} {other:?}");
        }
    }
}
