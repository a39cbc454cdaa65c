//! Prime factors of numbers that fit in 64 bits: where nearly all the time of `master factor` goes.
//!
//! Small primes are tried; what is left is split by Pollard's rho as Brent has it ("An improved Monte Carlo
//! factorization algorithm", BIT 20, 1980) until num-prime says that it is prime, which is proved below 2^64.
//! num-prime's own `factorize64` tries all primes below 8,167 first and then several methods in turn. It takes
//! over twice as long on numbers of nine digits, five times on products of two primes of 32 bits, and nine times on
//! random numbers of 64 bits.

use num_prime::nt_funcs::is_prime64;

use super::montgomery::{Montgomery, inverse};

/// How many odd primes are tried.
pub(super) const TRIED: usize = 170;

/// The prime after those tried: what they do not divide is prime if it is below the square of this.
const NEXT: u64 = 1_021;

/// An odd prime as a divisor: n is a multiple exactly if n·inverse, modulo 2^64, is no more than `most`, and
/// that product is then the quotient.
#[derive(Clone, Copy)]
pub(super) struct Divisor {
    pub(super) prime: u64,
    inverse: u64,
    most: u64,
}

pub(super) static DIVISORS: [Divisor; TRIED] = LISTED;
pub(super) const LISTED: [Divisor; TRIED] = divisors();

const fn divisors() -> [Divisor; TRIED] {
    let mut divisors = [Divisor {
        prime: 0,
        inverse: 0,
        most: 0,
    }; TRIED];
    let (mut found, mut candidate) = (0, 3_u64);
    while found < TRIED {
        let mut smaller = 3;
        while smaller < candidate && !candidate.is_multiple_of(smaller) {
            smaller += 2;
        }
        if smaller == candidate {
            divisors[found] = Divisor {
                prime: candidate,
                inverse: inverse(candidate),
                most: u64::MAX / candidate,
            };
            found += 1;
        }
        candidate += 2;
    }
    divisors
}

/// Appends the prime factors of a number, rising. 0 and 1 have none.
pub(super) fn factor(number: u64, primes: &mut Vec<u128>) {
    if number == 0 {
        return;
    }
    let twos = number.trailing_zeros();
    primes.extend((0..twos).map(|_| 2));
    let mut rest = number >> twos;
    for divisor in &DIVISORS {
        let mut quotient = rest.wrapping_mul(divisor.inverse);
        while quotient <= divisor.most {
            primes.push(divisor.prime.into());
            rest = quotient;
            quotient = rest.wrapping_mul(divisor.inverse);
        }
        if divisor.prime * divisor.prime > rest {
            break;
        }
    }
    if rest > 1 {
        let first = primes.len();
        split(rest, primes);
        primes[first..].sort_unstable();
    }
}

