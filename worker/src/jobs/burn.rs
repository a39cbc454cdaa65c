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
#[inline(never)]
fn sum_of_odds(count: u64) -> u64 {
    let mut sum = 0_u64;
    for number in 0..count {
        sum = sum.wrapping_add(black_box(2 * number + 1));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_n_odd_numbers_add_up_to_the_square_of_n() {
        for count in [0, 1, 2, 1_000, 12_345] {
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
