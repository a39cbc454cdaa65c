//! Prime factors of numbers of 65 to 128 bits, in the manner of [`small`](super::small): small primes are tried, what is
//! left is split by Pollard's rho, and what fits in 64 bits goes the way of small numbers.

use num_prime::{PrimalityTestConfig, detail::SmallMint, nt_funcs};

use super::small;

/// How many odd primes are tried; those below [`small::NEXT`].
const TRIED: usize = small::TRIED;

/// An odd prime as a divisor, see [`small`]: modulo 2^128 here.
#[derive(Clone, Copy)]
struct Divisor {
    inverse: u128,
    most: u128,
}

static DIVISORS: [Divisor; TRIED] = divisors();

const fn divisors() -> [Divisor; TRIED] {
    let mut divisors = [Divisor {
        inverse: 0,
        most: 0,
    }; TRIED];
    let mut at = 0;
    while at < TRIED {
        let prime = small::LISTED[at].prime as u128;
        divisors[at] = Divisor {
            inverse: inverse(prime),
            most: u128::MAX / prime,
        };
        at += 1;
    }
    divisors
}

/// What an odd number has to be multiplied by to give 1 modulo 2^128.
const fn inverse(odd: u128) -> u128 {
    // Three bits are right to begin with, and each step of Newton's doubles them.
    let mut inverse = odd;
    let mut step = 0;
    while step < 6 {
        inverse = inverse.wrapping_mul(2_u128.wrapping_sub(odd.wrapping_mul(inverse)));
        step += 1;
    }
    inverse
}

/// Appends the prime factors of a number, rising. 0 has none.
pub(super) fn factor(number: u128, primes: &mut Vec<u128>) {
    if number == 0 {
        return;
    }
    let twos = number.trailing_zeros();
    primes.extend((0..twos).map(|_| 2));
    let mut rest = number >> twos;
    for (divisor, small) in DIVISORS.iter().zip(&small::DIVISORS) {
        let mut quotient = rest.wrapping_mul(divisor.inverse);
        while quotient <= divisor.most {
            primes.push(small.prime.into());
            rest = quotient;
            quotient = rest.wrapping_mul(divisor.inverse);
        }
    }
    if rest > 1 {
        let first = primes.len();
        split(rest, primes);
        primes[first..].sort_unstable();
    }
}

/// Appends the prime factors of an odd number above 1 that no small prime divides, in any order.
fn split(number: u128, primes: &mut Vec<u128>) {
    if let Ok(small) = u64::try_from(number) {
        small::split(small, primes);
        return;
    }
    if is_prime(number) {
        primes.push(number);
        return;
    }
    // Rho meets both factors of a square at once, again and again.
    let root = number.isqrt();
    let divisor = if root * root == number {
        root
    } else {
        divisor_of(number)
    };
    split(divisor, primes);
    split(number / divisor, primes);
}

/// By Baillie, Pomerance, Selfridge and Wagstaff's test, of which no error is known.
fn is_prime(number: u128) -> bool {
    let test = PrimalityTestConfig::bpsw();
    nt_funcs::is_prime(&SmallMint::from(number), Some(test)).probably()
}

/// A divisor, neither 1 nor the number itself, of an odd composite number.
fn divisor_of(number: u128) -> u128 {
    let by = Montgomery::new(number);
    // Rho fails only if it meets itself modulo all factors at once; then another step function is tried.
    let mut addend = by.one;
    loop {
        let divisor = rho(by, addend);
        if divisor != number {
            return divisor;
        }
        addend = by.add(addend, by.one);
    }
}

/// Differences that are multiplied before a common divisor is looked for.
const AT_ONCE: u64 = 256;

/// The first common divisor above 1 that x ← x² + `addend` comes upon, which may be the number itself.
fn rho(by: Montgomery, addend: u128) -> u128 {
    let number = by.modulus;
    let step = |x| by.add(by.multiply(x, x), addend);
    let mut walker = addend;
    let mut length = 64;
    loop {
        let saved = walker;
        let mut done = 0;
        while done < length {
            let (began, count) = (walker, AT_ONCE.min(length - done));
            let mut product = by.one;
            for _ in 0..count {
                walker = step(walker);
                product = by.multiply(product, saved.abs_diff(walker));
            }
            // A product of 0 has the number itself as the common divisor.
            match common_divisor(product, number) {
                1 => {}
                divisor if divisor != number => return divisor,
                _ => {
                    let mut walker = began;
                    loop {
                        walker = step(walker);
                        let divisor = common_divisor(saved.abs_diff(walker), number);
                        if divisor != 1 {
                            return divisor;
                        }
                    }
                }
            }
            done += count;
        }
        length *= 2;
    }
}

/// The greatest common divisor with an odd number, by subtraction and shifts (Stein 1967).
fn common_divisor(mut left: u128, odd: u128) -> u128 {
    let mut right = odd;
    if left == 0 {
        return right;
    }
    left >>= left.trailing_zeros();
    while left != right {
        let difference = left.abs_diff(right);
        right = left.min(right);
        left = difference >> difference.trailing_zeros();
    }
    left
}