/// Appends the prime factors of an odd number above 1, in any order. None is below [`NEXT`] if the number is
/// not below its square.
pub(super) fn split(number: u64, primes: &mut Vec<u128>) {
    if number < NEXT * NEXT || is_prime64(number) {
        primes.push(number.into());
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

/// A divisor, neither 1 nor the number itself, of an odd composite number.
fn divisor_of(number: u64) -> u64 {
    let by = Montgomery::new(number);
    // Rho fails only if it meets itself modulo all factors at once; then another step function is tried.
    let mut addend = by.one();
    loop {
        let divisor = rho(number, by, addend);
        if divisor != number {
            return divisor;
        }
        addend = by.add(addend, by.one());
    }
}

/// The first common divisor above 1 that x ← x² + `addend` comes upon, which may be the number itself.
fn rho(number: u64, by: Montgomery, addend: u64) -> u64 {
    // Fewer differences a time cost more common divisors; more cost steps after the one that would have done.
    // For the same reason the first stretch is not of one step, as with Brent, but of 16.
    let most_at_once = if number >> 40 == 0 { 32 } else { 128 };
    let step = |x| by.add(by.multiply(x, x), addend);
    let mut walker = addend;
    let mut length = 16_u64;
    loop {
        let saved = walker;
        let mut done = 0;
        while done < length {
            let (began, count) = (walker, most_at_once.min(length - done));
            let mut product = by.one();
            for _ in 0..count {
                walker = step(walker);
                product = by.multiply(product, saved.abs_diff(walker));
            }
            // A product of 0 has the number itself as the common divisor.
            match common_divisor(product, number) {
                1 => {}
                divisor if divisor != number => return divisor,
                _ => return one_by_one(number, saved, began, step),
            }
            done += count;
        }
        length *= 2;
    }
}

/// The same, with a common divisor for each difference: where the product of several had all factors.
fn one_by_one(number: u64, saved: u64, mut walker: u64, step: impl Fn(u64) -> u64) -> u64 {
    loop {
        walker = step(walker);
        let divisor = common_divisor(saved.abs_diff(walker), number);
        if divisor != 1 {
            return divisor;
        }
    }
}

/// The greatest common divisor with an odd number, by subtraction and shifts (Stein 1967).
fn common_divisor(mut left: u64, odd: u64) -> u64 {
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

#[cfg(test)]
mod tests {
    use num_prime::nt_funcs::factorize64;
    use proptest::prelude::*;

    use super::*;

    fn primes_of(number: u64) -> Vec<u128> {
        let mut primes = Vec::new();
        factor(number, &mut primes);
        primes
    }

    /// What num-prime finds by its own methods.
    fn expected(number: u64) -> Vec<u128> {
        let powers = factorize64(number).into_iter();
        powers
            .flat_map(|(prime, times)| std::iter::repeat_n(u128::from(prime), times))
            .collect()
    }

    /// The first prime from here on.
    fn prime_from(number: u32) -> u64 {
        (u64::from(number)..1 << 33)
            .find(|&n| is_prime64(n))
            .unwrap()
    }

    #[test]
    fn the_divisors_are_all_odd_primes_below_the_next() {
        let tried: Vec<u64> = DIVISORS.iter().map(|divisor| divisor.prime).collect();
        let primes: Vec<u64> = (3..NEXT).filter(|&n| is_prime64(n)).collect();
        assert_eq!(tried, primes);
        assert!(is_prime64(NEXT));
    }

    #[test]
    fn every_number_up_to_the_squares_of_the_divisors_and_beyond() {
        for number in 1..1_050_000 {
            assert_eq!(primes_of(number), expected(number), "{number}");
        }
        assert_eq!(primes_of(0), []);
    }

    #[test]
    fn numbers_that_methods_stumble_over() {
        let largest_32 = 4_294_967_291;
        for number in [
            u64::MAX,
            u64::MAX - 58,
            1 << 63,
            // Squares, cubes and fourth powers of primes.
            NEXT * NEXT,
            65_537 * 65_537,
            largest_32 * largest_32,
            largest_32 * 4_294_967_279,
            2_642_239_u64.pow(3),
            65_521_u64.pow(4),
            // Carmichael numbers, and strong pseudoprimes to many bases.
            561,
            294_409,
            56_052_361,
            118_901_521,
            172_947_529,
            3_215_031_751,
            3_825_123_056_546_413_051,
            // A product of primes just above those tried.
            1_021 * 1_031 * 1_033 * 1_039 * 1_049 * 1_051,
        ] {
            assert_eq!(primes_of(number), expected(number), "{number}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn factors_are_prime_rise_and_multiply_to_the_number(number in 1..u64::MAX, shift in 0..64_u32) {
            let number = (number >> shift).max(1);
            let primes = primes_of(number);
            prop_assert_eq!(primes.iter().product::<u128>(), u128::from(number));
            prop_assert!(primes.is_sorted());
            prop_assert!(primes.iter().all(|&prime| is_prime64(u64::try_from(prime).unwrap())));
        }

        #[test]
        fn products_of_two_primes_and_their_squares(a in 2..u32::MAX - 5, b in 2..u32::MAX - 5, shift in 0..24_u32) {
            let (small, large) = (prime_from((a >> shift).max(2)), prime_from(b));
            let mut both = [u128::from(small), u128::from(large)];
            both.sort_unstable();
            prop_assert_eq!(primes_of(small * large), both);
            prop_assert_eq!(primes_of(small * small), [u128::from(small); 2]);
        }
    }
}
