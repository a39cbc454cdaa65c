//! Multiplication modulo an odd 64-bit number without division.
//!
//! Montgomery, "Modular multiplication without trial division", Mathematics of Computation 44 (1985): a
//! residue x stands as x·2^64 modulo n, and a product is brought back by two multiplications.

/// An odd modulus above 1, and what multiplying by it needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Montgomery {
    modulus: u64,
    /// The modulus times this is 1 modulo 2^64.
    inverse: u64,
    /// 1 in Montgomery form.
    one: u64,
}

impl Montgomery {
    /// For an odd modulus above 1.
    pub(super) fn new(modulus: u64) -> Self {
        Self {
            modulus,
            inverse: inverse(modulus),
            // 2^64 modulo n, of which n has already been taken once.
            one: modulus.wrapping_neg() % modulus,
        }
    }

    pub(super) fn one(self) -> u64 {
        self.one
    }

    pub(super) fn add(self, left: u64, right: u64) -> u64 {
        let (difference, is_below) = left.overflowing_sub(self.modulus - right);
        difference.wrapping_add(self.modulus & u64::from(is_below).wrapping_neg())
    }

    /// The product of two numbers below the modulus, one of them in Montgomery form or both.
    pub(super) fn multiply(self, left: u64, right: u64) -> u64 {
        let (low, high) = halves(u128::from(left) * u128::from(right));
        let (_, taken) =
            halves(u128::from(low.wrapping_mul(self.inverse)) * u128::from(self.modulus));
        let (difference, is_below) = high.overflowing_sub(taken);
        // No branch: it would be guessed wrongly every other time.
        difference.wrapping_add(self.modulus & u64::from(is_below).wrapping_neg())
    }
}

/// What an odd number has to be multiplied by to give 1 modulo 2^64.
pub(super) const fn inverse(odd: u64) -> u64 {
    // Three bits are right to begin with, and each step of Newton's doubles them.
    let mut inverse = odd;
    let mut step = 0;
    while step < 5 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        step += 1;
    }
    inverse
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the halves are what is wanted"
)]
const fn halves(wide: u128) -> (u64, u64) {
    (wide as u64, (wide >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Into Montgomery form by the definition.
    fn form(number: u64, modulus: u64) -> u64 {
        u64::try_from((u128::from(number) << 64) % u128::from(modulus)).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_computes_what_division_computes(
            modulus in prop_oneof![1..1_u64 << 20, u64::MAX - 1_000..u64::MAX, any::<u64>()],
            left: u64,
            right: u64,
        ) {
            let modulus = (modulus | 1).max(3);
            let (left, right) = (left % modulus, right % modulus);
            let by = Montgomery::new(modulus);
            prop_assert_eq!(modulus.wrapping_mul(inverse(modulus)), 1);
            prop_assert_eq!(by.one(), form(1, modulus));
            let sum = (u128::from(left) + u128::from(right)) % u128::from(modulus);
            prop_assert_eq!(u128::from(by.add(left, right)), sum);
            let product = u128::from(left) * u128::from(right) % u128::from(modulus);
            prop_assert_eq!(u128::from(by.multiply(form(left, modulus), right)), product);
        }
    }
}