/// Multiplication modulo an odd number without division, see [`montgomery`](super::montgomery): a residue x stands as
/// x·2^128.
#[derive(Debug, Clone, Copy)]
struct Montgomery {
    modulus: u128,
    /// The modulus times this is 1 modulo 2^128.
    inverse: u128,
    /// 1 in Montgomery form.
    one: u128,
}

impl Montgomery {
    /// For an odd modulus above 1.
    fn new(modulus: u128) -> Self {
        Self {
            modulus,
            inverse: inverse(modulus),
            one: modulus.wrapping_neg() % modulus,
        }
    }

    #[inline]
    fn add(self, left: u128, right: u128) -> u128 {
        let (difference, is_below) = left.overflowing_sub(self.modulus - right);
        difference.wrapping_add(self.modulus & u128::from(is_below).wrapping_neg())
    }

    #[inline]
    fn multiply(self, left: u128, right: u128) -> u128 {
        let (low, high) = product(left, right);
        let (_, taken) = product(low.wrapping_mul(self.inverse), self.modulus);
        let (difference, is_below) = high.overflowing_sub(taken);
        // No branch: it would be guessed wrongly every other time.
        difference.wrapping_add(self.modulus & u128::from(is_below).wrapping_neg())
    }
}

/// The lower and the upper half of a product.
#[inline]
fn product(left: u128, right: u128) -> (u128, u128) {
    const LOW: u128 = u64::MAX as u128;
    let (left_low, left_high) = (left & LOW, left >> 64);
    let (right_low, right_high) = (right & LOW, right >> 64);
    let (low, high) = (left_low * right_low, left_high * right_high);
    let (one, other) = (left_low * right_high, left_high * right_low);
    let middle = (low >> 64) + (one & LOW) + (other & LOW);
    (
        middle << 64 | low & LOW,
        high + (one >> 64) + (other >> 64) + (middle >> 64),
    )
}

#[cfg(test)]
mod tests {
    use num_prime::nt_funcs::factorize128;
    use proptest::prelude::*;

    use super::*;

    fn primes_of(number: u128) -> Vec<u128> {
        let mut primes = Vec::new();
        factor(number, &mut primes);
        primes
    }

    /// What num-prime finds by its own methods.
    fn expected(number: u128) -> Vec<u128> {
        let powers = factorize128(number).into_iter();
        powers
            .flat_map(|(prime, times)| std::iter::repeat_n(prime, times))
            .collect()
    }

    #[test]
    fn numbers_that_methods_stumble_over() {
        let largest_32 = 4_294_967_291_u128;
        for number in [
            u128::MAX,
            1 << 127,
            (1 << 127) - 1,
            u128::from(u64::MAX) + 2,
            largest_32.pow(4),
            largest_32.pow(3),
            largest_32.pow(3) * 1_021,
            4_294_967_279 * largest_32 * 65_537,
            1_000_003_u128.pow(6),
            18_446_744_073_709_551_557 * 1_031,
            // Strong pseudoprimes to the first primes.
            318_665_857_834_031_151_167_461,
            3_317_044_064_679_887_385_961_981,
        ] {
            let primes = primes_of(number);
            assert_eq!(primes.iter().product::<u128>(), number);
            assert!(primes.is_sorted());
            for prime in primes {
                assert!(is_prime(prime), "{prime} of {number}");
            }
        }
        assert_eq!(primes_of(0), []);
        assert_eq!(
            primes_of(18_446_744_073_709_551_557_u128.pow(2)),
            [18_446_744_073_709_551_557; 2]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        #[test]
        fn factors_are_those_that_num_prime_finds(a in 1..u64::MAX, b in 1..u32::MAX) {
            let number = u128::from(a) * u128::from(b);
            prop_assert_eq!(primes_of(number), expected(number));
        }

        #[test]
        fn products_are_computed_as_by_halves(left: u128, right: u128, modulus: u128) {
            let (low, high) = product(left, right);
            prop_assert_eq!(low, left.wrapping_mul(right));
            // Modulo 2^64 − 1 and a small prime, where halves can be put together again.
            for by in [u128::from(u64::MAX), 1_000_003] {
                let whole = (high % by) * (((1_u128 << 64) % by).pow(2) % by) % by;
                prop_assert_eq!((whole + low % by) % by, (left % by) * (right % by) % by);
            }
            let modulus = (modulus | 1).max(3);
            let by = Montgomery::new(modulus);
            prop_assert_eq!(modulus.wrapping_mul(by.inverse), 1);
            // 1 stays 1, and what is multiplied by it stays itself.
            let left = left % modulus;
            prop_assert_eq!(by.multiply(left, by.one), left);
            let right = right % modulus;
            let sum = by.add(left, right);
            prop_assert!(sum < modulus && (sum == left.wrapping_add(right) || sum == left.wrapping_add(right).wrapping_sub(modulus)));
        }
    }
}
