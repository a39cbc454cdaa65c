use proptest::{collection::vec, prelude::*};

use super::*;

#[test]
fn images_are_cut_into_squares() {
    let grouping = Grouping::squares(784, 1).unwrap();
    assert_eq!((grouping.groups, grouping.divisor), (49, 16));
    assert_eq!(grouping.bands.len(), 7);
    assert_eq!(grouping.bands[6].lines, 4);
    assert_eq!(grouping.bands[6].runs.last(), Some(&(28, 48)));
    let grouping = Grouping::squares(3072, 3).unwrap();
    assert_eq!((grouping.groups, grouping.divisor), (48, 64));
    assert_eq!(Grouping::squares(783, 1), None);
    assert_eq!(Grouping::squares(64, 1).unwrap().divisor, 1);
}

#[test]
fn every_sum_is_divided_without_a_rest() {
    // The widest table there is, cut into 64 runs.
    for divisor in [1, 2, 3, 7, 16, 48, 255, 256, 511, 517] {
        let grouping = Grouping {
            bands: Vec::new(),
            line: 1,
            groups: 1,
            divisor,
        };
        for sum in 0..=divisor * 255 {
            assert_eq!(
                u32::from(grouping.quotient(sum)),
                sum / divisor,
                "{sum} {divisor}"
            );
        }
    }
}

/// A row's sums by group, one feature after another.
fn plain(row: &[u8], group: impl Fn(usize) -> usize) -> [u32; BLOCK] {
    let mut sums = [0; BLOCK];
    for (at, &byte) in row.iter().enumerate() {
        sums[group(at)] += u32::from(byte);
    }
    sums
}

proptest! {
    #[test]
    fn groups_of_squares_are_added_up_whatever_their_lines(
        (side, row) in (2..40_usize).prop_flat_map(|side| (Just(side), vec(any::<u8>(), side * side))),
    ) {
        let grouping = Grouping::squares(row.len(), 1).unwrap();
        let across = (1..=side).rev().find(|across| across * across <= BLOCK).unwrap();
        let block = side.div_ceil(across);
        let across = side.div_ceil(block);
        let sums = plain(&row, |at| at / side / block * across + at % side / block);
        prop_assert_eq!(&grouping.sketch(&row)[..], &sums.map(|sum| grouping.quotient(sum))[..]);
        let grouping = Grouping::runs(row.len());
        let sums = plain(&row, |at| at * BLOCK / row.len());
        prop_assert_eq!(&grouping.sketch(&row)[..], &sums.map(|sum| grouping.quotient(sum))[..]);
    }

    #[test]
    fn runs_are_added_up(run in vec(any::<u8>(), 0..70)) {
        prop_assert_eq!(run_sum(&run), run.iter().map(|&byte| u32::from(byte)).sum::<u32>());
    }

    #[test]
    fn a_bound_is_never_above_the_distance(rows in (1..900_usize).prop_flat_map(|width| vec(vec(any::<u8>(), width), 2..4))) {
        let exact = rows[0].iter().zip(&rows[1]).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        for grouping in [Some(Grouping::runs(rows[0].len())), Grouping::squares(rows[0].len(), 1)].into_iter().flatten() {
            let apart = Level::Portable.difference(&[grouping.sketch(&rows[0])], &[grouping.sketch(&rows[1])]);
            prop_assert!(grouping.bound(apart) <= exact);
            // Whoever is nearer than a limit has a sketch below the sketch's limit.
            prop_assert!(apart < grouping.limit(exact + 1));
        }
    }
}
