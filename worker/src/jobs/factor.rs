//! Factor: prime factors, by the chapter's brute force or by the methods of the field.

mod montgomery;
mod small;
mod wide;

use brigade_protocol::jobs::factor::{Chunk, FactorChunk, Factors, Method};

use crate::{Registry, TaskError};

pub(super) fn register(registry: &mut Registry) {
    registry.register::<FactorChunk, _>(|chunk, _| factor(&chunk));
}

/// Finds the prime factors of each number of the chunk.
///
/// # Errors
/// When a number is 0, which has none.
///
/// ```
/// use brigade_protocol::jobs::factor::{Chunk, Method};
/// use brigade_worker::jobs::factor::factor;
///
/// let chunk = Chunk { method: Method::Auto, numbers: vec![12, 1, 97] };
/// assert!(factor(&chunk)?.iter().eq([&[2, 2, 3][..], &[], &[97]]));
/// # Ok::<(), brigade_worker::TaskError>(())
/// ```
pub fn factor(chunk: &Chunk) -> Result<Factors, TaskError> {
    let mut factors = Factors::with_capacity(chunk.numbers.len());
    let mut primes = Vec::with_capacity(128);
    for &number in &chunk.numbers {
        if number == 0 {
            return Err("0 has no prime factors; give numbers from 1 on".into());
        }
        match (chunk.method, u64::try_from(number)) {
            (Method::Auto, Ok(small)) => small::factor(small, &mut primes),
            (Method::Auto, Err(_)) => wide::factor(number, &mut primes),
            (Method::Trial, _) => divide_large(number, &mut primes),
        }
        factors.push(primes.drain(..));
    }
    Ok(factors)
}

/// The chapter's recursion: 2 and 3 are prime; the first divisor from 2 to the rounded-up root, and what it
/// leaves, are divided further; a number without one is prime.
fn divide_small(number: u64, primes: &mut Vec<u64>) {
    if number <= 3 {
        primes.extend((number > 1).then_some(number));
        return;
    }
    let floor = number.isqrt();
    let root = floor + u64::from(floor * floor < number);
    match (2..=root).find(|&divisor| number.is_multiple_of(divisor)) {
        Some(divisor) => {
            divide_small(divisor, primes);
            divide_small(number / divisor, primes);
        }
        None => primes.push(number),
    }
}

/// The same for what does not fit in 64 bits. Long before a prime of that size is found to be one, somebody
/// will have lost patience: brute force is what it is.
fn divide_large(number: u128, primes: &mut Vec<u128>) {
    if let Ok(small) = u64::try_from(number) {
        let mut parts = Vec::new();
        divide_small(small, &mut parts);
        primes.extend(parts.into_iter().map(u128::from));
        return;
    }
    let floor = number.isqrt();
    let root = floor + u128::from(floor.checked_mul(floor) != Some(number));
    match (2..=root).find(|&divisor| number.is_multiple_of(divisor)) {
        Some(divisor) => {
            divide_large(divisor, primes);
            divide_large(number / divisor, primes);
        }
        None => primes.push(number),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn primes_of(method: Method, number: u128) -> Vec<u128> {
        let numbers = vec![number];
        let factors = factor(&Chunk { method, numbers }).unwrap();
        factors.iter().next().unwrap().to_vec()
    }

    /// As simple as can be: whether anything from 2 on divides it.
    fn is_prime(number: u128) -> bool {
        number > 1 && (2..=number.isqrt()).all(|divisor| !number.is_multiple_of(divisor))
    }

    #[test]
    fn small_numbers_by_both_methods() {
        for number in 1..5_000_u128 {
            let trial = primes_of(Method::Trial, number);
            assert_eq!(trial, primes_of(Method::Auto, number), "{number}");
            assert_eq!(trial.iter().product::<u128>(), number);
            assert!(trial.is_sorted() && trial.iter().all(|&p| is_prime(p)));
        }
    }

    #[test]
    fn zero_is_refused() {
        let (method, numbers) = (Method::Auto, vec![6, 0]);
        let error = factor(&Chunk { method, numbers }).unwrap_err();
        assert!(error.to_string().contains("from 1 on"), "{error}");
    }

    #[test]
    fn the_largest_of_each_width() {
        let million_and_three = 1_000_003_u128;
        for (number, expected) in [
            (
                u128::from(u64::MAX),
                vec![3, 5, 17, 257, 641, 65_537, 6_700_417],
            ),
            ((1 << 61) - 1, vec![(1 << 61) - 1]),
            (u128::from(u64::MAX) + 1, vec![2; 64]),
            (1 << 127, vec![2; 127]),
            ((1 << 127) - 1, vec![(1 << 127) - 1]),
            (million_and_three.pow(6), vec![million_and_three; 6]),
            (
                u128::MAX,
                vec![
                    3,
                    5,
                    17,
                    257,
                    641,
                    65_537,
                    274_177,
                    6_700_417,
                    67_280_421_310_721,
                ],
            ),
        ] {
            assert_eq!(primes_of(Method::Auto, number), expected, "{number}");
        }
        // Squares at the edge, where a root that is rounded wrongly shows.
        assert_eq!(primes_of(Method::Trial, 65_537 * 65_537), [65_537; 2]);
        assert_eq!(primes_of(Method::Trial, 1 << 80), [2; 80]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn factors_are_prime_and_multiply_to_the_number(number in 1..1_u128 << 34) {
            let primes = primes_of(Method::Auto, number);
            prop_assert_eq!(primes.iter().product::<u128>(), number);
            prop_assert!(primes.is_sorted());
            prop_assert!(primes.iter().all(|&p| is_prime(p)));
            prop_assert_eq!(primes, primes_of(Method::Trial, number));
        }

        #[test]
        fn large_numbers_are_the_product_of_their_factors(a in 1..u64::MAX, b in 1..1_u64 << 32) {
            let number = u128::from(a) * u128::from(b);
            let primes = primes_of(Method::Auto, number);
            prop_assert_eq!(primes.iter().product::<u128>(), number);
            for prime in primes {
                prop_assert_eq!(primes_of(Method::Auto, prime), vec![prime]);
            }
        }
    }
}
