//! Whole numbers of any size, from two's complement to decimal digits.

use std::io::Write;

/// The longest number, in bytes, that is written in decimal: up to 4,300 digits, which is also where Python's own
/// `json.loads` stops. Its cost grows with the square of the length, so what is longer is written in
/// hexadecimal, as text.
pub(super) const MOST_DECIMAL: usize = 1785;

/// The largest power of ten in a word, and its digits.
const STEP: u64 = 10_000_000_000_000_000_000;
const STEP_DIGITS: usize = 19;

/// A number of up to eight bytes, the lowest first.
pub(super) fn small(bytes: &[u8]) -> Option<i64> {
    let Some(&highest) = bytes.last() else {
        return Some(0);
    };
    let fill = if highest & 0x80 == 0 { 0 } else { 0xff };
    let mut word = [fill; 8];
    word.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(i64::from_le_bytes(word))
}

/// The absolute value, as words, the lowest first, without zeros at the end; and whether it is negative.
fn magnitude(bytes: &[u8]) -> (Vec<u64>, bool) {
    let is_negative = bytes.last().is_some_and(|highest| highest & 0x80 != 0);
    let fill = if is_negative { 0xff } else { 0 };
    let mut words: Vec<u64> = bytes
        .chunks(8)
        .map(|chunk| {
            let mut word = [fill; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(word)
        })
        .collect();
    if is_negative {
        let mut carry = true;
        for word in &mut words {
            (*word, carry) = (!*word).overflowing_add(u64::from(carry));
        }
        if carry {
            words.push(1);
        }
    }
    while words.last() == Some(&0) {
        words.pop();
    }
    (words, is_negative)
}

/// Writes a number in decimal.
pub(super) fn write_decimal(bytes: &[u8], out: &mut Vec<u8>) {
    let (mut words, is_negative) = magnitude(bytes);
    let mut groups = Vec::with_capacity(words.len() + 1);
    while !words.is_empty() {
        let mut rest = 0;
        for word in words.iter_mut().rev() {
            let value = (u128::from(rest) << 64) | u128::from(*word);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the rest is below the divisor, so the quotient fits"
            )]
            {
                *word = (value / u128::from(STEP)) as u64;
                rest = (value % u128::from(STEP)) as u64;
            }
        }
        groups.push(rest);
        while words.last() == Some(&0) {
            words.pop();
        }
    }
    if is_negative {
        out.push(b'-');
    }
    // Writing to a vector does not fail.
    let mut groups = groups.into_iter().rev();
    let _ = write!(out, "{}", groups.next().unwrap_or(0));
    for group in groups {
        let _ = write!(out, "{group:0STEP_DIGITS$}");
    }
}

/// Writes a number in hexadecimal, as Python's `hex` does.
pub(super) fn write_hexadecimal(bytes: &[u8], out: &mut Vec<u8>) {
    let (words, is_negative) = magnitude(bytes);
    out.extend_from_slice(if is_negative { b"-0x" } else { b"0x" });
    let mut words = words.into_iter().rev();
    let _ = write!(out, "{:x}", words.next().unwrap_or(0));
    for word in words {
        let _ = write!(out, "{word:016x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        write_decimal(bytes, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn hexadecimal(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        write_hexadecimal(bytes, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_at_the_edges_of_words_are_exact() {
        assert_eq!(decimal(&[]), "0");
        assert_eq!(decimal(&[0; 20]), "0");
        assert_eq!(decimal(&[0xff; 20]), "-1");
        let mut two_to_64 = vec![0; 8];
        two_to_64.push(1);
        assert_eq!(decimal(&two_to_64), "18446744073709551616");
        let mut lowest = vec![0; 15];
        lowest.push(0x80);
        assert_eq!(decimal(&lowest), i128::MIN.to_string());
        assert_eq!(hexadecimal(&lowest), format!("-0x8{}", "0".repeat(31)));
    }

    #[test]
    fn the_longest_decimal_number_has_what_python_reads() {
        let mut largest = vec![0xff; MOST_DECIMAL];
        largest[MOST_DECIMAL - 1] = 0x7f;
        assert!(decimal(&largest).len() <= 4300);
    }

    proptest! {
        #[test]
        fn numbers_of_two_words_are_those_of_the_standard_library(number: i128) {
            prop_assert_eq!(decimal(&number.to_le_bytes()), number.to_string());
            let sign = if number < 0 { "-" } else { "" };
            let expected = format!("{sign}{:#x}", number.unsigned_abs());
            prop_assert_eq!(hexadecimal(&number.to_le_bytes()), expected);
        }

        #[test]
        fn small_numbers_are_extended_by_their_sign(number: i64, shift in 0_u32..64) {
            let number = number >> shift;
            for length in 1..=8 {
                let bytes = &number.to_le_bytes()[..length];
                let bits = 64 - 8 * length;
                prop_assert_eq!(small(bytes), Some(number << bits >> bits));
            }
        }
    }
}
