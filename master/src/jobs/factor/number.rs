//! Numbers as people write them.

use crate::unseen;

/// Longer words are cut in messages.
const SHOWN: usize = 60;

/// Why a word is no number that has prime factors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NumberError {
    #[error("0 has no prime factors: expected a number from 1 on")]
    Zero,
    #[error("`{0}` is negative: expected a number from 1 on")]
    Negative(String),
    #[error("`{0}` is too large: the largest number is {max}, 2^128 - 1", max = u128::MAX)]
    TooLarge(String),
    #[error("`{0}` is no whole number: expected digits only, such as 360")]
    NotANumber(String),
}

/// The number that a word stands for. A plus sign is allowed, as `factor` does.
pub(super) fn parse(word: &[u8]) -> Result<u128, NumberError> {
    let (is_negative, digits) = match word {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NumberError::NotANumber(shown(word)));
    }
    if is_negative {
        return Err(NumberError::Negative(shown(word)));
    }
    match value(digits) {
        Some(0) => Err(NumberError::Zero),
        Some(number) => Ok(number),
        None => Err(NumberError::TooLarge(shown(word))),
    }
}

fn value(digits: &[u8]) -> Option<u128> {
    /// As many digits always fit in 64 bits.
    const SAFE: usize = 19;
    if digits.len() <= SAFE {
        let add = |sum: u64, digit: &u8| sum * 10 + u64::from(digit - b'0');
        return Some(u128::from(digits.iter().fold(0, add)));
    }
    digits.iter().try_fold(0_u128, |sum, digit| {
        sum.checked_mul(10)?.checked_add(u128::from(digit - b'0'))
    })
}

fn shown(word: &[u8]) -> String {
    unseen::shown(&String::from_utf8_lossy(word), SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_size_are_read() {
        for number in [
            1,
            7,
            10u128.pow(18),
            u128::from(u64::MAX),
            1 << 64,
            u128::MAX,
        ] {
            assert_eq!(parse(number.to_string().as_bytes()), Ok(number));
        }
        assert_eq!(parse(b"+12"), Ok(12));
        assert_eq!(
            parse(b"000000000000000000000000000000000000000000000012"),
            Ok(12)
        );
    }

    #[test]
    fn everything_else_is_told_apart() {
        let message = |word: &str| parse(word.as_bytes()).unwrap_err().to_string();
        assert!(message("0").contains("0 has no prime factors"));
        assert!(message("00").contains("0 has no prime factors"));
        assert!(message("-12").contains("`-12` is negative"));
        assert!(message("340282366920938463463374607431768211456").contains("is too large"));
        for word in [
            "",
            "-",
            "+",
            "1.5",
            "1e9",
            "twelve",
            "12a",
            "+-1",
            "\u{1b}[2J",
        ] {
            let message = message(word);
            assert!(message.contains("is no whole number"), "{message}");
            assert!(!message.contains('\u{1b}'));
        }
        assert!(message(&"x".repeat(10_000)).len() < 300);
    }
}
