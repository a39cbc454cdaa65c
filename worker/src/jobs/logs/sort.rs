//! Two ways to sort that nobody uses, because they take their time.

use brigade_protocol::jobs::logs::Sorter;

/// Sorts, and returns how many steps that took.
pub(super) fn sort(numbers: &mut [f64], sorter: Sorter) -> u64 {
    match sorter {
        Sorter::Bogo => bogo(numbers),
        Sorter::Gnome => gnome(numbers),
    }
}

/// Tries the permutations in the order of their positions; returns how many it tried.
fn bogo(numbers: &mut [f64]) -> u64 {
    let original = numbers.to_vec();
    let mut positions: Vec<usize> = (0..numbers.len()).collect();
    let mut tried = 1;
    while !positions
        .iter()
        .map(|position| original[*position])
        .is_sorted()
    {
        if !permute(&mut positions) {
            // All have been tried: there is a number that is none.
            break;
        }
        tried += 1;
    }
    for (number, position) in numbers.iter_mut().zip(positions) {
        *number = original[position];
    }
    tried
}

/// Goes on to the next permutation in lexicographic order; whether there is one.
fn permute(positions: &mut [usize]) -> bool {
    let Some(last_rise) = positions.windows(2).rposition(|pair| pair[0] < pair[1]) else {
        return false;
    };
    let Some(next) = positions
        .iter()
        .rposition(|other| *other > positions[last_rise])
    else {
        return false;
    };
    positions.swap(last_rise, next);
    positions[last_rise + 1..].reverse();
    true
}

/// Goes forward over neighbours in order, and back with one that is not; returns how many places it looked at.
fn gnome(numbers: &mut [f64]) -> u64 {
    let (mut at, mut steps) = (1, 0);
    while at < numbers.len() {
        steps += 1;
        if at == 0 || numbers[at - 1] <= numbers[at] || numbers[at].is_nan() {
            at += 1;
        } else {
            numbers.swap(at - 1, at);
            at -= 1;
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steps_are_those_of_the_permutations_in_order() {
        let steps = |numbers: &[f64]| bogo(&mut numbers.to_vec());
        assert_eq!(steps(&[]), 1);
        assert_eq!(steps(&[1.0, 2.0, 3.0]), 1);
        assert_eq!(steps(&[1.0, 3.0, 2.0]), 2);
        // 012, 021, 102, 120, 201, 210.
        assert_eq!(steps(&[3.0, 2.0, 1.0]), 6);
    }

    proptest! {
        #[test]
        fn both_sort(mut numbers in prop::collection::vec(-1e9..1e9_f64, 0..8)) {
            let mut expected = numbers.clone();
            expected.sort_by(f64::total_cmp);
            let mut others = numbers.clone();
            bogo(&mut numbers);
            prop_assert_eq!(&numbers, &expected);
            gnome(&mut others);
            prop_assert_eq!(&others, &expected);
        }
    }
}
