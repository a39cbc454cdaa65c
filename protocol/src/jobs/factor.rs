//! Factor: numbers into their prime factors, many numbers a task.

use serde::{Deserialize, Serialize};

use crate::Task;

/// Finds the prime factors of each number of a chunk.
#[derive(Debug)]
pub struct FactorChunk;

impl Task for FactorChunk {
    const KIND: &'static str = "factor.chunk";
    type Input = Chunk;
    type Output = Factors;
}

/// How factors are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// By trying every divisor from 2 to the square root, then the same for the divisor and the quotient.
    Trial,
    /// By small primes and Pollard's rho, above 64 bits by Hart's and Shanks' methods too.
    Auto,
}

impl Method {
    /// About how long one number may take at worst, in nanoseconds: what chunks are measured by.
    #[must_use]
    pub fn worst_ns(self, number: u128) -> u64 {
        let bits = 128 - number.leading_zeros();
        let (shift, unit_ns, base_ns) = match (self, bits) {
            // A division for each divisor up to the square root; two registers wide it is dearer.
            (Self::Trial, ..=64) => (bits.div_ceil(2), 2, 50),
            (Self::Trial, _) => (bits.div_ceil(2), 20, 50),
            // Rho takes as many steps as the square root of the smaller factor.
            (Self::Auto, ..=26) => (0, 0, 500),
            (Self::Auto, ..=64) => (bits / 4, 8, 1_000),
            (Self::Auto, _) => (bits / 4, 50, 2_000),
        };
        base_ns + (unit_ns << shift.min(58))
    }
}

/// What one task is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// How to find the factors.
    pub method: Method,
    /// The numbers, each at least 1.
    pub numbers: Vec<u128>,
}

/// The prime factors of several numbers: two allocations, however many numbers there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factors {
    /// The factors of all numbers one after another, those of each number rising.
    primes: Vec<u128>,
    /// How many of them belong to each number. At most 127: so often 2 divides what fits in 128 bits.
    counts: Vec<u8>,
}

impl Factors {
    /// Room for so many numbers.
    #[must_use]
    pub fn with_capacity(numbers: usize) -> Self {
        Self {
            primes: Vec::with_capacity(numbers * 4),
            counts: Vec::with_capacity(numbers),
        }
    }

    /// Appends the factors of the next number.
    pub fn push(&mut self, primes: impl IntoIterator<Item = u128>) {
        let before = self.primes.len();
        self.primes.extend(primes);
        let count = self.primes.len() - before;
        self.counts.push(u8::try_from(count).unwrap_or(u8::MAX));
    }

    /// Of how many numbers these are the factors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there is no number.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The factors of each number, in the order of the numbers.
    ///
    /// ```
    /// use brigade_protocol::jobs::factor::Factors;
    ///
    /// let mut factors = Factors::default();
    /// factors.push([2, 2, 3]);
    /// factors.push([]);
    /// factors.push([7]);
    /// assert!(factors.iter().eq([&[2, 2, 3][..], &[], &[7]]));
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &[u128]> {
        let mut rest = &self.primes[..];
        self.counts.iter().map(move |&count| {
            // A peer may have sent counts that do not add up; it gets what there is.
            let (these, others) = rest.split_at(usize::from(count).min(rest.len()));
            rest = others;
            these
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_rises_with_the_number_and_never_overflows() {
        for method in [Method::Trial, Method::Auto] {
            let costs: Vec<u64> = (0..128).map(|bit| method.worst_ns(1 << bit)).collect();
            assert!(costs.is_sorted(), "{method:?} {costs:?}");
            assert!(method.worst_ns(u128::MAX) > 1_000_000_000);
            assert!(method.worst_ns(0) < 10_000);
        }
    }

    #[test]
    fn counts_that_do_not_add_up_harm_nobody() {
        let factors = Factors {
            primes: vec![2, 3],
            counts: vec![1, 200, 4],
        };
        assert!(factors.iter().eq([&[2][..], &[3], &[]]));
    }
}
