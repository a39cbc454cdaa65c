//! Burn: a sum that the optimiser must not foresee.

use std::{hint::black_box, process, time::Instant};

use brigade_protocol::jobs::burn::{Burn, Burned};

use crate::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.register::<Burn, _>(|count, _| Ok(burn(count)));
}

/// Adds up the first `count` odd numbers, and says where and how long.
#[must_use]
pub fn burn(count: u64) -> Burned {
    let began = Instant::now();
    let sum = sum_of_odds(count);
    Burned {
        pid: process::id(),
        sum,
        took: began.elapsed(),
    }
}

/// The sum of 2i + 1 for i below `count`, modulo 2⁶⁴, by as many additions.
///
/// Left alone, the compiler finds the closed form and returns it at once; what passes through `black_box` it
/// knows nothing about, so every number is really made and added.
///
/// Many steps make one turn of the loop. A turn of a single step takes twice as long where it happens to lie across two
/// lines of the cache, which the linker decides, and not in the same way for every executable: processes and threads
/// could not be compared.
#[inline(never)]
fn sum_of_odds(count: u64) -> u64 {
    const STEPS: u64 = 16;
    let odd = |number: u64| black_box(2 * number + 1);
    let mut sum = 0_u64;
    let turns = count / STEPS;
    for first in (0..turns).map(|turn| turn * STEPS) {
        for step in 0..STEPS {
            sum = sum.wrapping_add(odd(first + step));
        }
    }
    (turns * STEPS..count).fold(sum, |sum, number| sum.wrapping_add(odd(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_n_odd_numbers_add_up_to_the_square_of_n() {
        for count in [0, 1, 2, 15, 16, 17, 1_000, 12_345] {
            assert_eq!(burn(count).sum, Burned::expected(count), "{count}");
        }
    }

    #[test]
    fn every_number_is_added_so_a_thousand_times_the_work_takes_far_longer() {
        let time = |count| (0..5).map(|_| burn(count).took).min().unwrap();
        let (little, much) = (time(20_000), time(20_000_000));
        assert!(much > 100 * little, "{little:?} and {much:?}");
    }
}
